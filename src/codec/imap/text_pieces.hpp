#pragma once

#include <string_view>

namespace postrider::imap {

// Takes from the beginning of a text (UTF-8, not empty) a piece that can be folded by itself.
[[nodiscard]] std::string_view take_piece(std::string_view& utf8);

}  // namespace postrider::imap
