#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::sasl {

// A name or password in the one form in which it is compared and hashed: SASLprep (RFC 4013) with
// today's Unicode: other blanks become SP, what is mapped to nothing goes, NFKC. The same call
// stands before a password is set and before it is checked.
// nullopt: not UTF-8, a control or private character or another that RFC 4013 2.3 forbids, or
// nothing is left of it. Limits: password_limit_bytes of input.
[[nodiscard]] std::optional<std::string> prepare(std::string_view text);

}  // namespace postrider::sasl
