#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/store/store_error.hpp>

// The seam between what the store means and what holds its records: RocksDB, or ordered maps in
// memory. Everything above it is written once.
namespace postrider::store {

// Key spaces; the grammar of their keys and values stands in record_codec.hpp.
enum class Family : std::uint8_t {
  body,
  env,
  state,
  due,
  journal,
  done,
  stage,
  quarantine,
  account,
  domain,
  alias,
  meta,
  fact,
  mail_name,
  mail_account,
  mailbox,
  mail_page,
  mail,
  mail_detail,
  mail_change,
  mail_trash,
  blob,
  blob_ref,
  mail_entry,
  blob_same,
};
inline constexpr std::array<std::string_view, 25> family_names = {
    "q.body",     "q.env",      "q.state",   "q.due",    "q.journal", "q.done",    "q.stage",
    "quarantine", "ac.account", "ac.domain", "ac.alias", "meta",      "fact",      "mb.name",
    "mb.account", "mb.box",     "mb.page",   "mb.msg",   "mb.detail", "mb.change", "mb.trash",
    "mb.blob",    "mb.ref",     "mb.entry",  "mb.same",
};
inline constexpr std::size_t family_count = family_names.size();
[[nodiscard]] constexpr std::size_t index(Family family) {
  return static_cast<std::size_t>(family);
}

// Keys that are put once and removed once, or put again only after that: they go by remove_once.
[[nodiscard]] constexpr bool is_written_once(Family family) {
  return family == Family::body || family == Family::env || family == Family::journal ||
         family == Family::stage;
}

// Rows that each change of an account's mail puts anew.
[[nodiscard]] constexpr bool is_rewritten(Family family) {
  return family == Family::mail_account || family == Family::mailbox || family == Family::mail_page;
}

// Writes that happen together or not at all. Of a row that is_rewritten() a new value takes the
// place of the one that was put lately: of several changes of one account, only what the last
// leaves is written.
class Batch {
 public:
  enum class Kind : std::uint8_t { put, remove, remove_once };
  struct Op {
    Kind kind = Kind::put;
    Family family = Family::meta;
    std::string key;
    SharedOctets head;  // the value is head, then tail: a body is not copied to get its seal
    std::string tail;
  };

  void put(Family family, std::string key, std::string value) {
    put(family, std::move(key), SharedOctets{}, std::move(value));
  }
  void put(Family family, std::string key, SharedOctets head, std::string tail) {
    add({Kind::put, family, std::move(key), std::move(head), std::move(tail)});
  }
  void remove(Family family, std::string key) {
    add({Kind::remove, family, std::move(key), {}, {}});
  }
  // Only for a key that has been put exactly once since it last was removed: such a pair vanishes
  // at the next flush and leaves no tombstone behind.
  void remove_once(Family family, std::string key) {
    add({Kind::remove_once, family, std::move(key), {}, {}});
  }

  void append(Batch&& other) {
    for (Op& op : other.ops_) {
      add(std::move(op));
    }
    other.clear();
  }

