#include "loader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <postrider/base/kill_point.hpp>
namespace postrider::delivery {

namespace {

constexpr std::size_t arrivals_batch = 512;
constexpr std::size_t due_batch = 256;
constexpr std::uint64_t batch_body_octets = 8ULL << 20;  // where the shards have room for them
// The clock may have been set: what is due is looked for at least this often.
constexpr Duration longest_sleep = std::chrono::minutes(1);

// The largest id below, so that a scan "after" it begins with `id`.
DeliveryId before(DeliveryId id) {
  if (id.number > 0) {
    return {id.message, id.number - 1};
  }
  return {MessageId(id.message.value() == 0 ? 0 : id.message.value() - 1),
          std::numeric_limits<std::uint32_t>::max()};
}

store::DueCursor before(const store::DueCursor& cursor) {
  return {cursor.due, before(cursor.delivery)};
}

bool is_before(const store::DueCursor& a, const store::DueCursor& b) {
  return std::pair(a.due, a.delivery) < std::pair(b.due, b.delivery);
}

ItemRef item_of(store::StoredDelivery stored) {
  auto item = std::make_shared<Item>();
  item->id = {stored.envelope->id, stored.number};
  item->envelope = std::move(stored.envelope);
  item->progress = std::move(stored.progress);
  item->octets = std::move(stored.octets);
  item->is_from_store = true;
  return item;
}

}  // namespace

CoreId home_of(std::string_view domain, CoreId cores) {
  // FNV-1a, so that a domain keeps its core from build to build.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : domain) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return static_cast<CoreId>((hash ^ (hash >> 32)) % cores);
}

CoreId core_of(const store::Destination& destination, CoreId cores) {
  const store::LocalTarget& place = destination.recipients.front().local;
  return home_of(place.kind == store::LocalKind::mailbox ? place.name : destination.domain, cores);
}

Loader::Loader(engine::Cores& cores, store::QueueStore& queue, const Windows& windows)
    : cores_(cores),
      reactor_(cores.reactor(0)),
      queue_(queue),
      windows_(windows),
      views_(cores.count()),
      wake_(reactor_),
      answered_(reactor_) {
  for (View& view : views_) {
    view.arrivals_from = DeliveryId{};
    view.was_behind = false;
  }
}

void Loader::tell(CoreId core, std::move_only_function<void(Loader&)> what) {
  cores_.post(cores_.reactor(core), 0, [this, what = std::move(what)]() mutable { what(*this); });
}

void Loader::on_overflow(CoreId core, DeliveryId lowest) {
  tell(core, [core, lowest](Loader& self) { self.note_overflow(core, lowest); });
}

void Loader::on_deferred(CoreId core, WallTime due) {
  tell(core, [due](Loader& self) { self.note_deferred(due); });
}

void Loader::on_room(CoreId core) {
  tell(core, [core](Loader& self) {
    self.views_[core].has_room = true;
    self.wake_.set();
  });
}

void Loader::note_overflow(CoreId core, DeliveryId lowest) {
  View& view = views_[core];
  auto& noted = is_scanning_ ? view.noted_during_scan : view.arrivals_from;
  noted = std::min(noted.value_or(lowest), lowest);
  wake_.set();
}

void Loader::note_deferred(WallTime due) {
  if (is_scanning_) {
    // The scan may pass it, and its shard not take it, as it was still being settled then.
    due_noted_during_scan_ = std::min(due_noted_during_scan_, due);
  }
  rewind_to(due);
  noted_due_ = std::min(noted_due_, due);
  if (due < next_due_) {
    next_due_ = due;
    wake_.set();
  }
}

// To a due time that the cursor has passed: an operator's retry.
void Loader::rewind_to(WallTime due) {
  if (due <= due_after_.due) {
    due_after_ = {due - Duration(1), {}};
  }
}

// Where the clock was set back, what the cursor has passed is due again later; what a window had no
// room for is among it.
void Loader::follow_clock(WallTime now) {
  if (due_after_.due <= now) {
    return;
  }
  due_after_ = {now, {}};
  next_due_ = WallTime::min();
  for (View& view : views_) {
    if (view.due_from && view.due_from->due > now) {
      view.due_from.reset();
    }
  }
}

engine::Task<void> Loader::run(engine::CancelToken stop) {
  while (!stop.is_cancelled()) {
    if (!co_await load_arrivals() || !co_await load_due()) {
      co_return;
    }
    if (next_arrival() || next_missed_due()) {
      continue;
    }
    const MonoTime until = co_await next_wake();
    if (until > reactor_.now()) {
      (void)co_await wake_.wait({until, stop});  // whatever ended it, there is a look to be taken
    }
    wake_.reset();
  }
}

std::optional<DeliveryId> Loader::next_arrival() const {
  std::optional<DeliveryId> out;
  for (const View& view : views_) {
    if (view.has_room && view.arrivals_from) {
      out = std::min(out.value_or(*view.arrivals_from), *view.arrivals_from);
    }
  }
  return out;
}

std::optional<store::DueCursor> Loader::next_missed_due() const {
  std::optional<store::DueCursor> out;
  for (const View& view : views_) {
    if (view.has_room && view.due_from && (!out || is_before(*view.due_from, *out))) {
      out = view.due_from;
    }
  }
  return out;
}

std::uint64_t Loader::body_octets() const {
  const bool is_any_kept = std::ranges::any_of(
      views_, [](const View& view) { return view.has_room && view.keeps_bodies; });
  return is_any_kept ? batch_body_octets : 0;
}

engine::Task<MonoTime> Loader::next_wake() {
  if (next_due_ <= reactor_.wall_now()) {
    noted_due_ = WallTime::max();
    const auto next = co_await queue_.next_due(due_after_);
    // What was deferred while the store was asked may not be in its answer.
    next_due_ = std::min(next ? next->value_or(WallTime::max()) : WallTime::min(), noted_due_);
  }
  const MonoTime now = reactor_.now();
  if (next_due_ == WallTime::max()) {
    co_return mono_never;  // nothing is deferred: whoever defers something wakes us
  }
  if (next_due_ == WallTime::min()) {
    co_return now + longest_sleep;  // the store can't say
  }
  const WallTime wall = reactor_.wall_now();
  co_return now + (next_due_ <= wall ? Duration{} : std::min(next_due_ - wall, longest_sleep));
}

engine::Task<void> Loader::begin_scan() {
  is_scanning_ = true;
  due_noted_during_scan_ = WallTime::max();
  answers_ = 0;
  answered_.reset();
  for (CoreId core = 0; core < cores_.count(); ++core) {
    cores_.post(reactor_, core, [this, core, window = windows_[core]] {
      window->begin_scan();
      tell(core, [](Loader& self) {
        if (++self.answers_ == self.cores_.count()) {
          self.answered_.set();
        }
      });
    });
  }
  (void)co_await answered_.wait({mono_never, {}});  // each core answers
}

engine::Task<std::vector<std::optional<std::size_t>>> Loader::offer(std::vector<ItemRef> items) {
  std::vector<std::vector<ItemRef>> parts(cores_.count());
  std::vector<std::vector<std::size_t>> places(cores_.count());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const CoreId home = core_of(items[i]->destination(), cores_.count());
    parts[home].push_back(std::move(items[i]));
    places[home].push_back(i);
  }
  std::vector<std::optional<std::size_t>> left(cores_.count());
  answers_ = 0;
  answered_.reset();
  for (CoreId core = 0; core < cores_.count(); ++core) {
    cores_.post(reactor_, core,
                [this, core, window = windows_[core], part = std::move(parts[core]), &left,
                 &places]() mutable {
                  const Taken taken = window->take(std::move(part));
                  tell(core, [core, taken, &left, &places](Loader& self) {
                    // Nobody but the shard says so: it may have room again before all have
                    // answered.
                    self.views_[core].has_room = taken.has_room;
                    self.views_[core].keeps_bodies = taken.keeps_bodies;
                    if (taken.first_left) {
                      left[core] = places[core][*taken.first_left];
                    }
                    if (++self.answers_ == self.cores_.count()) {
                      self.answered_.set();
                    }
                  });
                });
  }
  (void)co_await answered_.wait({mono_never, {}});  // each core answers
  is_scanning_ = false;
  kill_point("delivery.load.offered");
  co_return left;
}

