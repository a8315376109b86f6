#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/sequence_set.hpp>
#include <postrider/codec/imap/status.hpp>

// RFC 9738: how many messages one command may touch. What is cut off are those with the smallest
// UIDs, and the client is told where.
namespace postrider::imap {

struct LimitedMessages {
  std::vector<NumberRun> numbers;
  std::optional<store::Uid> lowest;  // of them, if others were cut off
};
// In: numbers of `selected`. A client that is not offered MESSAGELIMIT has none.
[[nodiscard]] LimitedMessages limit_messages(const Client& client, const SelectedMailbox& selected,
                                             std::vector<NumberRun> numbers);
// The end of a command that was cut short at `lowest`: its status says so. A code that it has
// already is told before.
[[nodiscard]] Status cut_short(Client& client, Status status, std::optional<store::Uid> lowest);
// Of a command that does all of it or nothing: nullopt, or why not.
[[nodiscard]] std::optional<Status> too_many_messages(const Client& client,
                                                      const std::vector<NumberRun>& numbers);

}  // namespace postrider::imap
