#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::policy {

// What a login may be used for; an account keeps them as bits.
enum class Scope : std::uint8_t {
  smtp = 1,
  imap = 2,
  pop3 = 4,
  http = 8,
};
inline constexpr std::uint8_t every_scope = 15;
[[nodiscard]] constexpr bool allows(std::uint8_t scopes, Scope scope) {
  return (scopes & static_cast<std::uint8_t>(scope)) != 0;
}

inline constexpr std::array<std::pair<std::string_view, Scope>, 4> scope_table{{
    {"smtp", Scope::smtp},
    {"imap", Scope::imap},
    {"pop3", Scope::pop3},
    {"http", Scope::http},
}};

// "smtp", "imap": in the order of the table.
[[nodiscard]] inline std::vector<std::string> scope_names(std::uint8_t scopes) {
  std::vector<std::string> names;
  for (const auto& [name, scope] : scope_table) {
    if (allows(scopes, scope)) {
      names.emplace_back(name);
    }
  }
  return names;
}

// Names of the table, or "all". nullopt: one is unknown.
[[nodiscard]] inline std::optional<std::uint8_t> parse_scopes(
    const std::vector<std::string>& names) {
  std::uint8_t scopes = 0;
  for (const std::string& name : names) {
    std::uint8_t found = name == "all" ? every_scope : 0;
    for (const auto& [known, scope] : scope_table) {
      found |= known == name ? static_cast<std::uint8_t>(scope) : 0;
    }
    if (found == 0) {
      return std::nullopt;
    }
    scopes |= found;
  }
  return scopes;
}

}  // namespace postrider::policy