// One batch of what was never deferred, from the lowest entry that somebody with room has not
// taken.
engine::Task<bool> Loader::load_arrivals() {
  const auto from = next_arrival();
  if (!from) {
    co_return true;
  }
  co_await begin_scan();
  auto stored = co_await queue_.scan({before(*from), arrivals_batch, true, body_octets()});
  if (!stored) {
    is_scanning_ = false;
    co_return false;
  }
  kill_point("delivery.load.arrivals_read");
  const bool at_end = stored->size() < arrivals_batch;
  std::vector<ItemRef> items;
  std::vector<DeliveryId> ids;
  for (store::StoredDelivery& delivery : *stored) {
    ids.push_back({delivery.envelope->id, delivery.number});
    items.push_back(item_of(std::move(delivery)));
  }
  const auto left = co_await offer(std::move(items));
  for (std::size_t core = 0; core < views_.size(); ++core) {
    View& view = views_[core];
    const auto noted = std::exchange(view.noted_during_scan, std::nullopt);
    if (left[core]) {
      // Entries of this shard between its old mark and the batch are still unread.
      view.arrivals_from =
          std::min(view.arrivals_from.value_or(ids[*left[core]]), ids[*left[core]]);
      if (*view.arrivals_from >= *from) {
        view.arrivals_from = ids[*left[core]];
      }
    } else if (view.arrivals_from && *view.arrivals_from >= *from) {
      view.arrivals_from.reset();
      if (!at_end) {
        view.arrivals_from = DeliveryId{ids.back().message, ids.back().number + 1};
      }
    }
    if (noted) {
      view.arrivals_from = std::min(view.arrivals_from.value_or(*noted), *noted);
    }
  }
  tell_behind();
  co_return true;
}

