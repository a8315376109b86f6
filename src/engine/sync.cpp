#include "wait.hpp"

#include <postrider/engine/sync.hpp>

namespace postrider::engine {

struct EventWaiter final : Wait {
  EventWaiter(Event& event, Until until)
      : Wait(event.reactor_, until), owner(&event), waiters(&event.waiters_) {
    place = waiters->insert(waiters->end(), this);
  }
  ~EventWaiter() { unlink(); }
  void unlink() {
    if (owner != nullptr) {
      waiters->erase(place);
      owner = nullptr;
    }
  }
  Event* owner;
  std::list<EventWaiter*>* waiters;
  std::list<EventWaiter*>::iterator place;
};

Event::~Event() {
  while (!waiters_.empty()) {
    EventWaiter& waiter = *waiters_.front();
    waiter.unlink();
    waiter.finish(Wait::End::cancelled);
  }
}

void Event::set() {
  set_ = true;
  pulse();
}

void Event::reset() {
  set_ = false;
}

void Event::pulse() {
  while (!waiters_.empty()) {
    EventWaiter& waiter = *waiters_.front();
    waiter.unlink();
    waiter.finish();
  }
}

Task<IoResult<void>> Event::wait(Until until) {
  if (set_) {
    co_return IoResult<void>{};
  }
  EventWaiter waiter(*this, until);
  const Wait::End end = co_await waiter;
  if (end == Wait::End::done) {
    co_return IoResult<void>{};
  }
  co_return failure(error_of(end));
}

struct SemaphoreWaiter final : Wait {
  SemaphoreWaiter(Semaphore& semaphore, std::uint64_t wanted, Until until)
      : Wait(semaphore.reactor_, until),
        owner(&semaphore),
        waiters(&semaphore.waiters_),
        units(wanted) {
    place = waiters->insert(waiters->end(), this);
  }
  ~SemaphoreWaiter() { unlink(); }
  void unlink() {
    if (owner != nullptr) {
      waiters->erase(place);
      owner = nullptr;
    }
  }
  Semaphore* owner;
  std::list<SemaphoreWaiter*>* waiters;
  std::list<SemaphoreWaiter*>::iterator place;
  std::uint64_t units;
  Semaphore::Permit granted;
};

Semaphore::~Semaphore() {
  while (!waiters_.empty()) {
    SemaphoreWaiter& waiter = *waiters_.front();
    waiter.unlink();
    waiter.finish(Wait::End::cancelled);
  }
}

Semaphore::Permit::Permit(Permit&& other) noexcept
    : semaphore_(std::exchange(other.semaphore_, nullptr)),
      units_(std::exchange(other.units_, 0)) {}

Semaphore::Permit& Semaphore::Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    release();
    semaphore_ = std::exchange(other.semaphore_, nullptr);
    units_ = std::exchange(other.units_, 0);
  }
  return *this;
}

void Semaphore::Permit::release() {
  const std::uint64_t units = std::exchange(units_, 0);
  if (Semaphore* const semaphore = std::exchange(semaphore_, nullptr); semaphore != nullptr) {
    semaphore->give_back(units);
  }
}

Task<IoResult<Semaphore::Permit>> Semaphore::acquire(std::uint64_t units, Until until) {
  if (units > total_) {
    co_return failure(IoError::resource);
  }
  if (Permit permit = try_acquire(units); permit.units() != 0 || units == 0) {
    co_return permit;
  }
  SemaphoreWaiter waiter(*this, units, until);
  const Wait::End end = co_await waiter;
  if (end == Wait::End::done) {
    co_return std::move(waiter.granted);
  }
  // Whoever stood behind may fit now.
  if (waiter.owner != nullptr) {
    waiter.unlink();
    admit();
  }
  co_return failure(error_of(end));
}

Semaphore::Permit Semaphore::try_acquire(std::uint64_t units) {
  if (units == 0 || !waiters_.empty() || units > free_) {
    return {};
  }
  free_ -= units;
  return Permit(this, units);
}

void Semaphore::give_back(std::uint64_t units) {
  free_ += units;
  admit();
}

void Semaphore::admit() {
  while (!waiters_.empty()) {
    SemaphoreWaiter& waiter = *waiters_.front();
    // One that has timed out but not yet been resumed leaves by itself; it takes nobody's place.
    if (waiter.is_pending()) {
      if (waiter.units > free_) {
        return;
      }
      free_ -= waiter.units;
      waiter.granted = Permit(this, waiter.units);
    }
    waiter.unlink();
    waiter.finish();
  }
}

Gate::Pass::~Pass() {
  if (gate_ != nullptr) {
    gate_->leave();
  }
}

Gate::Pass Gate::enter() {
  if (closed_) {
    return Pass();
  }
  ++inside_;
  empty_.reset();
  return Pass(this);
}

void Gate::leave() {
  --inside_;
  if (inside_ == 0) {
    empty_.set();
  }
}

void Gate::close() {
  closed_ = true;
  closing_.cancel();
}

Task<void> Gate::drain(MonoTime patience) {
  close();
  const auto in_time = co_await empty_.wait(Until{.deadline = patience});
  if (!in_time) {
    killing_.cancel();
    // No deadline: what holds a Pass has been cancelled and ends when the kernel lets go.
    (void)co_await empty_.wait(Until{});  // can end in no other way than empty
  }
}

}  // namespace postrider::engine
