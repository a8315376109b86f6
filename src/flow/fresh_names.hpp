#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include <postrider/flow/directory_changes.hpp>

namespace postrider::flow {

// What one core has read of the directory, by name; all of it is forgotten when anything in the
// directory changes.
// Limits: entries_max names; then all are forgotten.
template <class Value>
class FreshNames {
 public:
  explicit FreshNames(const DirectoryChanges& changes) : changes_(changes) {}

  // nullptr: it has to be read. Valid until the next call.
  [[nodiscard]] const Value* find(const std::string& name) {
    refresh();
    const auto found = known_.find(name);
    return found == known_.end() ? nullptr : &found->second;
  }

  // Of what find() knew: taken before a value is read, given with it.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // What was read while something changed may be what stood before the change: it is not kept.
  void keep(const std::string& name, Value value, std::uint64_t version) {
    refresh();
    if (version == version_) {
      known_.insert_or_assign(name, std::move(value));
    }
  }

  static constexpr std::size_t entries_max = 20'000;

 private:
  void refresh() {
    const std::uint64_t version = changes_.version();
    if (version != version_ || known_.size() >= entries_max) {
      known_.clear();
      version_ = version;
    }
  }

  const DirectoryChanges& changes_;
  std::uint64_t version_ = 0;
  std::unordered_map<std::string, Value> known_;
};

}  // namespace postrider::flow
