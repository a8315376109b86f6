#pragma once

#include <cstddef>

#include <postrider/policy/authenticator.hpp>
#include <postrider/policy/rate_limiter.hpp>

namespace postrider::policy {

// How many messages an account may send: as many an hour as it has of its own, or else as the
// listener says. So much at once, refilled evenly.
// Shard: one instance a core, and so the rates are a core's: who spreads his connections over
// several cores can send as often as there are cores.
class AccountRate {
 public:
  AccountRate(Rate fallback, std::size_t keys);

  // Takes one message if it is there.
  [[nodiscard]] bool admit(const Identity& account, MonoTime now);

 private:
  RateLimiter fallback_;
  RateLimiter own_;
};

}  // namespace postrider::policy
