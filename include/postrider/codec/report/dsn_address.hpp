#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::report {

// The address of an Original-Recipient or Final-Recipient field (RFC 3464 2.3.1, RFC 6533 3).
struct DsnAddress {
  std::string type;     // "rfc822", or "utf-8" for what is not ASCII
  std::string address;  // decoded
  friend bool operator==(const DsnAddress&, const DsnAddress&) = default;
};

// With the type that fits.
[[nodiscard]] DsnAddress make_dsn_address(std::string_view address);

// RFC 6533 3: what is not a plain character becomes \x{HEX}. utf-8-addr-xtext is ASCII;
// utf-8-addr-unitext keeps what is not. In: UTF-8; ill-formed octets become U+FFFD.
[[nodiscard]] std::string encode_utf8_addr_xtext(std::string_view address);
[[nodiscard]] std::string encode_utf8_addr_unitext(std::string_view address);
// Either form. nullopt: a malformed escape, or what is no character.
[[nodiscard]] std::optional<std::string> decode_utf8_addr(std::string_view text);

}  // namespace postrider::report
