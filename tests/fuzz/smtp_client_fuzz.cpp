#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>

// A hostile server: every octet is what it says. Whatever comes, the client ends or waits, its
// output stays bounded, and nobody's outcome stays open after `done`.
namespace {

using namespace postrider::smtp;

ClientSettings settings_of(std::uint8_t bits) {
  ClientSettings settings;
  settings.own_name = "client.example";
  settings.protocol = (bits & 1) != 0 ? ClientProtocol::lmtp : ClientProtocol::smtp;
  settings.tls = static_cast<ClientSettings::Tls>((bits >> 1) % 3);
  settings.plain_auth = true;
  settings.username = (bits & 8) != 0 ? "user" : "";
  settings.password = "pass";
  return settings;
}

ClientTransaction transaction() {
  ClientTransaction out;
  out.reverse_path = "a@example.net";
  out.size_octets = 10;
  out.recipients = {{"x@example.org", {}}, {"y@example.org", {}}, {"z@example.org", {}}};
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  postrider::SeededRandom random(1);
  ClientSettings settings = settings_of(data[0]);
  settings.random = &random;
  ClientSession session(std::move(settings));
  ReplyParser parser;
  std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string out;
  ClientStep step = session.start();
  for (int transactions = 0; transactions < 4;) {
    postrider::check(out.size() < 64 * 1024, "output without bound");
    out.clear();
    if (step == ClientStep::receive) {
      parser.set_enhanced_codes(session.capabilities().enhanced_codes);
      const auto reply = parser.feed(octets);
      if (!reply || !*reply) {
        break;
      }
      postrider::check((*reply)->text.size() <= ReplyLimits{}.text_octets, "a text without bound");
      step = session.on_reply(**reply, out);
    } else if (step == ClientStep::start_tls) {
      parser.reset();
      step = session.on_tls_started(out);
    } else if (step == ClientStep::send_body) {
      std::string_view piece = ".\r\nbody\r\n";
      step = session.send_body(piece, (data[0] & 16) != 0 || out.size() > 100, out);
      out += piece;
    } else if (step == ClientStep::ready || step == ClientStep::done) {
      if (step == ClientStep::done) {
        for (const RecipientOutcome& outcome : session.outcomes()) {
          postrider::check(outcome.kind != RecipientOutcome::Kind::undecided &&
                               outcome.kind != RecipientOutcome::Kind::accepted,
                           "an outcome is open after the end");
        }
      }
      ++transactions;
      step = (data[0] & 32) != 0 && session.can_send_at_once()
                 ? session.begin(transaction(), out, "body\r\n")
                 : session.begin(transaction(), out);
    } else {
      break;
    }
  }
  return 0;
}
