#pragma once

#include "record_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <tsl/robin_map.h>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/store/queue_records.hpp>

namespace postrider::store {

// What the committer knows of the messages that it has put into the queue lately: it alone changes
// their records, so that an attempt or a settlement milliseconds later need not read them. Holds
// only messages of which no delivery has been deferred; any other is asked for in the store.
// Limits: the oldest goes when there are `most`. Shard: the committer's thread.
class RecentMessages {
 public:
  struct Message {
    EnvelopeFacts facts;
    DoneSet done;
    bool has_done_record = false;
    std::vector<std::uint32_t> begun;  // deliveries that have an entry in the journal
    [[nodiscard]] bool has_begun(std::uint32_t delivery) const {
      return std::ranges::find(begun, delivery) != begun.end();
    }
  };
  static constexpr std::size_t most = 32'768;

  explicit RecentMessages(std::size_t limit = most) : limit_(limit) {}
  // `has_begun`: the journal holds an attempt of each delivery.
  void add(const Envelope& envelope, bool has_begun);
  // Valid until the next call. nullptr: unknown.
  [[nodiscard]] Message* find(MessageId id);
  void forget(MessageId id) { messages_.erase(id); }

 private:
  std::size_t limit_;
  tsl::robin_map<MessageId, Message> messages_;
  std::deque<MessageId> order_;  // of arrival; those that have ended stand in it, too
};

}  // namespace postrider::store
