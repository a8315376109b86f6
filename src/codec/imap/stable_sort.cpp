#include "stable_sort.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace postrider::imap {

void sort_stably(std::vector<KeyedPlace>& places) {
  if (std::ranges::is_sorted(places, {}, &KeyedPlace::key)) {
    return;
  }
  std::uint64_t differing = 0;
  for (const KeyedPlace& one : places) {
    differing |= one.key ^ places.front().key;
  }
  std::vector<KeyedPlace> sorted(places.size());
  for (int shift = 0; shift < 64; shift += 8) {
    if (((differing >> shift) & 0xff) == 0) {
      continue;
    }
    std::array<std::size_t, 256> next{};  // where the next one of that octet goes
    for (const KeyedPlace& one : places) {
      ++next[(one.key >> shift) & 0xff];
    }
    std::size_t begin = 0;
    for (std::size_t& count : next) {
      begin += std::exchange(count, begin);
    }
    for (const KeyedPlace& one : places) {
      sorted[next[(one.key >> shift) & 0xff]++] = one;
    }
    places.swap(sorted);
  }
}

std::vector<std::uint32_t> in_order(const std::vector<KeyedPlace>& places) {
  std::vector<std::uint32_t> out;
  out.reserve(places.size());
  for (const KeyedPlace& one : places) {
    out.push_back(one.place);
  }
  return out;
}

}  // namespace postrider::imap
