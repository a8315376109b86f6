#include "sim_world.hpp"

#include <algorithm>

namespace postrider::engine {

SimWorld::SimWorld(const SimulationSettings& settings)
    : start_(settings.start),
      random_(settings.seed),
      ready_(settings.cores),
      steps_(settings.cores) {}

Duration SimWorld::between(Duration low, Duration high) {
  if (high <= low) {
    return low;
  }
  return low + Duration(static_cast<std::int64_t>(
                   random_.below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

bool SimWorld::chance(double probability) {
  // Without a draw when off, so that a fault that is not used does not change the trace.
  return probability > 0 && random_.unit() < probability;
}

void SimWorld::schedule(CoreId core, std::coroutine_handle<> handle) {
  push(core, Runnable{SimStep::resume, handle, {}});
}

void SimWorld::defer(CoreId core, SimStep kind, Work work) {
  push(core, Runnable{kind, {}, std::move(work)});
}

void SimWorld::push(CoreId core, Runnable runnable) {
  if (closed_) {
    return;
  }
  ready_[core].push_back(std::move(runnable));
  ++ready_count_;
}

SimWorld::EventId SimWorld::at(MonoTime when, CoreId core, SimStep kind, Work work) {
  const EventId id{std::max(when, now_), ++sequence_};
  if (!closed_) {
    timed_.emplace(id, Timed{core, kind, std::move(work)});
  }
  return id;
}

void SimWorld::cancel(const EventId& id) {
  // The work's destructor may come back here: it must not find a half-erased map.
  const auto removed = timed_.extract(id);
  (void)removed;  // absent: it has run
}

bool SimWorld::step(MonoTime limit) {
  if (ready_count_ == 0) {
    if (timed_.empty() || timed_.begin()->first.first > limit) {
      return false;
    }
    auto due = timed_.extract(timed_.begin());
    now_ = due.key().first;
    trace(due.mapped().kind, due.mapped().core, due.key().second);
    ++steps_[due.mapped().core];
    due.mapped().work();
    return true;
  }
  // Any core may be the next to move, but each keeps its own order.
  CoreId core = ready_.size() == 1 ? CoreId{0} : static_cast<CoreId>(random_.below(ready_.size()));
  while (ready_[core].empty()) {
    core = static_cast<CoreId>((core + 1U) % ready_.size());
  }
  Runnable next = std::move(ready_[core].front());
  ready_[core].pop_front();
  --ready_count_;
  trace(next.kind, core, 0);
  ++steps_[core];
  if (next.handle) {
    next.handle.resume();
  } else {
    next.work();
  }
  return true;
}

void SimWorld::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
  hash_ ^= hash_ >> 29;
}

void SimWorld::trace(SimStep kind, CoreId core, std::uint64_t detail) {
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  mix(static_cast<std::uint64_t>(kind) << 48 | static_cast<std::uint64_t>(core) << 32);
  mix(detail);
}

void SimWorld::trace(std::string_view what) {
  trace(SimStep::traced, 0, what.size());
  for (const char c : what) {
    mix(static_cast<unsigned char>(c));
  }
}

void SimWorld::forget_work() {
  for (std::deque<Runnable>& ready : ready_) {
    while (!ready.empty()) {
      const Runnable forgotten = std::move(ready.front());
      ready.pop_front();
      --ready_count_;
    }
  }
  std::vector<EventId> jobs;
  for (const auto& [id, timed] : timed_) {
    if (timed.kind == SimStep::disk || timed.kind == SimStep::offload) {
      jobs.push_back(id);
    }
  }
  for (const EventId& id : jobs) {
    cancel(id);
  }
}

void SimWorld::close() {
  closed_ = true;
  forget_work();
  while (!timed_.empty()) {
    cancel(timed_.begin()->first);
  }
}

}  // namespace postrider::engine
