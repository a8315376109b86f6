#pragma once

#include "attempt.hpp"
#include "backlog.hpp"
#include "conclusion.hpp"
#include "departures.hpp"
#include "host_memory.hpp"
#include "item.hpp"
#include "journal_ride.hpp"
#include "lane.hpp"
#include "local_delivery.hpp"
#include "site_leases.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/flow/filing_turns.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/service/delivery/queue_control.hpp>
#include <postrider/service/delivery/settings.hpp>

namespace postrider::delivery {

// Deliveries of one core: the window, the lanes of its sites, the connections. What there is no
// room for stays in the store and comes back through the loader.
// Shard: its core. Limits: DeliverySettings.
class Shard final : public Window {
 public:
  Shard(engine::Reactor& reactor, const DeliverySettings& settings, CoreId cores, CoreDoors doors,
        Backlog& backlog, SiteLeases& leases);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard() override;

  // From the next lookup, attempt and deferral on. In: outlives the shard, as the ones before do:
  // what is under way keeps to them. Connections beyond a site's new limit end after the message
  // that they are at.
  void set_settings(const DeliverySettings& settings, CoreId cores);

  // Any core: what becomes durable now is attempted here as soon as it comes.
  [[nodiscard]] bool is_prompt() const { return is_prompt_.load(std::memory_order_relaxed); }
  // A message that has just become durable, its body hot.
  void on_fresh(ItemRef item);
  // From the loader.
  void begin_scan() override;
  [[nodiscard]] Taken take(std::vector<ItemRef> items) override;
  void set_behind(bool behind) override;
  void note_crashes(DeliveryId delivery, std::uint32_t crashes) { crashes_[delivery] = crashes; }

  // Begins nothing new; ends when all that runs has ended.
  [[nodiscard]] engine::Task<void> drain(MonoTime patience);

  [[nodiscard]] engine::Task<ActionResult> apply(DeliveryId delivery, QueueAction action,
                                                 std::string reason);
  [[nodiscard]] engine::Task<std::optional<Explanation>> explain(DeliveryId delivery);
  [[nodiscard]] std::vector<SiteStatus> sites() const;
  [[nodiscard]] std::vector<ActiveDelivery> active() const;
  [[nodiscard]] DeliveryStatus status() const;

 private:
  // A domain with deliveries in the window.
  struct Domain {
    std::string name;
    std::shared_ptr<const Target> target;  // shared with items
    // The same for messages that require TLS, or care for none (RFC 8689); made when they come.
    std::shared_ptr<const Target> strict;
    std::shared_ptr<const Target> lax;
    MonoTime fresh_until{};
    bool is_resolving = false;
    std::size_t items = 0;
    std::deque<ItemRef> waiting;
    MonoTime lookup_began{};
  };

  // The window (window.cpp).
  [[nodiscard]] std::size_t window_capacity() const;
  [[nodiscard]] std::size_t room_mark() const;
  [[nodiscard]] bool has_room_for(const Item& item, bool is_fresh) const;
  void admit(ItemRef item);
  void leave(Item& item);
  void note_promptness();
  void undo_unbegun();
  [[nodiscard]] bool stands_behind_stored(const Item& item) const;
  [[nodiscard]] static std::string crowd_key(const Item& item);
  void join_crowd(Item& item);
  void leave_crowd(Item& item);

  // What a domain publishes about TLS.
  struct DomainTls {
    policy::StsAnswer sts;
    bool wants_reports = false;
  };

