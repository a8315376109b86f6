#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace postrider::engine {

// A hierarchical timing wheel: eight levels of 64 slots, a tick at the lowest, each level 64 times
// coarser than the one below. What is far away moves down a level when its slot comes up, at most
// seven times. Cost: insert and remove O(1), next() O(levels), whatever the number of timers.
class TimerWheel {
 public:
  struct Link {
    Link* previous = this;
    Link* next = this;
    void unlink() {
      previous->next = next;
      next->previous = previous;
      previous = next = this;
    }
    void push_back(Link& link) {
      link.previous = previous;
      link.next = this;
      previous->next = &link;
      previous = &link;
    }
    [[nodiscard]] bool is_alone() const { return next == this; }
  };

  // Lives in what waits; leaves the wheel when destroyed.
  class Node : private Link {
   public:
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    [[nodiscard]] bool is_armed() const { return wheel_ != nullptr; }

   protected:
    ~Node() {
      if (wheel_ != nullptr) {
        wheel_->remove(*this);
      }
    }
    // May insert and remove any node and destroy this one.
    virtual void on_due() = 0;

   private:
    friend class TimerWheel;
    TimerWheel* wheel_ = nullptr;
    std::uint64_t when_ = 0;
    std::uint8_t level_ = 0;
    std::uint8_t slot_ = 0;
  };

  explicit TimerWheel(std::uint64_t now) : now_(now) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Due at tick `when`, or with the next advance() if that has passed. An armed node is moved.
  void insert(Node& node, std::uint64_t when);
  void remove(Node& node);

  // No node is due before this tick (it may be the tick at which far nodes move down).
  [[nodiscard]] std::optional<std::uint64_t> next() const;
  // Calls on_due() of all nodes due until `now`, in order of their ticks. What they insert for a
  // past tick is due with the next advance().
  void advance(std::uint64_t now);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1U << slot_bits;
  static constexpr unsigned levels = 8;  // 2^48 ticks; of 0.1 ms each, 890 years
  static constexpr std::uint64_t horizon = (std::uint64_t{1} << (slot_bits * levels)) - 1;
  static constexpr std::uint8_t no_level = 0xff;

  struct Position {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;
  };
  [[nodiscard]] std::optional<Position> first() const;
  void place(Node& node);

  std::uint64_t now_;
  std::size_t size_ = 0;
  bool advancing_ = false;
  std::array<std::uint64_t, levels> occupied_{};
  std::array<std::array<Link, slots>, levels> lists_;
};

}  // namespace postrider::engine
