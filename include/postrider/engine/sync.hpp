#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include <postrider/engine/cancel.hpp>
#include <postrider/engine/io_error.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

// Waiting between coroutines of one core. Waiters are resumed through the reactor's next turn,
// first come first served.
namespace postrider::engine {

// Set once or pulsed; any number of waiters. Destruction ends their waits as cancelled.
class Event {
 public:
  explicit Event(Reactor& reactor) : reactor_(reactor) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();
  void set();  // stays set: later waits do not wait
  void reset();
  void pulse();  // wakes who waits now
  [[nodiscard]] bool is_set() const { return set_; }
  // Errors: timed_out, cancelled.
  Task<IoResult<void>> wait(Until until);

 private:
  friend struct EventWaiter;
  Reactor& reactor_;
  bool set_ = false;
  std::list<struct EventWaiter*> waiters_;
};

// Counts units; acquire waits for its place. A Permit gives back what it holds when it dies, before
// the Semaphore.
class Semaphore {
 public:
  Semaphore(Reactor& reactor, std::uint64_t units)
      : reactor_(reactor), total_(units), free_(units) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore();

  class Permit {
   public:
    Permit() = default;
    Permit(Semaphore* semaphore, std::uint64_t units) : semaphore_(semaphore), units_(units) {}
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { release(); }
    void release();
    [[nodiscard]] std::uint64_t units() const { return units_; }

   private:
    Semaphore* semaphore_ = nullptr;
    std::uint64_t units_ = 0;
  };

  // Errors: timed_out, cancelled; resource if more is asked for than there ever was.
  Task<IoResult<Permit>> acquire(std::uint64_t units, Until until);
  // Empty optional-like Permit with units() == 0 if there is no place now.
  [[nodiscard]] Permit try_acquire(std::uint64_t units);
  [[nodiscard]] std::uint64_t free_units() const { return free_; }

 private:
  friend struct SemaphoreWaiter;
  void give_back(std::uint64_t units);
  void admit();
  Reactor& reactor_;
  std::uint64_t total_;
  std::uint64_t free_;
  std::list<struct SemaphoreWaiter*> waiters_;
};

// How a service stops: each conversation holds a Pass; close() cancels their token and drain()
// waits until the last Pass is gone.
class Gate {
 public:
  explicit Gate(Reactor& reactor) : empty_(reactor) { empty_.set(); }

  class Pass {
   public:
    explicit Pass(Gate* gate = nullptr) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass();
    [[nodiscard]] explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  // An empty Pass once closed.
  [[nodiscard]] Pass enter();
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] std::size_t inside() const { return inside_; }
  // Fires when the gate begins to close: loops that wait for new work (accept) end, conversations
  // may finish what they are at.
  [[nodiscard]] CancelToken closing() { return closing_.token(); }
  // Fires when patience is over: everything pending ends.
  [[nodiscard]] CancelToken killing() { return killing_.token(); }
  void close();
  // close(), waits for all until the deadline, then cancels killing() and waits for the rest.
  Task<void> drain(MonoTime patience);

 private:
  void leave();
  bool closed_ = false;
  std::size_t inside_ = 0;
  CancelSource closing_;
  CancelSource killing_;
  Event empty_;
};

}  // namespace postrider::engine
