#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

// How mailbox names cross the wire.
enum class NameForm : std::uint8_t {
  modified_utf7,  // RFC 3501 5.1.3: IMAP4rev1
  utf8,           // RFC 9051 5.1, RFC 6855 3: after ENABLE IMAP4rev2 or UTF8=ACCEPT
};

inline constexpr char hierarchy_separator = '/';

// In: UTF-8. Ill-formed octets become U+FFFD.
[[nodiscard]] std::string encode_modified_utf7(std::string_view utf8);
// Strict: exactly what encode_modified_utf7() makes of some text; nullopt otherwise, so that one
// name has one spelling.
[[nodiscard]] std::optional<std::string> decode_modified_utf7(std::string_view text);

// A name as the store keeps it: NFC, "INBOX" in upper case also where it is the first level
// (RFC 9051 5.1). nullopt: not UTF-8, a control character, an empty level ("a//b", "/a"), or more
// than mailbox_name_octets_max. One separator at the end is taken off (RFC 9051 6.3.4).
[[nodiscard]] std::optional<std::string> canonical_mailbox_name(std::string_view utf8);

}  // namespace postrider::imap
