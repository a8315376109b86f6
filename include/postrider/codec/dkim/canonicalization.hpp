#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::dkim {

// RFC 6376 3.4.
enum class Canonicalization : std::uint8_t { simple, relaxed };

// One field as it is hashed, its CRLF included (RFC 6376 3.4.1, 3.4.2).
// In: a whole field as the header section has it; a missing final CRLF is supplied.
[[nodiscard]] std::string canonicalize_field(std::string_view raw,
                                             Canonicalization canonicalization);

}  // namespace postrider::dkim
