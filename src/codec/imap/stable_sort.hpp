#pragma once

#include <cstdint>
#include <vector>

namespace postrider::imap {

// A message on its way through a sort.
struct KeyedPlace {
  std::uint64_t key = 0;
  std::uint32_t place = 0;
};

// By their keys; those that are equal stay in their order. Compares nothing: it goes through them
// once for each octet in which keys differ (radix sort).
void sort_stably(std::vector<KeyedPlace>& places);
[[nodiscard]] std::vector<std::uint32_t> in_order(const std::vector<KeyedPlace>& places);

// Keys that sort as the numbers do.
[[nodiscard]] inline std::uint64_t ascending_key(std::int64_t number) {
  return static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << 63);
}

}  // namespace postrider::imap
