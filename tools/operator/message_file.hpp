#pragma once

#include "answer.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace postrider::tools {

// Larger ones are refused: no server takes them, and it is read as a whole.
inline constexpr std::size_t max_message_octets = 512UL << 20;

// A message as it came, "-" being standard input. Bare LF and CR become CRLF, since most programs
// keep messages so; what a mail server received had CRLF. The line that an mbox puts above a
// message goes. nullopt: it has been said why.
[[nodiscard]] std::optional<std::string> read_message(const std::filesystem::path& file,
                                                      const Terminal& terminal);

}  // namespace postrider::tools
