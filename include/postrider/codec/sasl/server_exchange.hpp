#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::sasl {

enum class ServerFailure : std::uint8_t {
  malformed,        // 501 5.5.2: not what the mechanism's grammar has
  mismatch,         // 535 5.7.8: the proof does not fit: counts as a wrong password
  channel_binding,  // 535 5.7.8: another channel, a kind that we lack, or a downgrade
  bad_name,         // 535 5.7.8: a name or password that prepare() refuses
  token_refused,    // 535 5.7.8: the client has been told why (RFC 7628 3.2.3)
};

// What the caller does next.
struct SendChallenge {  // send it, give the answer to respond()
  std::string octets;
};
struct CheckPassword {   // the exchange is over; the password decides
  std::string authcid;   // prepared
  std::string authzid;   // as sent; empty: the same
  std::string password;  // prepared
};
struct LookUpVerifier {  // look the user up, then on_verifier(); made up if there is none
  std::string authcid;
};
struct ProofHolds {  // the exchange is over; who it is may still be refused
  std::string authcid;
  std::string authzid;
};
struct CheckToken {     // the token decides; on_token_refused() if it is not taken
  std::string authzid;  // as sent; empty: whoever has the token
  std::string token;    // RFC 6750 2.1
};
struct ExchangeFailed {  // the exchange is over
  ServerFailure kind{};
  std::string authcid;  // if it was known already
};
using ServerStep = std::variant<SendChallenge, CheckPassword, LookUpVerifier, ProofHolds,
                                CheckToken, ExchangeFailed>;

// The server's side of one authentication (RFC 4422), whatever the protocol around it. Octets are
// without base64.
class ServerExchange {
 public:
  struct Options {
    Mechanism mechanism = Mechanism::plain;
    ChannelBindings bindings;
    // SCRAM-SHA-256-PLUS was among what we offered: a client that says it believes otherwise has
    // been deceived (RFC 5802 6).
    bool plus_offered = false;
    TokenHints token_hints = {};
  };
  // `random` gives the nonce, and is not kept.
  ServerExchange(Options options, Random& random);

  // Once. `initial`: the client's initial response; nullptr: none was sent (RFC 4422 3.3).
  [[nodiscard]] ServerStep start(const std::string_view* initial);
  // The answer to the last SendChallenge.
  [[nodiscard]] ServerStep respond(std::string_view octets);
  // The answer to LookUpVerifier.
  [[nodiscard]] ServerStep on_verifier(const ScramVerifier& verifier);
  // After CheckToken: why it was refused is a challenge, whose answer means nothing.
  [[nodiscard]] SendChallenge on_token_refused();

  [[nodiscard]] Mechanism mechanism() const { return options_.mechanism; }

 private:
  enum class Stage : std::uint8_t {
    begin,
    plain_response,
    login_name,
    login_password,
    scram_first,
    scram_verifier,
    scram_final,
    scram_acknowledge,
    token_first,
    token_verdict,
    token_acknowledge,
    over,
  };
  [[nodiscard]] ServerStep fail(ServerFailure kind);
  [[nodiscard]] ServerStep on_plain(std::string_view octets);
  [[nodiscard]] ServerStep on_login_name(std::string_view octets);
  [[nodiscard]] ServerStep on_login_password(std::string_view octets);
  [[nodiscard]] ServerStep on_scram_first(std::string_view octets);
  [[nodiscard]] ServerStep on_scram_final(std::string_view octets);
  [[nodiscard]] ServerStep on_token_first(std::string_view octets);
  [[nodiscard]] const std::string* binding_named(std::string_view name) const;

  Options options_;
  Stage stage_ = Stage::begin;
  std::string authcid_;
  std::string authzid_;
  std::string nonce_;         // ours first; then the client's and ours
  std::string bound_input_;   // what c= must hold: the GS2 header and the binding's octets
  std::string auth_message_;  // of RFC 5802 3, as far as it has been said
  ScramVerifier verifier_;
};

}  // namespace postrider::sasl
