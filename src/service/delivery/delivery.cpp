#include "loader.hpp"
#include "shard.hpp"
#include "site_leases.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>
#include <postrider/service/delivery/delivery.hpp>

namespace postrider::delivery {

namespace {

// Runs a coroutine on another core and waits for its result here.
template <class R>
struct Reply {
  explicit Reply(engine::Reactor& reactor) : arrived(reactor) {}
  engine::Event arrived;
  std::optional<R> value;
};

template <class R>
engine::Task<void> answer(engine::Cores& cores, CoreId on, CoreId to, Reply<R>* reply,
                          std::move_only_function<engine::Task<R>()> make) {
  R value = co_await make();
  cores.post(cores.reactor(on), to, [reply, value = std::move(value)]() mutable {
    reply->value.emplace(std::move(value));
    reply->arrived.set();
  });
}

// Not cancellable: the reply stands in this frame.
template <class R>
engine::Task<R> ask(engine::Cores& cores, CoreId from, CoreId on,
                    std::move_only_function<engine::Task<R>()> make) {
  Reply<R> reply(cores.reactor(from));
  cores.post(cores.reactor(from), on,
             [&cores, from, on, reply = &reply, make = std::move(make)]() mutable {
               cores.reactor(on).spawn(answer<R>(cores, on, from, reply, std::move(make)));
             });
  (void)co_await reply.arrived.wait({mono_never, {}});  // each core answers
  co_return std::move(*reply.value);
}

template <class R>
engine::Task<R> ready(R value) {
  co_return value;
}

ItemRef fresh_item(const store::QueueEntry& entry, std::uint32_t number) {
  auto item = std::make_shared<Item>();
  item->id = {entry.envelope->id, number};
  item->envelope = entry.envelope;
  // Chunk 0 of a large message is kept as well: it saves a read.
  item->octets = entry.octets;
  item->is_begun = entry.is_begun;
  return item;
}

constexpr std::size_t begun_together_max = 64;

class DeliveryImpl;

class Feed final : public store::QueueFeed {
 public:
  Feed(DeliveryImpl& owner, CoreId core) : owner_(owner), core_(core) {}
  std::optional<std::uint32_t> first_attempt(const store::Envelope& envelope) override;
  void on_committed(store::QueueEntry entry) override;
  void on_set_aside(const store::SetAside& message) override;

 private:
  DeliveryImpl& owner_;
  CoreId core_;
};

class DeliveryImpl final : public Delivery, public QueueControl {
 public:
  DeliveryImpl(engine::Cores& cores, DeliverySettings settings, std::vector<CoreDoors> doors)
      : cores_(cores),
        doors_(std::move(doors)),
        loader_(cores, *doors_.front().queue, windows_),
        loading_(cores.reactor(0)) {
    settings_.push_back(std::make_unique<const DeliverySettings>(std::move(settings)));
    const std::uint32_t site_limit = std::max(1U, settings_.back()->connections_per_site);
    for (CoreId core = 0; core < cores_.count(); ++core) {
      leases_.push_back(std::make_unique<SiteLeases>(cores_, core, leases_, site_limit));
      shards_.push_back(std::make_unique<Shard>(cores_.reactor(core), *settings_.back(),
                                                cores_.count(), doors_[core], loader_,
                                                *leases_.back()));
      windows_.push_back(shards_.back().get());
      feeds_.push_back(std::make_unique<Feed>(*this, core));
    }
  }

  DeliveryImpl(const DeliveryImpl&) = delete;
  DeliveryImpl& operator=(const DeliveryImpl&) = delete;
  ~DeliveryImpl() override {
    // After a crash there is nobody who would hear of the connections that end with the shards.
    for (const auto& leases : leases_) {
      leases->abandon();
    }
  }

  store::QueueFeed& feed(CoreId core) override { return *feeds_.at(core); }
  QueueControl& control() override { return *this; }

  // Not where many deliveries would wait for each other, nor where mail is filed here: that keeps
  // no journal.
  std::optional<std::uint32_t> first_attempt(const store::Envelope& envelope) const {
    const auto begins_soon = [this](const store::Destination& destination) {
      return !is_placed(destination) && shards_[core_of(destination, cores_.count())]->is_prompt();
    };
    const auto& destinations = envelope.destinations;
    const bool do_all = destinations.size() <= begun_together_max &&
                        envelope.disposition != store::Disposition::quarantine &&
                        std::ranges::all_of(destinations, begins_soon);
    return do_all ? std::optional(JournalNumber{1, 0}.encode()) : std::nullopt;
  }

  // So that what comes back is known when the entry is gone.
  void note_sent(CoreId core, const store::Envelope& envelope) {
    flow::ReturnDesk* const returns = doors_[core].returns;
    if (returns == nullptr || returns->addresses().rule_for(envelope.reverse_path) == nullptr ||
        std::ranges::all_of(envelope.destinations, is_placed)) {
      return;
    }
    cores_.reactor(core).spawn(
        returns->ledger().note(envelope.id, flow::sent_message_of(envelope)));
  }