  // From domain to lane (resolving.cpp).
  void resolve(ItemRef item);
  [[nodiscard]] engine::Task<void> look_up(Domain& domain, engine::Gate::Pass pass);
  void on_hosts(Domain& domain, const net::MailHosts& hosts, const DomainTls& published);
  [[nodiscard]] engine::Task<DomainTls> look_up_tls(std::string domain);
  void set_target(Domain& domain, std::shared_ptr<const Target> target, MonoTime fresh_until);
  [[nodiscard]] std::shared_ptr<const Target> target_for(Domain& domain, const Item& item) const;
  void on_no_hosts(Domain& domain, const net::MailHostsError& error);
  // The same for all that wait for the domain.
  void end_waiting(Domain& domain, const Verdict& verdict);
  [[nodiscard]] std::shared_ptr<Target> new_target(const Domain& domain) const;
  void enqueue(ItemRef item);
  [[nodiscard]] Lane& lane_of(const Item& item);
  [[nodiscard]] Lane* known_lane(const Item& item);

  // A worker's connection, and its places in the budgets of the site and of the core.
  struct Start {
    SiteSlot site_slot;
    Counted core_slot;
    std::unique_ptr<ClientConnection> held;  // null: to be opened
  };

  // Lanes and their workers (lanes.cpp).
  void pump(Lane& lane);
  void begin(Lane& lane, Start start);
  void starve(Lane& lane);
  void on_granted(Lane& lane, SiteSlot slot);
  void pump_starved();
  void flush_suspended(Lane& lane);
  [[nodiscard]] bool make_room_for_connection();
  [[nodiscard]] ItemRef next_item(Lane& lane, MonoTime began);
  [[nodiscard]] std::shared_ptr<JournalRide> journal_of(Item& item);
  [[nodiscard]] const flow::OwnAddresses* own_addresses() const {
    return doors_.returns == nullptr ? nullptr : &doors_.returns->addresses();
  }
  [[nodiscard]] engine::Task<void> work(Lane& lane, Start start, engine::Gate::Pass pass);
  [[nodiscard]] bool judge_site(Lane& lane, Item& item, const AttemptResult& result);

