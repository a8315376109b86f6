// Whatever a client says, an exchange ends or asks for more, and nobody gets in by accident.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include <postrider/base/assert.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  static const ScramVerifier verifier = derive_scram_sha256("pencil", "0123456789abcdef", 1);
  SeededRandom random(1);
  sasl::ServerExchange server({.mechanism = static_cast<sasl::Mechanism>(data[0] % 6),
                               .bindings = {.tls_exporter = "x", .tls_server_end_point = {}},
                               .plus_offered = (data[0] & 4) != 0},
                              random);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto take = [&rest] {
    const std::string_view message = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(message.size() < rest.size() ? message.size() + 1 : message.size());
    return message;
  };
  const std::string_view first = take();
  sasl::ServerStep step = server.start((data[0] & 8) != 0 ? nullptr : &first);
  for (int i = 0; i < 8; ++i) {
    if (std::holds_alternative<sasl::SendChallenge>(step)) {
      step = server.respond(take());
    } else if (std::holds_alternative<sasl::LookUpVerifier>(step)) {
      step = server.on_verifier(verifier);
    } else if (const auto* token = std::get_if<sasl::CheckToken>(&step)) {
      check(!token->token.empty(), "nobody is asked about nothing");
      check(token->token.find_first_of(std::string_view("\0\x01\r\n ", 5)) == token->token.npos,
            "a token holds no separator");
      step = server.on_token_refused();
    } else {
      check(!std::holds_alternative<sasl::ProofHolds>(step), "a proof without the password");
      return 0;
    }
  }
  check(false, "an exchange without end");
  return 0;
}
