#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

// RFC 4648 4, with padding, one line.
[[nodiscard]] std::string encode_base64(std::string_view octets);
// Strict: no white space, right padding, zero trailing bits.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
// As MIME and DKIM tags are read: white space is skipped (RFC 2045 6.8, RFC 6376 2.3).
[[nodiscard]] std::optional<std::string> decode_base64_folded(std::string_view text);
[[nodiscard]] std::string encode_hex(std::string_view octets);
[[nodiscard]] std::optional<std::string> decode_hex(std::string_view text);

}  // namespace postrider
