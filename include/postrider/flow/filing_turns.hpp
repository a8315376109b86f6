#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

// Deliveries of one account run at once, and are still filed in the order in which they took their
// turns: what is looked up, read and compressed for one does not keep it from going first, and the
// disk's answer is waited for by all together.
// Shard: its core. Out: turns, which die before it.
class FilingTurns {
 public:
  // `on_wait` is called when one begins to wait for others.
  FilingTurns(engine::Reactor& reactor, std::function<void()> on_wait)
      : reactor_(reactor), on_wait_(std::move(on_wait)) {}
  FilingTurns(const FilingTurns&) = delete;
  FilingTurns& operator=(const FilingTurns&) = delete;

 private:
  struct Place {
    explicit Place(engine::Reactor& reactor) : is_first(reactor) {}
    engine::Event is_first;
  };
  using Line = std::list<Place>;
  using Lines = std::map<std::string, Line, std::less<>>;  // by account

 public:
  // One's place in the line; whoever drops it lets the next one go.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), line_(other.line_), place_(other.place_) {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(turns_, other.turns_);
      std::swap(line_, other.line_);
      std::swap(place_, other.place_);
      return *this;
    }
    ~Turn() { pass(); }
    // Ends when all that took their turns before, for the same account, have passed.
    // No deadline: those before it file, or fail.
    [[nodiscard]] engine::Task<void> come();
    void pass();

   private:
    friend class FilingTurns;
    FilingTurns* turns_ = nullptr;  // nullptr: one that waits for nobody
    Lines::iterator line_;
    Line::iterator place_;
  };

  [[nodiscard]] Turn take(std::string_view account);
  // Those that do nothing but wait.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  engine::Reactor& reactor_;
  std::function<void()> on_wait_;
  Lines lines_;
  std::size_t waiting_ = 0;
};

}  // namespace postrider::flow
