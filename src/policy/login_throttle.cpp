#include "lru_table.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/policy/login_throttle.hpp>

namespace postrider::policy {
namespace {

struct Guesses {
  double failures = 0;  // as of `seen`
  std::uint32_t pending = 0;
  MonoTime seen{};
};

IpAddress network_of(const IpAddress& address) {
  if (address.family() == IpFamily::v4) {
    return address;
  }
  auto octets = address.octets();
  std::fill(octets.begin() + 8, octets.end(), std::uint8_t{0});
  return IpAddress::v6(octets);
}

}  // namespace

struct LoginThrottle::Impl {
  explicit Impl(const LoginThrottleSettings& given)
      : settings(given),
        addresses(given.addresses),
        accounts(given.accounts),
        known(given.accounts) {}

  LoginThrottleSettings settings;
  LruTable<IpAddress, Guesses> addresses;
  LruTable<std::string, Guesses> accounts;
  LruTable<std::string, bool> known;  // account and network that belong together

  void forget(Guesses& guesses, MonoTime now) const {
    const double forgotten = static_cast<double>((now - guesses.seen).count()) /
                             static_cast<double>(settings.forget_one.count());
    guesses.failures = std::max(0.0, guesses.failures - std::max(0.0, forgotten));
    guesses.seen = now;
  }

  [[nodiscard]] double weight(const Guesses& guesses) const {
    const bool suspicious = guesses.failures > settings.free_failures;
    return guesses.failures + (suspicious ? guesses.pending : 0);
  }

  [[nodiscard]] Duration delay(double failures) const {
    if (failures <= settings.free_failures) {
      return Duration::zero();
    }
    Duration out = settings.first_delay;
    for (double more = failures - settings.free_failures - 1;
         more > 0 && out < settings.longest_delay; --more) {
      out *= 2;
    }
    return std::min(out, settings.longest_delay);
  }

  static std::string pair_of(const std::string& account, const IpAddress& network) {
    return account + ' ' + network.text();
  }
};

LoginThrottle::LoginThrottle(const LoginThrottleSettings& settings)
    : impl_(std::make_unique<Impl>(settings)) {}
LoginThrottle::LoginThrottle(LoginThrottle&&) noexcept = default;
LoginThrottle& LoginThrottle::operator=(LoginThrottle&&) noexcept = default;
LoginThrottle::~LoginThrottle() = default;

std::optional<Duration> LoginThrottle::begin(std::string_view account, const IpAddress& address,
                                             MonoTime now) {
  const IpAddress network = network_of(address);
  const std::string name = to_lower(account);
  Guesses& from = impl_->addresses.obtain(network);
  impl_->forget(from, now);
  if (impl_->weight(from) >= impl_->settings.refuse_after) {
    return std::nullopt;
  }
  Duration delay = impl_->delay(impl_->weight(from));
  ++from.pending;
  Guesses& at = impl_->accounts.obtain(name);
  impl_->forget(at, now);
  if (impl_->known.find(Impl::pair_of(name, network)) == nullptr) {
    delay = std::max(delay, impl_->delay(impl_->weight(at)));
  }
  ++at.pending;
  return delay;
}

void LoginThrottle::end(std::string_view account, const IpAddress& address, Outcome outcome,
                        MonoTime now) {
  const IpAddress network = network_of(address);
  const std::string name = to_lower(account);
  for (Guesses* guesses : {&impl_->addresses.obtain(network), &impl_->accounts.obtain(name)}) {
    impl_->forget(*guesses, now);
    guesses->pending -= guesses->pending > 0 ? 1 : 0;
    guesses->failures += outcome == Outcome::wrong ? 1 : 0;
  }
  if (outcome == Outcome::right) {
    impl_->known.obtain(Impl::pair_of(name, network)) = true;
  }
}

}  // namespace postrider::policy