  [[nodiscard]] const std::vector<Op>& ops() const { return ops_; }
  [[nodiscard]] bool is_empty() const { return ops_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  void clear() {
    ops_.clear();
    rows_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::uint64_t op_bytes = 16;
  static constexpr std::size_t rows_compared = 32;  // the last ones: a group may have thousands

  static std::uint64_t bytes_of(const Op& op) {
    return op.key.size() + op.head.view().size() + op.tail.size() + op_bytes;
  }

  void add(Op op) {
    if (is_rewritten(op.family)) {
      if (op.kind == Kind::put && renew(op)) {
        return;
      }
      if (op.kind != Kind::put) {
        forget(op);
      }
    }
    bytes_ += bytes_of(op);
    ops_.push_back(std::move(op));
  }

  // Whether it has taken an earlier one's place; if not, it will be known as the latest.
  bool renew(Op& op) {
    for (std::size_t i = rows_.size(); i > 0 && rows_.size() - i < rows_compared; --i) {
      Op& old = ops_[rows_[i - 1]];
      if (old.family == op.family && old.key == op.key) {
        bytes_ = bytes_ - bytes_of(old) + bytes_of(op);
        old = std::move(op);
        return true;
      }
    }
    rows_.push_back(ops_.size());
    return false;
  }

  // What is put after a removal stands behind it.
  void forget(const Op& op) {
    std::erase_if(rows_, [&](std::size_t at) {
      return ops_[at].family == op.family && ops_[at].key == op.key;
    });
  }

  std::vector<Op> ops_;
  std::vector<std::size_t> rows_;  // of ops_: the latest puts of rows that are rewritten
  std::uint64_t bytes_ = 0;
};

enum class KvError : std::uint8_t {
  not_found,
  would_block,  // Read::cached only: ask again with Read::any, off the core
  corrupt,      // the medium gave back something else than was written
  io,
};

enum class Read : std::uint8_t { cached, any };

// Walks one family in order of key. It sees the family as it was when it was made.
class KvCursor {
 public:
  KvCursor() = default;
  KvCursor(const KvCursor&) = delete;
  KvCursor& operator=(const KvCursor&) = delete;
  virtual ~KvCursor() = default;
  [[nodiscard]] virtual bool is_valid() const = 0;
  virtual void next() = 0;
  // To the first key at or after `key`; forwards only.
  virtual void seek(std::string_view key) = 0;
  // Valid until the cursor moves.
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  // Why it ended, if not because the end was reached.
  [[nodiscard]] virtual std::optional<KvError> error() const = 0;
};

// What is there to be read: now, or at one moment. Shard: any thread.
class KvReader {
 public:
  KvReader() = default;
  KvReader(const KvReader&) = delete;
  KvReader& operator=(const KvReader&) = delete;
  virtual ~KvReader() = default;

  [[nodiscard]] virtual Result<std::string, KvError> get(Family family, std::string_view key,
                                                         Read how) const = 0;
  // Of many keys of a family, each in its turn: what is there is shown where it stands. It may
  // block, as Read::any does.
  using OnRecord = std::function<void(std::size_t, const Result<std::string_view, KvError>&)>;
  virtual void get_many(Family family, const std::vector<std::string>& keys,
                        const OnRecord& on_record) const;
  // `from` is the first key wanted, `until` (if not empty) the first that is not: what lies outside
  // is not touched, tombstones included.
  [[nodiscard]] virtual std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                                       std::string_view until = {}) const = 0;
  // The same for who takes most of what stands there: more of it is read at a time.
  [[nodiscard]] virtual std::unique_ptr<KvCursor> walk_far(Family family, std::string_view from,
                                                           std::string_view until = {}) const {
    return walk(family, from, until);
  }
};

// Shard: reads on any thread; writes on one at a time (the committer).
class Kv : public KvReader {
 public:
  [[nodiscard]] virtual std::optional<std::string> last_key(Family family) const = 0;

  // Atomic. With `sync`, durable when it returns, and with it everything written before.
  // Errors: io; the caller writes nothing more after one.
  [[nodiscard]] virtual StoreResult<void> write(const Batch& batch, bool sync) = 0;
  [[nodiscard]] virtual StoreResult<void> sync() = 0;

  [[nodiscard]] virtual std::uint64_t free_bytes() const = 0;

  // All families as they are now, at one moment. It pins what it sees; it ends before the Kv.
  [[nodiscard]] virtual std::unique_ptr<const KvReader> snapshot() const = 0;
  // A database of its own in `directory`, which is made, with all that was written before the call;
  // while others write. Blocks. Errors: why not; what was begun may be left behind.
  [[nodiscard]] virtual Result<void, std::string> checkpoint(
      const std::string& directory) const = 0;
};

}  // namespace postrider::store