engine::Task<bool> Loader::load_due() {
  const WallTime now = reactor_.wall_now();
  follow_clock(now);
  const auto missed = next_missed_due();
  // A retry may have set the cursor back to before what was missed: then one scan is for both.
  const store::DueCursor after =
      missed && is_before(before(*missed), due_after_) ? before(*missed) : due_after_;
  if (!missed && next_due_ > now) {
    co_return true;
  }
  co_await begin_scan();
  auto due = co_await queue_.scan_due(after, now, due_batch, body_octets());
  if (!due) {
    is_scanning_ = false;
    co_return false;
  }
  std::vector<ItemRef> items;
  std::vector<store::DueCursor> cursors;
  std::optional<store::DueCursor> last;
  for (store::DueEntry& entry : *due) {
    last = {entry.due, entry.delivery()};
    if (!entry.stored.progress->held) {
      cursors.push_back(*last);
      items.push_back(item_of(std::move(entry.stored)));
    }
  }
  kill_point("delivery.load.due_read");
  const bool at_end = due->size() < due_batch;
  const auto left = co_await offer(std::move(items));
  const WallTime noted_due = std::exchange(due_noted_during_scan_, WallTime::max());
  for (std::size_t core = 0; core < views_.size(); ++core) {
    View& view = views_[core];
    if (const auto noted = std::exchange(view.noted_during_scan, std::nullopt)) {
      view.arrivals_from = std::min(view.arrivals_from.value_or(*noted), *noted);
    }
    // What stands at `after` is not in the batch: who had no room for it misses it still.
    const bool was_covered = !view.due_from || is_before(after, *view.due_from);
    if (left[core]) {
      if (was_covered) {
        view.due_from = cursors[*left[core]];
      }
    } else if (view.due_from && was_covered) {
      view.due_from.reset();
      if (!at_end && is_before(*last, due_after_)) {
        view.due_from =
            store::DueCursor{last->due, {last->delivery.message, last->delivery.number + 1}};
      }
    }
  }
  if (last) {
    if (is_before(due_after_, *last)) {
      due_after_ = *last;
    }
    rewind_to(noted_due);
    if (!at_end) {
      wake_.set();  // there may be more
    }
  }
  co_return true;
}

void Loader::tell_behind() {
  for (CoreId core = 0; core < cores_.count(); ++core) {
    View& view = views_[core];
    const bool behind = view.arrivals_from.has_value();
    if (behind != view.was_behind) {
      view.was_behind = behind;
      cores_.post(reactor_, core,
                  [window = windows_[core], behind] { window->set_behind(behind); });
    }
  }
}

}  // namespace postrider::delivery
