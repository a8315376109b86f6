// A whole conversation: no crash, whole lines out, as many messages as answers "queued".
#include "../codec/smtp/server_harness.hpp"

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
  smtp::ServerRules rules;
  rules.hostname = "mail.example.org";
  rules.offer_auth = rules.offer_starttls = (data[0] & 1) != 0;
  rules.auth_without_tls = (data[0] & 2) != 0;
  rules.senders = (data[0] & 4) != 0 ? smtp::Senders::anyone : smtp::Senders::trusted;
  rules.message_octets_max = 200;
  smtp::ServerHarness server(rules, {.trusted = (data[0] & 8) != 0});
  const std::size_t step = 1 + data[1];
  std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string all;
  while (!octets.empty() && !server.closed) {
    const std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    server.feed(piece);
    if (server.awaits_tls) {
      server.finish_tls();
    }
    all += server.take_output();
  }
  check(all.empty() || all.ends_with("\r\n"), "a reply without its end");
  std::size_t queued = 0;
  for (std::size_t at = 0; (at = all.find(" Ok: queued as ", at)) != std::string::npos; ++at) {
    ++queued;
  }
  check(queued == server.messages.size(), "messages and answers differ");
  return 0;
}
