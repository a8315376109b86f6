#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::policy {

struct LoginThrottleSettings {
  std::uint32_t free_failures = 3;                       // before anything slows down
  Duration first_delay{std::chrono::milliseconds(500)};  // then doubled by each failure
  Duration longest_delay{std::chrono::seconds(8)};
  std::uint32_t refuse_after = 40;  // failures of one address: refused until some are forgotten
  Duration forget_one{std::chrono::seconds(30)};  // one failure is forgotten in this time
  std::size_t addresses = 20'000;                 // remembered, the oldest forgotten first
  std::size_t accounts = 20'000;
};

// How long a login waits, by the failures of its address and of its account. An address (an IPv6
// one: its /64) that goes on guessing is refused; an account is only slowed down, since nobody may
// lock out its owner, and not where the owner has logged in from before. What is tried at the same
// time counts as failed until it ends, once there have been failures: many connections guess no
// faster than one.
// Shard: one instance a core. Time comes with each call and does not go back.
class LoginThrottle {
 public:
  explicit LoginThrottle(const LoginThrottleSettings& settings);
  LoginThrottle(LoginThrottle&&) noexcept;
  LoginThrottle& operator=(LoginThrottle&&) noexcept;
  ~LoginThrottle();

  // The delay before the attempt may be looked at; nullopt: refuse it, unseen. Each begin() with a
  // value is followed by one end().
  [[nodiscard]] std::optional<Duration> begin(std::string_view account, const IpAddress& address,
                                              MonoTime now);
  enum class Outcome : std::uint8_t { right, wrong, undecided };
  void end(std::string_view account, const IpAddress& address, Outcome outcome, MonoTime now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::policy
