#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/policy/route.hpp>
#include <postrider/policy/tls_policy.hpp>
#include <postrider/service/delivery/queue_control.hpp>
#include <postrider/store/queue_records.hpp>

namespace postrider::delivery {

// Where a delivery goes: the answer to "which hosts, how", the same for all deliveries of a domain
// while it is fresh.
struct Target {
  std::string site;
  std::vector<policy::NextHop> hops;  // in order
  // Of `hops` (RFC 5321 5.1): each attempt draws its own order among equals. Empty: as they stand.
  std::vector<std::uint16_t> preferences;
  bool lmtp = false;
  bool is_local = false;  // it stays here: nothing else of this counts
  std::string domain;     // of the recipients
  policy::TlsPolicy tls;
  std::string tls_identity;  // tls.identity(), made once
  // The hosts are who the domain means: its MX answer is secure, or the operator named them.
  bool is_authentic = false;
  bool wants_reports = false;  // the domain asks for TLS reports (RFC 8460 3)
  // The domain announces an MTA-STS policy that can't be had.
  std::optional<policy::StsFetchError> sts_failure;
  std::string username;
  std::string password;
};

// Our own addresses that a delivery goes out from; nullopt: the kernel's choice.
struct SourceAddresses {
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
  [[nodiscard]] const std::optional<IpAddress>& of(IpFamily family) const {
    return family == IpFamily::v4 ? v4 : v6;
  }
  // For people and as a part of keys; empty: the kernel's.
  [[nodiscard]] std::string text() const {
    const std::string first = v4 ? v4->text() : "";
    const std::string second = v6 ? v6->text() : "";
    return first.empty() || second.empty() ? first + second : first + "," + second;
  }
};

// One delivery in the window.
struct Item {
  enum class State : std::uint8_t { resolving, queued, active, settling, gone };

  DeliveryId id;
  std::shared_ptr<const store::Envelope> envelope;
  SharedOctets octets;                      // while hot
  std::optional<store::Progress> progress;  // nullopt: never deferred
  std::shared_ptr<const Target> target;     // shared with the domain and its other items
  State state = State::resolving;
  MonoTime admitted{};
  Duration dns_time{-1};
  bool is_from_store = false;  // read by the loader, not told by the feed
  bool is_begun = false;       // the journal holds the attempt that comes next
  std::uint32_t crashes = 0;   // times it was in flight when the process died
  std::uint32_t requeued = 0;  // times it was put back because the site was busy
  std::optional<QueueAction> after_attempt;
  std::string action_reason;
  // In the shard's window: its entry among those who are counted together.
  std::pair<const std::string, std::size_t>* crowd = nullptr;

  [[nodiscard]] const store::Destination& destination() const {
    return envelope->destinations[id.number];
  }
  [[nodiscard]] std::uint32_t attempts() const { return progress ? progress->attempts : 0; }
  [[nodiscard]] bool is_pending(std::size_t recipient) const {
    return !progress || recipient >= progress->recipients.size() ||
           progress->recipients[recipient].state == store::RecipientState::pending;
  }
};
// Shared by the window and the queue of its lane: an item that an operator takes out of the window
// is left in the queue as `gone` and dropped when its turn comes.
using ItemRef = std::shared_ptr<Item>;

}  // namespace postrider::delivery
