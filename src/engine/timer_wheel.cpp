#include "timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace postrider::engine {

TimerWheel::~TimerWheel() {
  for (auto& level : lists_) {
    for (Link& list : level) {
      while (!list.is_alone()) {
        remove(static_cast<Node&>(*list.next));
      }
    }
  }
}

void TimerWheel::insert(Node& node, std::uint64_t when) {
  if (node.wheel_ != nullptr) {
    node.wheel_->remove(node);
  }
  node.wheel_ = this;
  node.when_ = std::max(when, advancing_ ? now_ + 1 : now_);
  ++size_;
  place(node);
}

// The level is that of the highest digit in which the tick differs from now: all nodes of a slot
// come up together when that digit is reached.
void TimerWheel::place(Node& node) {
  const std::uint64_t when = std::min(node.when_, now_ | horizon);
  const std::uint64_t differing = (now_ ^ when) | (slots - 1);
  const unsigned level = (63U - static_cast<unsigned>(std::countl_zero(differing))) / slot_bits;
  const unsigned slot = static_cast<unsigned>(when >> (slot_bits * level)) & (slots - 1);
  node.level_ = static_cast<std::uint8_t>(level);
  node.slot_ = static_cast<std::uint8_t>(slot);
  lists_[level][slot].push_back(node);
  occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::remove(Node& node) {
  if (node.wheel_ == nullptr) {
    return;
  }
  node.wheel_ = nullptr;
  --size_;
  node.unlink();
  if (node.level_ != no_level && lists_[node.level_][node.slot_].is_alone()) {
    occupied_[node.level_] &= ~(std::uint64_t{1} << node.slot_);
  }
}

std::optional<TimerWheel::Position> TimerWheel::first() const {
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] != 0) {
      // Lower levels lie before the next slot of any higher one, and within a level no slot is
      // behind now.
      const unsigned slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
      const unsigned shift = slot_bits * level;
      const std::uint64_t block = now_ >> (shift + slot_bits) << (shift + slot_bits);
      return Position{level, slot, std::max(block + (std::uint64_t{slot} << shift), now_)};
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> TimerWheel::next() const {
  const auto position = first();
  return position ? std::optional(position->tick) : std::nullopt;
}

void TimerWheel::advance(std::uint64_t now) {
  advancing_ = true;
  for (auto position = first(); position && position->tick <= now; position = first()) {
    now_ = position->tick;
    Link& list = lists_[position->level][position->slot];
    Link due;
    while (!list.is_alone()) {
      Node& node = static_cast<Node&>(*list.next);
      node.unlink();
      node.level_ = no_level;
      due.push_back(node);
    }
    occupied_[position->level] &= ~(std::uint64_t{1} << position->slot);
    while (!due.is_alone()) {
      Node& node = static_cast<Node&>(*due.next);
      if (node.when_ <= now_) {
        remove(node);
        node.on_due();
      } else {
        node.unlink();
        place(node);
      }
    }
  }
  now_ = std::max(now_, now);
  advancing_ = false;
}

}  // namespace postrider::engine