  // What stays here (local_work.cpp).
  [[nodiscard]] bool stays_here(const Item& item) const;
  [[nodiscard]] engine::Task<Result<bool, flow::AddressFailure>> is_hosted(std::string domain);
  void on_hosted(Domain& domain);
  void enqueue_local(ItemRef item);
  void pump_local();
  [[nodiscard]] engine::Task<void> work_locally(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<bool> note_local_attempt(const Item& item);
  [[nodiscard]] flow::FilingTurns::Turn take_turn(const Item& item);
  [[nodiscard]] engine::Task<void> deliver_locally(ItemRef item, flow::FilingTurns::Turn turn);
  [[nodiscard]] static bool is_held_back(const Item& item);
  void hold_back_soon(ItemRef item);
  [[nodiscard]] engine::Task<void> hold_back(ItemRef item, engine::Gate::Pass pass);
  [[nodiscard]] Conclusion conclude_locally(const Item& item, const Verdict& verdict);
  [[nodiscard]] engine::Task<void> file(ItemRef item, LocalPlan plan, flow::FilingTurns::Turn turn);
  [[nodiscard]] engine::Task<void> send_on(ItemRef item, LocalPlan plan);
  void tell(Conclusion conclusion);

  // Idle connections (idle.cpp).
  [[nodiscard]] Start take_idle(Lane& lane);
  void park(Lane& lane, std::unique_ptr<ClientConnection> client);
  [[nodiscard]] engine::Task<void> sweep(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> say_goodbye(std::unique_ptr<ClientConnection> client,
                                               engine::Gate::Pass pass);
  void close_idle(std::unique_ptr<ClientConnection> client);
  [[nodiscard]] engine::Task<void> part(std::unique_ptr<ClientConnection> client);
  void on_recalled(Lane& lane);
  void drop_unused_lanes();

  // Ends (settling.cpp).
  [[nodiscard]] engine::Task<void> finish(ItemRef item, AttemptResult result,
                                          engine::Gate::Pass pass);
  void finish_later(ItemRef item, AttemptResult result);
  [[nodiscard]] engine::Task<void> settle(ItemRef item, Conclusion conclusion);
  [[nodiscard]] engine::Task<std::optional<store::NewMessage>> write_report(
      const Item& item, std::vector<flow::ReportedRecipient> reported);
  [[nodiscard]] engine::Task<void> give_up_unreadable(ItemRef item, store::StoreError error);
  [[nodiscard]] engine::Task<void> undo_attempt(ItemRef item);
  // Where the journal holds an attempt that has not begun.
  void undo_soon(ItemRef item);
  [[nodiscard]] engine::Task<void> undo(ItemRef item, engine::Gate::Pass pass);
  void halt(store::StoreError error);

  // Operators (shard_control.cpp).
  [[nodiscard]] engine::Task<bool> departure(MonoTime deadline);
  [[nodiscard]] ActionResult mark_active(Item& item, QueueAction action, std::string reason);
  [[nodiscard]] ItemRef take_waiting(const ItemRef& item);
  [[nodiscard]] ItemRef claim(store::StoredDelivery stored);
  void claim(const ItemRef& item);
  [[nodiscard]] engine::Task<ActionResult> change(ItemRef item, QueueAction action,
                                                  std::string reason);
  void end_suspensions();
  void give_back(const Item& item);
  void explain_item(const Item& item, Explanation& out) const;

  engine::Reactor& reactor_;
  const DeliverySettings* settings_;  // of the last reload
  CoreDoors doors_;
  Backlog& backlog_;
  policy::RetrySchedule schedule_;
  SiteLimits site_limits_;
  SiteLeases& leases_;
  HostMemory memory_;
  FamilyMemory families_refused_;
  net::TlsResumptionCache resumptions_;
  engine::Semaphore lookups_;
  struct Local {
    Local(LocalDelivery::Doors doors, std::function<void()> on_wait)
        : delivery(doors), turns(doors.reactor, std::move(on_wait)) {}
    LocalDelivery delivery;
    flow::FilingTurns turns;
    LaneQueue queue;
    std::uint32_t workers = 0;             // those that wait for their turn as well
    std::uint32_t starting = 0;            // workers that have not taken anything yet
    std::shared_ptr<const Target> target;  // of the last, shared with its items
  };
  std::optional<Local> local_;  // nullopt: nothing is hosted
  engine::Gate gate_;           // lookups, workers, idle connections
  engine::Gate settling_;       // closes last: what has happened gets recorded

  std::uint32_t connections_ = 0;
  std::unordered_map<DeliveryId, ItemRef> window_;
  std::unordered_map<std::string, std::size_t> crowds_;  // by crowd_key: how many in the window
  std::unordered_map<std::string, std::unique_ptr<Domain>> domains_;
  std::unordered_map<std::string, std::unique_ptr<Lane>> lanes_;
  std::unordered_map<DeliveryId, std::uint32_t> crashes_;
  std::deque<Lane*> starved_;
  std::uint64_t hot_octets_ = 0;
  std::optional<MonoTime> suspensions_ended_;
  std::size_t idle_ = 0;
  std::size_t lanes_until_drop_ = 1'000;
  bool is_sweeping_ = false;

  std::atomic<bool> is_prompt_ = true;
  bool behind_ = false;     // the store holds older ones that wait for room
  bool told_full_ = false;  // the loader was told, or found, that there is no room
  Departures departures_;
  std::optional<Departures::Reading> scan_;  // the loader's, from begin_scan() to take()
  engine::Event departed_;                   // pulsed for operators who wait
  std::size_t departure_waiters_ = 0;
  // The latest that came from the store and ended: see on_fresh().
  std::unordered_set<DeliveryId> ended_early_;
  std::deque<DeliveryId> ended_early_order_;
  std::optional<DeliveryId> overflow_;  // to be told to the loader at the end of the turn
  // By crowd_key, of what stays here: the latest that waits in the store. Until it has come back,
  // no fresh one goes past it.
  std::unordered_map<std::string, DeliveryId> left_behind_;
  bool halted_ = false;
  std::uint64_t active_ = 0;
  DeliveryStatus totals_;
};

}  // namespace postrider::delivery
