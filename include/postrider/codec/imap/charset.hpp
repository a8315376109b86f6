#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

// Whether to_utf8() reads that charset (in any case): a list of those that mail is written in, so
// that a name out of a message never chooses what is loaded.
[[nodiscard]] bool is_known_charset(std::string_view name);
// Ill-formed octets become U+FFFD. nullopt: not known.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view charset, std::string_view octets);

}  // namespace postrider::imap
