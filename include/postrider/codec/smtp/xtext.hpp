#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::smtp {

// RFC 3461 4: "+" and what is not a graphic ASCII character become "+XX"; so does "=".
[[nodiscard]] std::string encode_xtext(std::string_view octets);
// nullopt: a character that xtext does not hold, or "+" without two upper-case hex digits (lower
// case is read too).
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);

// The ORCPT parameter (RFC 3461 4.2, RFC 6533 3) and its decoded form "type;address", which is
// UTF-8 for the type "utf-8". nullopt: no type, an octet that the type does not allow, or not
// UTF-8.
[[nodiscard]] std::optional<std::string> decode_orcpt(std::string_view parameter);
// `smtputf8`: the peer takes UTF-8 (utf-8-addr-unitext); else code points are written as \x{HEX}
// (utf-8-addr-xtext). An address in ASCII is the same in both.
[[nodiscard]] std::string encode_orcpt(std::string_view decoded, bool smtputf8);

}  // namespace postrider::smtp
