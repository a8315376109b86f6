#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include <postrider/engine/sync.hpp>

namespace postrider::engine {

// A bounded queue between coroutines of one core. push waits for a place, pop for an item.
// Shard: the reactor's.
template <class T>
class Queue {
 public:
  Queue(Reactor& reactor, std::size_t capacity)
      : capacity_(capacity), not_empty_(reactor), not_full_(reactor) {}

  // Errors: timed_out, cancelled; end_of_stream once closed. The item is lost then.
  Task<IoResult<void>> push(T item, Until until) {
    while (true) {
      if (closed_) {
        co_return failure(IoError::end_of_stream);
      }
      if (items_.size() < capacity_) {
        items_.push_back(std::move(item));
        not_empty_.pulse();
        co_return IoResult<void>{};
      }
      if (const auto woken = co_await not_full_.wait(until); !woken) {
        co_return failure(woken.error());
      }
    }
  }
  // False if full or closed; the item is untouched then.
  [[nodiscard]] bool try_push(T&& item) {
    if (closed_ || items_.size() >= capacity_) {
      return false;
    }
    items_.push_back(std::move(item));
    not_empty_.pulse();
    return true;
  }
  // Errors: timed_out, cancelled; end_of_stream when closed and empty.
  Task<IoResult<T>> pop(Until until) {
    while (items_.empty()) {
      if (closed_) {
        co_return failure(IoError::end_of_stream);
      }
      if (const auto woken = co_await not_empty_.wait(until); !woken) {
        co_return failure(woken.error());
      }
    }
    co_return take();
  }
  [[nodiscard]] std::optional<T> try_pop() {
    return items_.empty() ? std::nullopt : std::optional<T>(take());
  }
  // What is inside can still be popped.
  void close() {
    closed_ = true;
    not_empty_.pulse();
    not_full_.pulse();
  }
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  T take() {
    T item = std::move(items_.front());
    items_.pop_front();
    not_full_.pulse();
    return item;
  }
  std::size_t capacity_;
  std::deque<T> items_;
  bool closed_ = false;
  Event not_empty_;
  Event not_full_;
};

}  // namespace postrider::engine
