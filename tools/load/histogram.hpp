#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <postrider/base/time.hpp>

namespace postrider::tools {

// Latencies in the manner of an HDR histogram: buckets grow with the value, so that every quantile
// is known to better than 1 %, from a microsecond to hours, in 40 KiB.
class Histogram {
 public:
  Histogram() : counts_(bucket_count) {}

  void record(Duration value);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return max_; }
  [[nodiscard]] Duration mean() const;
  // The smallest bucket bound that at least this share of the values does not exceed; never more
  // than max(). Zero if nothing was recorded. In: 0 < share <= 1.
  [[nodiscard]] Duration quantile(double share) const;

  struct Bucket {
    Duration upper;  // the largest value that counts here
    std::uint64_t count = 0;
  };
  // Those that are not empty, ascending.
  [[nodiscard]] std::vector<Bucket> buckets() const;

 private:
  // Microseconds: exact below 2 * half_buckets, then half_buckets a power of two.
  static constexpr unsigned half_bits = 7;
  static constexpr std::size_t half_buckets = std::size_t{1} << half_bits;
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << 40) - 1;  // 12 days
  static constexpr std::size_t bucket_count = (40 - half_bits + 1) * half_buckets;
  static std::size_t bucket_of(std::uint64_t microseconds);
  static std::uint64_t upper_of(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration max_{0};
  double sum_ns_ = 0;
};

}  // namespace postrider::tools
