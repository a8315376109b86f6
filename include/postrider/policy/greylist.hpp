#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::policy {

struct GreylistSettings {
  Duration delay{std::chrono::minutes(5)};       // before a second try counts
  Duration window{std::chrono::hours(48)};       // after which it is a first one again
  Duration expiry{std::chrono::hours(24 * 35)};  // reputation that is not renewed is gone
  std::uint32_t network_known_after = 5;         // good messages
  std::uint32_t domain_known_after = 1;
  std::uint8_t v4_bits = 24;  // of a client's address that count
  std::uint8_t v6_bits = 64;
  std::size_t entries = 50'000;  // of each kind (waiting, networks, domains); the oldest go first
  friend bool operator==(const GreylistSettings&, const GreylistSettings&) = default;
};

// A message, by what is known of it at its end.
struct GreylistSubject {
  IpAddress client;
  std::string sender;  // the reverse-path; empty: the null one
  std::vector<std::string> recipients;
  std::string proven_domain;  // of From, where DMARC passed; empty: it did not
};

enum class GreylistAnswer : std::uint8_t {
  // It passes.
  known_domain,   // DMARC proves a domain of which good mail has come
  known_network,  // good mail has come from there
  retries,        // a client there has come back before
  came_back,      // it comes back itself, in time
  // It is to come back.
  early,  // it has been told so, and comes too soon
  fresh,  // nobody knows it
};
[[nodiscard]] std::string_view name_of(GreylistAnswer answer);

struct GreylistDecision {
  GreylistAnswer answer = GreylistAnswer::fresh;
  Duration wait{};  // came_back: how long it was away; early, fresh: how long it still has to be
  [[nodiscard]] bool passes() const { return answer < GreylistAnswer::early; }
};

struct GreylistCounters {
  std::uint64_t known_domain = 0, known_network = 0, retries = 0, came_back = 0;
  std::uint64_t early = 0, fresh = 0;
  std::uint64_t never_came_back = 0;                   // nobody tried again inside the window
  std::uint64_t evicted = 0;                           // for want of room
  std::size_t waiting = 0, networks = 0, domains = 0;  // now
};

struct GreylistEntry {
  enum class Kind : std::uint8_t { waiting, network, domain };
  Kind kind{};
  std::string network;  // "192.0.2.0/24"; of a domain: empty
  std::string domain;   // of the sender, or proven
  std::string recipient;
  WallTime since{};        // waiting: first seen; else last seen
  std::uint32_t good = 0;  // messages, less what bad ones have undone
  bool has_retried = false;
};

// Who is asked to come back later, since nothing is known of them: who sends in bulk without a
// queue does not. Kept by client network, sender's domain and recipient until it comes back; then
// the network is known to retry, and what it and the domains that it proves send decides on their
// reputation: a bad message halves it.
// Limits: settings.entries of each kind, whatever strangers send; recipients_max of a message are
// looked at. Time may step: back, it begins the wait anew; forward, it ends it sooner.
// Shard: one instance for all cores. Cost: O(recipients_max) a message.
class Greylist {
 public:
  static constexpr std::size_t recipients_max = 8;
  explicit Greylist(const GreylistSettings& settings);
  Greylist(const Greylist&) = delete;
  Greylist& operator=(const Greylist&) = delete;
  ~Greylist();
  void set(const GreylistSettings& settings);

  [[nodiscard]] GreylistDecision ask(const GreylistSubject& subject, WallTime now);
  // What has passed turned out to be wanted, or not.
  void learn(const IpAddress& client, const std::string& proven_domain, bool is_good, WallTime now);
  // Forgets what is over.
  void sweep(WallTime now);

  // The last seen first; those that speak of `about` (a network, domain or recipient), or all.
  [[nodiscard]] std::vector<GreylistEntry> list(std::string_view about, std::size_t limit) const;
  // Of them, all; out: how many.
  std::size_t forget(std::string_view about);
  [[nodiscard]] GreylistCounters counters() const;

  // What has changed since it was asked last, for the disk: at most `limit`. No value: remove it.
  struct Change {
    std::string name;
    std::optional<std::string> octets;
  };
  [[nodiscard]] std::vector<Change> take_changes(std::size_t limit);
  // Those could not be written: they are told again.
  void put_back(const std::vector<Change>& changes);
  // What was kept. False: it is over, can't be read, or has no place: remove it.
  [[nodiscard]] bool restore(const std::string& name, std::string_view octets, WallTime now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::policy
