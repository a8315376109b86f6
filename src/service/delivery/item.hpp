#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/shared_octets.hpp>
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
  bool lmtp = false;
  policy::TlsPolicy tls;
  std::string username;
  std::string password;
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
  std::uint32_t crashes = 0;   // times it was in flight when the process died
  std::uint32_t requeued = 0;  // times it was put back because the site was busy
  std::optional<QueueAction> after_attempt;
  std::string action_reason;

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
