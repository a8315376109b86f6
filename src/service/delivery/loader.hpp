#pragma once

#include "backlog.hpp"
#include "item.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

// The core that a delivery belongs to: of mail for a mailbox its account's, so that a domain's mail
// is filed on all cores and one account's, by whatever address it came, on one; else home_of().
[[nodiscard]] CoreId core_of(const store::Destination& destination, CoreId cores);

// Reads the store for the windows of all shards: what never had room, in order of arrival, and what
// has come due. It holds cursors, never entries. A shard that has no room costs nothing until it
// says that it has some again; then the scan begins at the lowest entry that the shard did not
// take. Shard: core 0.
class Loader final : public Backlog {
 public:
  using Windows = std::vector<Window*>;  // by core

  // In: `windows` is there when run() is awaited.
  Loader(engine::Cores& cores, store::QueueStore& queue, const Windows& windows);

  // Until `stop` is cancelled or the store fails.
  [[nodiscard]] engine::Task<void> run(engine::CancelToken stop);

  // Callable on the shard's core: they travel to core 0 from there.
  void on_overflow(CoreId core, DeliveryId lowest) override;
  void on_deferred(CoreId core, WallTime due) override;
  void on_room(CoreId core) override;

 private:
  struct View {  // of one shard
    bool has_room = true;
    bool keeps_bodies = true;                     // that come along
    std::optional<DeliveryId> arrivals_from;      // the first to be read for it
    std::optional<DeliveryId> noted_during_scan;  // overflow reported while a scan was under way
    std::optional<store::DueCursor> due_from;     // the first due one it did not take
    bool was_behind = false;
  };
  void tell(CoreId core, std::move_only_function<void(Loader&)> what);
  void note_overflow(CoreId core, DeliveryId lowest);
  void note_deferred(WallTime due);
  void rewind_to(WallTime due);
  void follow_clock(WallTime now);

  [[nodiscard]] std::uint64_t body_octets() const;
  [[nodiscard]] engine::Task<void> begin_scan();
  // Entry n of `items` goes to its home; `left[core]` is the first index that was not taken there.
  [[nodiscard]] engine::Task<std::vector<std::optional<std::size_t>>> offer(
      std::vector<ItemRef> items);
  // False: the store failed.
  [[nodiscard]] engine::Task<bool> load_arrivals();
  [[nodiscard]] engine::Task<bool> load_due();
  [[nodiscard]] std::optional<DeliveryId> next_arrival() const;
  [[nodiscard]] std::optional<store::DueCursor> next_missed_due() const;
  [[nodiscard]] engine::Task<MonoTime> next_wake();
  void tell_behind();

  engine::Cores& cores_;
  engine::Reactor& reactor_;
  store::QueueStore& queue_;
  const Windows& windows_;
  std::vector<View> views_;
  store::DueCursor due_after_{WallTime::min(), {}};  // everything up to it has been offered
  WallTime next_due_ = WallTime::min();              // nothing is due before; min(): ask the store
  WallTime noted_due_ = WallTime::max();  // the earliest deferral while the store was asked
  WallTime due_noted_during_scan_ = WallTime::max();
  bool is_scanning_ = false;
  engine::Event wake_;
  engine::Event answered_;
  std::size_t answers_ = 0;
};

}  // namespace postrider::delivery
