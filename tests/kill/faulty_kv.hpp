#pragma once

#include "store/kv.hpp"
#include "store/record_codec.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace postrider::store {

// Puts faults between the store and its database.
class FaultyKv final : public Kv {
 public:
  struct Faults {
    // The planted bug: says that a group is written when only the group before it is. A checker
    // that does not see this sees nothing.
    bool acknowledge_early = false;
    // Spoils the envelope of one message in so many as it is written; 0: none.
    std::uint64_t spoil_one_in = 0;
  };
  FaultyKv(std::unique_ptr<Kv> kv, Faults faults) : kv_(std::move(kv)), faults_(faults) {}

  [[nodiscard]] static bool is_spoilt(MessageId id, const Faults& faults) {
    return faults.spoil_one_in != 0 && std::hash<MessageId>{}(id) % faults.spoil_one_in == 0;
  }

  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override {
    return kv_->get(family, key, how);
  }
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    return kv_->walk(family, from, until);
  }
  [[nodiscard]] std::optional<std::string> last_key(Family family) const override {
    return kv_->last_key(family);
  }
  [[nodiscard]] StoreResult<void> write(const Batch& batch, bool sync_now) override {
    if (!faults_.acknowledge_early) {
      return kv_->write(spoil(batch), sync_now);
    }
    const std::optional<Batch> before = std::exchange(held_, spoil(batch));
    return before ? kv_->write(*before, true) : StoreResult<void>{};
  }
  [[nodiscard]] StoreResult<void> sync() override { return kv_->sync(); }
  [[nodiscard]] std::uint64_t free_bytes() const override { return kv_->free_bytes(); }
  [[nodiscard]] std::unique_ptr<const KvReader> snapshot() const override {
    return kv_->snapshot();
  }
  [[nodiscard]] Result<void, std::string> checkpoint(const std::string& directory) const override {
    return kv_->checkpoint(directory);
  }

 private:
  [[nodiscard]] Batch spoil(const Batch& batch) const {
    Batch out;
    for (const Batch::Op& op : batch.ops()) {
      std::string tail = op.tail;
      if (op.family == Family::env && op.kind == Batch::Kind::put &&
          is_spoilt(*parse_message_key(op.key), faults_)) {
        tail.back() = static_cast<char>(tail.back() ^ 1);
      }
      switch (op.kind) {
        case Batch::Kind::put:
          out.put(op.family, op.key, op.head, std::move(tail));
          break;
        case Batch::Kind::remove:
          out.remove(op.family, op.key);
          break;
        case Batch::Kind::remove_once:
          out.remove_once(op.family, op.key);
          break;
      }
    }
    return out;
  }

  std::unique_ptr<Kv> kv_;
  Faults faults_;
  std::optional<Batch> held_;
};

}  // namespace postrider::store
