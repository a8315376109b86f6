#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/digest.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/result.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::sasl {

struct ClientCredentials {
  std::string user;
  std::string password;
};

// The best of what the server offers; PLAIN and LOGIN only if `password_may_show` (TLS), -PLUS only
// with a binding.
[[nodiscard]] std::optional<Mechanism> choose_mechanism(const std::vector<std::string>& offered,
                                                        const ChannelBindings& bindings,
                                                        bool password_may_show);

enum class ClientFailure : std::uint8_t {
  malformed,        // the server's challenge is none: give up the connection
  bad_credentials,  // prepare() refuses the configured name or password: tell the operator
  bad_server,       // the server does not know the password: it is not who it says; give up
  too_costly,       // the server asks for more than scram_iterations_limit
};

// The client's side of one authentication: for smart hosts, `load` and tests.
class ClientExchange {
 public:
  ClientExchange(Mechanism mechanism, ClientCredentials credentials, ChannelBindings bindings,
                 Random& random);

  // The initial response; nullopt: none (LOGIN, whose servers do not all take one).
  [[nodiscard]] Result<std::optional<std::string>, ClientFailure> start();
  // Cost: SCRAM's first challenge costs a PBKDF2 of the server's count of iterations: off the
  // reactor.
  [[nodiscard]] Result<std::string, ClientFailure> respond(std::string_view challenge);
  // The server said success. False: SCRAM's server has not proved itself (RFC 5802 5): treat it as
  // bad_server.
  [[nodiscard]] bool may_succeed() const;

 private:
  enum class Stage : std::uint8_t { begin, login_name, login_password, first, final, over };
  [[nodiscard]] Result<std::string, ClientFailure> on_server_first(std::string_view challenge);
  [[nodiscard]] Result<std::string, ClientFailure> on_server_final(std::string_view challenge);

  Mechanism mechanism_;
  ClientCredentials credentials_;
  ChannelBindings bindings_;
  std::string nonce_;
  std::string gs2_header_;
  std::string bound_;
  std::string first_bare_;
  Sha256Digest server_signature_;
  Stage stage_ = Stage::begin;
};

}  // namespace postrider::sasl
