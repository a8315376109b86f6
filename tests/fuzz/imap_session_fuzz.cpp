// A whole conversation: no crash, whole lines out, bounded output, each message whole or none.
#include "../codec/imap/server_harness.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  imap::ServerRules rules;
  rules.hostname = "mail.example.org";
  rules.offer_starttls = (data[0] & 1) != 0;
  rules.auth_without_tls = (data[0] & 2) != 0;
  if ((data[0] & 4) != 0) {
    rules.offered.remove(imap::Capability::literal_plus);
  }
  rules.message_octets_max = 200;
  imap::ServerHarness server(rules, {.tls = (data[0] & 8) != 0, .bindings = {}});
  if ((data[0] & 16) != 0) {
    server.feed("L LOGIN user@example.org pencil\r\n");
  }
  const std::size_t step = 1 + data[1];
  std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!octets.empty() && !server.closed) {
    const std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    server.feed(piece);
    if (server.awaits_tls) {
      server.finish_tls();
    }
    const std::string out = server.take_output();
    check(out.empty() || out.ends_with("\r\n"), "a response without its end");
    check(out.size() < 1024 * 1024, "output without bound");
  }
  for (const imap::AppendedMessage& message : server.messages) {
    check(message.octets.size() <= 200 && !message.octets.empty(), "a message past its limit");
  }
  return 0;
}
