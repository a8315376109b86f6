#include "sequences.hpp"

#include <algorithm>

namespace postrider::imap {

std::vector<NumberRun> intersect(const std::vector<NumberRun>& a, const std::vector<NumberRun>& b) {
  std::vector<NumberRun> out;
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    const std::uint32_t first = std::max(left->first, right->first);
    const std::uint32_t last = std::min(left->last, right->last);
    if (first <= last) {
      out.push_back({first, last});
    }
    if (left->last < right->last) {
      ++left;
    } else {
      ++right;
    }
  }
  return out;
}

std::uint32_t count_of(const std::vector<NumberRun>& runs) {
  std::uint32_t out = 0;
  for (const NumberRun& run : runs) {
    out += run.last - run.first + 1;
  }
  return out;
}

std::vector<NumberRun> cut_out(const std::vector<NumberRun>& runs, const PartialRange& partial) {
  const std::uint32_t count = count_of(runs);
  if (partial.first > count) {
    return {};
  }
  std::uint32_t first = partial.first;
  std::uint32_t last = std::min(partial.last, count);
  if (partial.from_end) {
    first = count - last + 1;
    last = count - partial.first + 1;
  }
  std::vector<NumberRun> out;
  std::uint32_t at = 1;  // the place of what comes next
  for (const NumberRun& run : runs) {
    const std::uint32_t size = run.last - run.first + 1;
    const std::uint32_t from = std::max(first, at);
    const std::uint32_t to = std::min(last, at + size - 1);
    if (from <= to) {
      out.push_back({run.first + (from - at), run.first + (to - at)});
    }
    at += size;
  }
  return out;
}

}  // namespace postrider::imap
