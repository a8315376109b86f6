#include "lru_table.hpp"

#include <algorithm>
#include <string>

#include <postrider/policy/rate_limiter.hpp>

namespace postrider::policy {

struct RateLimiter::Impl {
  struct Bucket {
    double used = 0;  // as of `seen`
    MonoTime seen{};
  };
  Impl(Rate given, std::size_t keys) : rate(given), buckets(keys) {}
  Rate rate;
  LruTable<std::string, Bucket> buckets;
};

RateLimiter::RateLimiter(Rate rate, std::size_t keys) : impl_(std::make_unique<Impl>(rate, keys)) {}
RateLimiter::RateLimiter(RateLimiter&&) noexcept = default;
RateLimiter& RateLimiter::operator=(RateLimiter&&) noexcept = default;
RateLimiter::~RateLimiter() = default;

bool RateLimiter::admit(std::string_view key, MonoTime now, double units) {
  Impl::Bucket& bucket = impl_->buckets.obtain(std::string(key));
  const auto size = static_cast<double>(impl_->rate.count);
  const double elapsed = static_cast<double>((now - bucket.seen).count()) /
                         static_cast<double>(impl_->rate.per.count());
  bucket.used = std::max(0.0, bucket.used - elapsed * size);
  bucket.seen = now;
  if (bucket.used + units > size) {
    return false;
  }
  bucket.used += units;
  return true;
}

}  // namespace postrider::policy
