#pragma once

#include <cstdint>
#include <string>

#include <postrider/base/result.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::policy {

enum class TokenFailure : std::uint8_t {
  refused,      // expired, revoked, unknown, or for something else: a guess like any other
  unavailable,  // nobody can tell now: temporary
};
struct TokenRefusal {
  TokenFailure kind = TokenFailure::unavailable;
  std::string text;  // for the log; never the token
};

// Knows whose an access token is.
class TokenAuthority {
 public:
  virtual ~TokenAuthority() = default;
  // What is known without asking anybody; empty: nothing.
  [[nodiscard]] virtual std::string recall(const std::string& token) = 0;
  // The account's name, as it logs in.
  [[nodiscard]] virtual engine::Task<Result<std::string, TokenRefusal>> find_account(
      std::string token, engine::Until until) = 0;
};

}  // namespace postrider::policy
