#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/password_hash.hpp>
#include <postrider/base/random.hpp>

// Passwords that are made for one program: 20 letters and digits of an alphabet of 32, which are
// 100 bits. So much can't be guessed, and what is kept of it need not be costly: a login is tried
// against all of an account's.
namespace postrider::policy {

inline constexpr Argon2Cost app_password_cost{.memory_kib = 8, .passes = 1, .lanes = 1};

// "abcde-fghij-klmno-pqrst"
[[nodiscard]] std::string make_app_password(Random& random);

// As it is hashed: without the hyphens and spaces that people leave out or add, in lower case.
// nullopt: it is not of this form, and is no app password.
[[nodiscard]] std::optional<std::string> canonical_app_password(std::string_view given);

}  // namespace postrider::policy