  void on_committed(CoreId core, const store::QueueEntry& entry) {
    note_sent(core, *entry.envelope);
    for (std::uint32_t number = 0; number < entry.envelope->destinations.size(); ++number) {
      const CoreId home = core_of(entry.envelope->destinations[number], cores_.count());
      ItemRef item = fresh_item(entry, number);
      if (home == core) {
        shards_[home]->on_fresh(std::move(item));
      } else {
        cores_.post(cores_.reactor(core), home,
                    [shard = shards_[home].get(), item = std::move(item)]() mutable {
                      shard->on_fresh(std::move(item));
                    });
      }
    }
  }

  void on_set_aside(CoreId core, const store::SetAside& message) {
    flow::Event event;
    event.kind = flow::EventKind::quarantined;
    event.time = cores_.reactor(core).wall_now();
    event.id = message.id;
    event.text = message.reason;
    if (message.envelope) {
      event.tenant = message.envelope->tenant;
      event.from = message.envelope->reverse_path;
      event.size = message.envelope->size_octets;
    }
    doors_[core].events->emit(std::move(event));
  }

  engine::Task<void> start() override {
    co_await read_journal();
    // What may come twice is named before anything goes out: the next death may be near.
    co_await doors_.front().events->written();
    kill_point("delivery.start.journal_judged");
    if (auto pass = loading_.enter()) {
      cores_.reactor(0).spawn(load(std::move(pass)));
    }
  }

  engine::Task<void> reload(DeliverySettings settings) override {
    settings_.push_back(std::make_unique<const DeliverySettings>(std::move(settings)));
    for (CoreId core = 0; core < cores_.count(); ++core) {
      co_await ask<bool>(cores_, 0, core,
                         [shard = shards_[core].get(), newest = settings_.back().get(),
                          cores = cores_.count()] { return set_one(shard, newest, cores); });
    }
  }

  engine::Task<void> drain(MonoTime patience) override {
    kill_point("delivery.drain.begun");
    // The loader waits for shards: it goes first, while they still answer.
    co_await loading_.drain(patience);
    for (CoreId core = 0; core < cores_.count(); ++core) {
      co_await ask<bool>(cores_, 0, core, [shard = shards_[core].get(), patience] {
        return drain_one(shard, patience);
      });
    }
    for (CoreId core = 0; core < cores_.count(); ++core) {
      co_await ask<bool>(cores_, 0, core,
                         [leases = leases_[core].get()] { return close_one(leases); });
    }
    kill_point("delivery.drain.before_sync");
    (void)co_await doors_.front().queue->sync();  // a failure is the store's to report
  }

  engine::Task<ActionResult> apply(CoreId from, DeliveryId delivery, QueueAction action,
                                   std::string reason) override {
    const auto envelope = co_await doors_[from].queue->load_envelope(delivery.message);
    if (!envelope || delivery.number >= (*envelope)->destinations.size()) {
      co_return ActionResult::not_found;
    }
    const CoreId home = core_of((*envelope)->destinations[delivery.number], cores_.count());
    co_return co_await ask<ActionResult>(
        cores_, from, home,
        [shard = shards_[home].get(), delivery, action, reason = std::move(reason)] {
          return shard->apply(delivery, action, reason);
        });
  }

  engine::Task<std::vector<ActionResult>> apply_to_message(CoreId from, MessageId message,
                                                           QueueAction action,
                                                           std::string reason) override {
    std::vector<ActionResult> out;
    const auto open = co_await doors_[from].queue->load_message(message);
    if (open) {
      for (const store::StoredDelivery& delivery : *open) {
        out.push_back(co_await apply(from, {message, delivery.number}, action, reason));
      }
    }
    co_return out;
  }

  engine::Task<std::optional<Explanation>> explain(CoreId from, DeliveryId delivery) override {
    const auto envelope = co_await doors_[from].queue->load_envelope(delivery.message);
    if (!envelope || delivery.number >= (*envelope)->destinations.size()) {
      co_return std::nullopt;
    }
    const CoreId home = core_of((*envelope)->destinations[delivery.number], cores_.count());
    co_return co_await ask<std::optional<Explanation>>(
        cores_, from, home,
        [shard = shards_[home].get(), delivery] { return shard->explain(delivery); });
  }

  engine::Task<std::vector<SiteStatus>> sites(CoreId from) override {
    std::vector<SiteStatus> out;
    for (CoreId core = 0; core < cores_.count(); ++core) {
      auto part = co_await ask<std::vector<SiteStatus>>(
          cores_, from, core, [shard = shards_[core].get()] { return ready(shard->sites()); });
      std::ranges::move(part, std::back_inserter(out));
    }
    co_return out;
  }

