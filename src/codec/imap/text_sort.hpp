#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace postrider::imap {

// Ranks of texts: 0 for the least, the same for those that are equal. `texts` and the result are
// in one order.
// Cost: as many texts are compared by 16 octets at a time, each octet is looked at once, however
// long the beginnings are that texts have in common.
[[nodiscard]] std::vector<std::uint32_t> rank_texts(const std::vector<std::string_view>& texts);

}  // namespace postrider::imap
