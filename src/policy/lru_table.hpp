#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace postrider::policy {

// A map that forgets what was not touched longest once it is full, so that strangers can't make it
// grow.
template <class Key, class Value>
class LruTable {
 public:
  explicit LruTable(std::size_t capacity) : capacity_(capacity) {}

  // nullptr if it is not there. Touches it. Valid until the next call.
  [[nodiscard]] Value* find(const Key& key) {
    const auto at = index_.find(key);
    if (at == index_.end()) {
      return nullptr;
    }
    order_.splice(order_.begin(), order_, at->second);
    return &at->second->second;
  }
  // The same without touching it.
  [[nodiscard]] Value* peek(const Key& key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->second;
  }
  // What is there, else a fresh one.
  [[nodiscard]] Value& obtain(const Key& key) {
    if (Value* found = find(key)) {
      return *found;
    }
    if (index_.size() >= capacity_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, Value{});
    index_.emplace(key, order_.begin());
    return order_.front().second;
  }
  void erase(const Key& key) {
    if (const auto at = index_.find(key); at != index_.end()) {
      order_.erase(at->second);
      index_.erase(at);
    }
  }
  // The one that was not touched longest; it must not be empty.
  [[nodiscard]] const std::pair<Key, Value>& oldest() const { return order_.back(); }
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // What is too much for it goes when the next one comes.
  void set_capacity(std::size_t capacity) { capacity_ = capacity; }

  // The last touched first.
  [[nodiscard]] auto begin() const { return order_.begin(); }
  [[nodiscard]] auto end() const { return order_.end(); }

 private:
  std::size_t capacity_;
  std::list<std::pair<Key, Value>> order_;  // the last touched first
  std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator> index_;
};

}  // namespace postrider::policy
