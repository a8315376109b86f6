#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <postrider/base/assert.hpp>

namespace postrider::tools {

std::size_t Histogram::bucket_of(std::uint64_t microseconds) {
  const std::uint64_t value = std::min(microseconds, value_max);
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > half_bits + 1 ? width - half_bits - 1 : 0;
  return (std::size_t{shift} * half_buckets) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::upper_of(std::size_t bucket) {
  if (bucket < 2 * half_buckets) {
    return bucket;
  }
  const std::size_t shift = (bucket / half_buckets) - 1;
  const std::uint64_t top = bucket - (shift * half_buckets);
  return ((top + 1) << shift) - 1;
}

void Histogram::record(Duration value) {
  const Duration sound = std::max(value, Duration(0));
  ++counts_[bucket_of(static_cast<std::uint64_t>(sound.count()) / 1000)];
  ++count_;
  max_ = std::max(max_, sound);
  sum_ns_ += static_cast<double>(sound.count());
}

Duration Histogram::mean() const {
  return Duration(count_ == 0 ? 0 : std::llround(sum_ns_ / static_cast<double>(count_)));
}

Duration Histogram::quantile(double share) const {
  check(share > 0 && share <= 1, "a quantile's share is in (0, 1]");
  if (count_ == 0) {
    return Duration(0);
  }
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) {
      return std::min<Duration>(std::chrono::microseconds(upper_of(bucket)), max_);
    }
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (counts_[bucket] != 0) {
      filled.push_back({std::chrono::microseconds(upper_of(bucket)), counts_[bucket]});
    }
  }
  return filled;
}

}  // namespace postrider::tools
