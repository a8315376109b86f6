#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include <postrider/engine/reactor.hpp>

namespace postrider::engine {

// What other threads hand to a reactor: intrusive, so that a hand-over allocates nothing of its
// own. run() ends the item's life in the inbox (it may delete itself).
struct InboxItem {
  InboxItem* next = nullptr;
  virtual void run() = 0;
  // Instead of run(), when the reactor has ended.
  virtual void drop() noexcept = 0;

 protected:
  ~InboxItem() = default;
};

// Many producers, one consumer, no lock: a stack of items that the consumer takes whole and
// reverses. Items of one producer stay in order.
class Inbox {
 public:
  Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox() {
    while (InboxItem* items = take_all()) {
      while (items != nullptr) {
        std::exchange(items, items->next)->drop();
      }
    }
  }

  void push(InboxItem& item) {
    item.next = head_.load(std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(item.next, &item, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] bool is_empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }
  // In order of arrival, linked by next.
  [[nodiscard]] InboxItem* take_all() {
    InboxItem* reversed = nullptr;
    InboxItem* item = is_empty() ? nullptr : head_.exchange(nullptr, std::memory_order_seq_cst);
    while (item != nullptr) {
      InboxItem* const next = std::exchange(item->next, reversed);
      reversed = std::exchange(item, next);
    }
    return reversed;
  }

 private:
  std::atomic<InboxItem*> head_{nullptr};
};

// All that one producer posted to one core in one turn.
struct WorkBatch final : InboxItem {
  explicit WorkBatch(std::vector<Work> posted) : works(std::move(posted)) {}
  void run() override {
    for (Work& work : works) {
      work();
    }
    delete this;
  }
  void drop() noexcept override { delete this; }
  std::vector<Work> works;
};

}  // namespace postrider::engine
