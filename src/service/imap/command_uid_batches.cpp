// UIDBATCHES (RFC 10022 3.1): how a client may cut a large mailbox into pieces.
#include "command_table.hpp"

#include <algorithm>

#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

// Smaller ones would be a list of all UIDs.
constexpr std::uint32_t batch_min = 500;

}  // namespace

engine::Task<Status> run_uid_batches(Client& client, const Command& command) {
  const auto& arguments = std::get<UidBatchesArguments>(command.arguments);
  if (arguments.size < batch_min) {
    co_return refused("TOOFEW", "A batch has 500 messages at least");
  }
  const SelectedMailbox& selected = *client.selected;
  const std::uint64_t count = selected.count();
  std::vector<NumberRun> batches;
  const std::uint64_t whole = (count + arguments.size - 1) / arguments.size;
  for (std::uint64_t batch = arguments.first;
       batch <= std::min<std::uint64_t>(arguments.last, whole); ++batch) {
    const std::uint64_t newest = count - (batch - 1) * arguments.size;  // a message number
    const std::uint64_t oldest = newest > arguments.size ? newest - arguments.size + 1 : 1;
    const auto uid_of = [&selected](std::uint64_t number) {
      return selected.uids()->nth(static_cast<std::uint32_t>(number - 1)).value_or(0);
    };
    // The last one reaches down to 1, whether that is there or not.
    batches.push_back({uid_of(newest), oldest == 1 ? 1 : uid_of(oldest)});
  }
  encode_uid_batches(command.tag, batches, client.out());
  co_return completed(command);
}

}  // namespace postrider::imap
