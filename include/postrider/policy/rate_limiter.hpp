#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <postrider/base/time.hpp>
#include <postrider/base/units.hpp>

namespace postrider::policy {

// Token buckets by key (a peer's address, an account): `rate.count` at once, refilled evenly over
// `rate.per`. Keys that were not seen longest are forgotten first, and come back full.
// Shard: one instance a core, and so the rate is a core's. Time does not go back.
class RateLimiter {
 public:
  RateLimiter(Rate rate, std::size_t keys);
  RateLimiter(RateLimiter&&) noexcept;
  RateLimiter& operator=(RateLimiter&&) noexcept;
  ~RateLimiter();

  // Takes one (or `units`) if it is there.
  [[nodiscard]] bool admit(std::string_view key, MonoTime now, double units = 1);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::policy
