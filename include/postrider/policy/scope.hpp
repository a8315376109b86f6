#pragma once

#include <cstdint>

namespace postrider::policy {

// What a login may be used for; an account keeps them as bits.
enum class Scope : std::uint8_t {
  smtp = 1,
  imap = 2,
  pop3 = 4,
  http = 8,
};
[[nodiscard]] constexpr bool allows(std::uint8_t scopes, Scope scope) {
  return (scopes & static_cast<std::uint8_t>(scope)) != 0;
}

}  // namespace postrider::policy
