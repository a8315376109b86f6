#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/sasl/mechanism.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

namespace postrider::sasl {

// What a login asks of policy.
struct LoginRequest {
  Mechanism mechanism = Mechanism::plain;
  std::string authcid;       // prepared
  std::string authzid;       // empty: the same
  std::string password;      // where the mechanism shows it, prepared
  std::string token;         // in place of a name and a password, if carries_token(mechanism)
  bool proof_holds = false;  // SCRAM
};

enum class LoginVerdict : std::uint8_t {
  accepted,
  rejected,   // unknown, wrong, or not allowed to act as authzid
  disabled,   // the account is switched off, or not for this protocol
  throttled,  // too many failures, try later
  too_many,   // connections of this user
  temporary,  // the store does not answer
};
struct LoginAnswer {
  LoginVerdict verdict = LoginVerdict::temporary;
  std::string identity;  // the account's name, when accepted
};

// One authentication in lines of base64, as POP3 (RFC 5034 4), IMAP and SMTP (RFC 4954 4) carry
// SASL.
class LineExchange {
 public:
  // `random` gives the nonce, and is not kept.
  LineExchange(ServerExchange::Options options, Random& random) : exchange_(options, random) {}

  enum class Step : std::uint8_t {
    challenge,  // send challenge(); its answer goes to on_line()
    look_up,    // of request().authcid: on_verifier(), made up if there is none
    ask,        // request(): the exchange is over, but for refuse()
    cancelled,  // by the client: "*". The exchange is over, here and below
    bad_base64,
    malformed,  // not what the mechanism's grammar has
    refused,    // whoever it is: another channel, a name that can't be one
    concluded,  // what refuse() began has been heard: verdict()
  };
  // `initial`: the initial response in base64, "=" if it has no octets; nullopt: none was sent.
  [[nodiscard]] Step start(std::optional<std::string_view> initial);
  // Of one that has been decoded.
  [[nodiscard]] Step start_decoded(std::optional<std::string_view> octets);
  [[nodiscard]] Step on_line(std::string_view line);
  [[nodiscard]] Step on_verifier(const ScramVerifier& verifier);
  // The answer to `ask` is no. True: the mechanism has something to say about it; send
  // challenge(), on_line() has the rest. False: say no at once.
  [[nodiscard]] bool refuse(LoginVerdict verdict);

  // Why it was refused.
  [[nodiscard]] LoginVerdict verdict() const { return verdict_; }
  [[nodiscard]] const std::string& challenge() const { return challenge_; }  // base64
  [[nodiscard]] LoginRequest& request() { return request_; }

 private:
  [[nodiscard]] Step take(ServerStep step);

  ServerExchange exchange_;
  std::string challenge_;
  LoginRequest request_;
  LoginVerdict verdict_ = LoginVerdict::rejected;
};

}  // namespace postrider::sasl