  engine::Task<std::vector<ActiveDelivery>> active(CoreId from) override {
    std::vector<ActiveDelivery> out;
    for (CoreId core = 0; core < cores_.count(); ++core) {
      auto part = co_await ask<std::vector<ActiveDelivery>>(
          cores_, from, core, [shard = shards_[core].get()] { return ready(shard->active()); });
      std::ranges::move(part, std::back_inserter(out));
    }
    co_return out;
  }

  engine::Task<DeliveryStatus> status(CoreId from) override {
    DeliveryStatus out;
    for (CoreId core = 0; core < cores_.count(); ++core) {
      const auto part = co_await ask<DeliveryStatus>(
          cores_, from, core, [shard = shards_[core].get()] { return ready(shard->status()); });
      out.window += part.window;
      out.active += part.active;
      out.overflowed += part.overflowed;
      out.connections += part.connections;
      out.delivered += part.delivered;
      out.deferred += part.deferred;
      out.failed += part.failed;
      out.halted |= part.halted;
    }
    co_return out;
  }

 private:
  static engine::Task<bool> set_one(Shard* shard, const DeliverySettings* settings, CoreId cores) {
    shard->set_settings(*settings, cores);
    co_return true;
  }

  static engine::Task<bool> drain_one(Shard* shard, MonoTime patience) {
    co_await shard->drain(patience);
    co_return true;
  }

  static engine::Task<bool> close_one(SiteLeases* leases) {
    co_await leases->close();
    co_return true;
  }

  engine::Task<void> load(engine::Gate::Pass /*pass*/) { co_await loader_.run(loading_.closing()); }

  // What the last process had begun: its recipients may get the message twice. What was in flight
  // each time that the process died is suspected of it, and held.
  engine::Task<void> read_journal() {
    store::QueueStore& queue = *doors_.front().queue;
    const auto open = co_await queue.open_attempts();
    if (!open) {
      co_return;
    }
    kill_point("delivery.start.journal_read");
    for (const store::JournalEntry& entry : *open) {
      auto stored = co_await queue.load(entry.delivery);
      if (!stored) {
        continue;
      }
      co_await judge_crashed(entry, std::move(*stored));
    }
  }

  engine::Task<void> judge_crashed(store::JournalEntry entry, store::StoredDelivery stored) {
    engine::Reactor& reactor = cores_.reactor(0);
    const JournalNumber number = JournalNumber::decode(entry.attempt);
    const std::uint32_t crashes = number.crashes + 1;
    Item item;
    item.id = entry.delivery;
    item.envelope = stored.envelope;
    item.progress = stored.progress;
    const auto& recipients = item.destination().recipients;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
      // What is filed here ends in the same batch: it can't come twice.
      if (item.is_pending(i) && !is_placed(item.destination())) {
        flow::Event event = make_event(flow::EventKind::possible_duplicate, item,
                                       reactor.wall_now(), recipients[i].address);
        event.attempt = number.attempt;
        event.text =
            "an attempt had begun when the process ended, at " + encode_rfc3339(entry.begun);
        doors_.front().events->emit(std::move(event));
      }
    }
    kill_point("delivery.start.duplicates_named");
    if (crashes < settings_.back()->crashes_before_hold) {
      const CoreId home = core_of(item.destination(), cores_.count());
      cores_.post(reactor, home, [shard = shards_[home].get(), id = item.id, crashes] {
        shard->note_crashes(id, crashes);
      });
      co_return;
    }
    store::Progress progress = item.progress.value_or(store::Progress{});
    progress.held = true;
    progress.hold_reason = "the process has died " + std::to_string(crashes) +
                           " times while this was being delivered: look at it, then release it";
    progress.next_due = reactor.wall_now();
    flow::Event event = make_event(flow::EventKind::held, item, reactor.wall_now());
    event.text = progress.hold_reason;
    doors_.front().events->emit(std::move(event));
    kill_point("delivery.start.suspect_held");
    // If this can't be written, nothing can: the shards will find out.
    (void)co_await doors_.front().queue->settle({item.id, std::move(progress), std::nullopt});
  }

  engine::Cores& cores_;
  // Of each reload; the last one counts, and attempts that began before it still look at theirs.
  std::vector<std::unique_ptr<const DeliverySettings>> settings_;
  std::vector<CoreDoors> doors_;
  SiteLeases::Peers leases_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Loader::Windows windows_;
  Loader loader_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  engine::Gate loading_;
};

std::optional<std::uint32_t> Feed::first_attempt(const store::Envelope& envelope) {
  return owner_.first_attempt(envelope);
}

void Feed::on_committed(store::QueueEntry entry) {
  owner_.on_committed(core_, entry);
}

void Feed::on_set_aside(const store::SetAside& message) {
  owner_.on_set_aside(core_, message);
}

}  // namespace

std::unique_ptr<Delivery> Delivery::create(engine::Cores& cores, DeliverySettings settings,
                                           std::vector<CoreDoors> doors) {
  check(doors.size() == cores.count(), "delivery needs the doors of every core");
  return std::make_unique<DeliveryImpl>(cores, std::move(settings), std::move(doors));
}

}  // namespace postrider::delivery
