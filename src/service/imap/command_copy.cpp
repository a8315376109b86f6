// COPY, MOVE and their UID forms (RFC 9051 6.4.7, 6.4.8), with COPYUID.
#include "command_table.hpp"
#include "mailbox_names.hpp"

#include <utility>

#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

std::string code_of(const store::Copied& copied) {
  if (copied.uids.empty()) {
    return {};
  }
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  for (const auto& [old_uid, new_uid] : copied.uids) {
    from.push_back(old_uid);
    to.push_back(new_uid);
  }
  return copy_uid_code(copied.uid_validity, from, to);
}

}  // namespace

// One batch of the store, however many: all of them or none (RFC 9051 6.4.7). UID MOVE of what is
// gone is no error.
engine::Task<Status> run_copy(Client& client, const Command& command) {
  const auto& arguments = std::get<CopyArguments>(command.arguments);
  SelectedMailbox& selected = *client.selected;
  const bool moves = command.verb == Verb::move;
  if (moves && selected.is_read_only()) {
    co_return refused("", "The mailbox is open to be read only");
  }
  auto numbers = selected.find(arguments.set, arguments.uid);
  if (!numbers) {
    co_return bad("There is no message of that number");
  }
  const auto target = co_await find_mailbox(client.store(), client.account, arguments.mailbox);
  if (!target) {
    co_return refusal_of_target(target.error());
  }
  const auto quota = co_await quota_of(client.shared.doors.directory, client.session->identity());
  if (!quota) {
    co_return refusal_of(quota.error());
  }
  MessageCursor cursor = selected.cursor(*std::move(numbers));
  std::vector<store::Uid> uids;
  for (const NumberedUid& message : cursor.take(cursor.size())) {
    uids.push_back(message.uid);
  }
  Status status = completed(command);
  if (uids.empty()) {
    co_return status;
  }
  const auto copied = co_await client.store().copy(client.account, selected.id(), std::move(uids),
                                                   target->id, moves, *quota);
  if (!copied) {
    co_return refusal_of_target(copied.error());
  }
  if (!copied->skipped.empty() && !arguments.uid && copied->uids.empty()) {
    co_return refused("EXPUNGEISSUED", "The messages have gone");
  }
  if (moves || target->id == selected.id()) {
    // (void): what is seen late is told later.
    (void)co_await selected.shared().reach(copied->modseq);
  }
  std::string code = code_of(*copied);
  if (!moves) {
    status.code = std::move(code);
    co_return status;
  }
  // RFC 6851 4.3: it stands before the EXPUNGEs, which follow.
  if (!code.empty()) {
    encode_status("*", {Status::Kind::ok, std::move(code), "Moved"}, client.out());
  }
  if (client.enabled().qresync && copied->modseq != 0) {
    status.code = number_code("HIGHESTMODSEQ", copied->modseq);  // RFC 6851 4.4
  }
  co_return status;
}

}  // namespace postrider::imap
