#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/sequence_set.hpp>
#include <postrider/codec/imap/status.hpp>

// RFC 9738 3.1: how many messages one command may touch. What is cut off are those with the
// smallest UIDs, and the client is told where.
namespace postrider::imap {

struct LimitedMessages {
  std::vector<NumberRun> numbers;
  std::optional<store::Uid> lowest;  // of them, if others were cut off
};
// In: numbers of `selected`. A client that is not offered MESSAGELIMIT has none.
[[nodiscard]] LimitedMessages limit_messages(const Client& client, const SelectedMailbox& selected,
                                             std::vector<NumberRun> numbers);
// Goes through them by slices, each ascending. Of those that were cut short the slice with the
// largest UIDs comes first: who is interrupted has done what he says.
class MessageSlices {
 public:
  MessageSlices(const SelectedMailbox& selected, LimitedMessages limited)
      : selected_(selected), limited_(std::move(limited)) {}
  // At most so many of those that come next, always the same number; empty: that was all.
  [[nodiscard]] std::vector<NumberedUid> take(std::uint32_t count);
  [[nodiscard]] bool is_from_end() const { return limited_.lowest.has_value(); }

 private:
  const SelectedMailbox& selected_;
  LimitedMessages limited_;
  std::uint32_t taken_ = 0;
};

// The end of a command that was cut short at `lowest`: its status says so, or, if that has a code
// of its own, an untagged NO does.
[[nodiscard]] Status cut_short(Client& client, Status status, std::optional<store::Uid> lowest);
// Of a command that does all of it or nothing: nullopt, or why not. `tells_uid`: with the smallest
// UID that it could be said for.
[[nodiscard]] std::optional<Status> too_many_messages(const Client& client,
                                                      const SelectedMailbox& selected,
                                                      const std::vector<NumberRun>& numbers,
                                                      bool tells_uid);
// FETCH (PARTIAL 1:n) of more than the limit.
[[nodiscard]] std::optional<Status> too_wide(const Client& client, const PartialRange& partial);

}  // namespace postrider::imap
