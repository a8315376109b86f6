#pragma once

#include "kv.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// Sums and differences are those of unsigned numbers: a difference that is less than nothing is
// added as well.
[[nodiscard]] constexpr MailUsage difference(const MailUsage& now, const MailUsage& before) {
  return {now.size_bytes - before.size_bytes, now.messages - before.messages};
}
[[nodiscard]] constexpr MailUsage growth(const MailUsage& change) {
  const auto more = [](std::uint64_t n) { return static_cast<std::int64_t>(n) > 0 ? n : 0; };
  return {more(change.size_bytes), more(change.messages)};
}

// What one domain's accounts use together, whatever their home cores. No lock: each number is one
// word, and what would pass a limit does not get into it.
class DomainUsage {
 public:
  [[nodiscard]] MailUsage now() const {
    return {size_bytes_.load(std::memory_order_relaxed), messages_.load(std::memory_order_relaxed)};
  }
  void add(const MailUsage& change) {
    size_bytes_.fetch_add(change.size_bytes, std::memory_order_relaxed);
    messages_.fetch_add(change.messages, std::memory_order_relaxed);
  }
  // False, and nothing is added: what grows would come to stand over its limit. 0: there is none.
  [[nodiscard]] bool try_add(const MailUsage& change, const MailUsage& limit);

 private:
  std::atomic<std::uint64_t> size_bytes_ = 0;
  std::atomic<std::uint64_t> messages_ = 0;
};

// The usage of all domains: counted from the accounts' own records at the start, and kept from then
// on by the accounts' homes, which add before a batch is written what it adds, and take off what it
// frees once that is durable. So at no moment, nor after a crash, do the records come to more.
//
// An account that the directory does not have any more is not counted, though its mail is kept; nor
// is one whose record can't be read, until it is repaired or can be read again.
// Shard: any thread.
class DomainUsages {
 public:
  // That of an account's or an address's domain. Stays where it is. Cost: a lock.
  [[nodiscard]] DomainUsage& of(std::string_view name);

  // Adds what `accounts` (of Family::mail_account) holds, which nobody has changed since it was
  // made. Once, beside the homes' work.
  void count(const Kv& kv, KvCursor& accounts, const std::stop_token& stop);
  [[nodiscard]] bool is_counted() const {
    return state_.load(std::memory_order_acquire) == State::counted;
  }
  // Ends when all has been counted. False: it could not be.
  [[nodiscard]] engine::Task<bool> counted(engine::Reactor& reactor);

  // Whether the account is in its domain's sum. Once it is_counted() only.
  [[nodiscard]] bool counts(MailAccountId account);
  void set_counts(MailAccountId account, bool yes);
  // Whether nothing of it is in the sum, since its record can't be read.
  [[nodiscard]] bool is_unread(MailAccountId account);
  void set_unread(MailAccountId account, bool yes);

 private:
  enum class State : std::uint8_t { counting, counted, failed };
  void end(State state);

  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<DomainUsage>> domains_;  // by name, lower case
  std::set<MailAccountId> left_out_;
  std::set<MailAccountId> unread_;
  std::atomic<State> state_ = State::counting;
};

}  // namespace postrider::store
