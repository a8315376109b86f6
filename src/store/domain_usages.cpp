#include "domain_usages.hpp"

#include "account_codec.hpp"
#include "mail_codec.hpp"
#include "point_read.hpp"
#include "record_seal.hpp"

#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

bool try_add_to(std::atomic<std::uint64_t>& sum, std::uint64_t change, std::uint64_t limit) {
  if (limit == 0 || static_cast<std::int64_t>(change) <= 0) {
    sum.fetch_add(change, std::memory_order_relaxed);
    return true;
  }
  std::uint64_t before = sum.load(std::memory_order_relaxed);
  do {
    if (before > limit || change > limit - before) {
      return false;
    }
  } while (!sum.compare_exchange_weak(before, before + change, std::memory_order_relaxed));
  return true;
}

}  // namespace

bool DomainUsage::try_add(const MailUsage& change, const MailUsage& limit) {
  if (!try_add_to(size_bytes_, change.size_bytes, limit.size_bytes)) {
    return false;
  }
  if (!try_add_to(messages_, change.messages, limit.messages)) {
    size_bytes_.fetch_sub(change.size_bytes, std::memory_order_relaxed);
    return false;
  }
  return true;
}

DomainUsage& DomainUsages::of(std::string_view name) {
  const std::size_t at = name.rfind('@');
  const std::string domain = to_lower(at == name.npos ? name : name.substr(at + 1));
  const std::lock_guard lock(mutex_);
  auto& place = domains_[domain];
  if (place == nullptr) {
    place = std::make_unique<DomainUsage>();
  }
  return *place;
}

void DomainUsages::count(const Kv& kv, KvCursor& accounts, const std::stop_token& stop) {
  for (; accounts.is_valid() && !stop.stop_requested(); accounts.next()) {
    const auto record = decode_mail_account(accounts.key(), accounts.value());
    if (!record) {
      set_unread(MailAccountId{parse_be(accounts.key())}, true);
      continue;
    }
    const auto known = kv.get(Family::account, name_key(record->name), Read::any);
    if (known) {
      of(record->name).add(record->usage);
    } else if (known.error() == KvError::not_found) {
      set_counts(MailAccountId{parse_be(accounts.key())}, false);
    } else {
      return end(State::failed);
    }
  }
  end(accounts.error() || stop.stop_requested() ? State::failed : State::counted);
}

void DomainUsages::end(State state) {
  state_.store(state, std::memory_order_release);
  state_.notify_all();
}

engine::Task<bool> DomainUsages::counted(engine::Reactor& reactor) {
  if (state_.load(std::memory_order_acquire) == State::counting) {
    co_await off_core(reactor, [this] { state_.wait(State::counting, std::memory_order_acquire); });
  }
  co_return state_.load(std::memory_order_acquire) == State::counted;
}

bool DomainUsages::counts(MailAccountId account) {
  const std::lock_guard lock(mutex_);
  return !left_out_.contains(account);
}

void DomainUsages::set_counts(MailAccountId account, bool yes) {
  const std::lock_guard lock(mutex_);
  if (yes) {
    left_out_.erase(account);
  } else {
    left_out_.insert(account);
  }
}

bool DomainUsages::is_unread(MailAccountId account) {
  const std::lock_guard lock(mutex_);
  return unread_.contains(account);
}

void DomainUsages::set_unread(MailAccountId account, bool yes) {
  const std::lock_guard lock(mutex_);
  if (yes) {
    unread_.insert(account);
  } else {
    unread_.erase(account);
  }
}

}  // namespace postrider::store
