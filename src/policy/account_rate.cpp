#include <postrider/policy/account_rate.hpp>

namespace postrider::policy {

namespace {

// Buckets of one size serve every rate: a message takes the more of it, the fewer are allowed.
constexpr Rate whole{.count = 1'000'000'000, .per = std::chrono::hours(1)};

}  // namespace

AccountRate::AccountRate(Rate fallback, std::size_t keys)
    : fallback_(fallback, keys), own_(whole, keys) {}

bool AccountRate::admit(const Identity& account, MonoTime now) {
  if (account.messages_per_hour == 0) {
    return fallback_.admit(account.name, now);
  }
  const double share =
      static_cast<double>(whole.count) / static_cast<double>(account.messages_per_hour);
  return own_.admit(account.name, now, share);
}

}  // namespace postrider::policy
