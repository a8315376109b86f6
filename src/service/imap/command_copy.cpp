// COPY, MOVE and their UID forms (RFC 9051 6.4.7, 6.4.8), with COPYUID.
#include "command_table.hpp"
#include "copying.hpp"
#include "junk_lessons.hpp"
#include "mailbox_names.hpp"
#include "message_limit.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <postrider/codec/imap/response_code.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

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

// What the command has put into the selected mailbox itself is no news.
void skip_copies(SelectedMailbox& selected, const std::vector<store::Uid>& uids) {
  for (const NumberRun& run : runs_of(uids)) {
    selected.skip_new(run.first, run.last);
  }
}

}  // namespace

// COPY: all of them or none (RFC 9051 6.4.7). UID MOVE of what is gone is no error.
engine::Task<Status> run_copy(Client& client, const Command& command) {
  const auto& arguments = std::get<CopyArguments>(command.arguments);
  SelectedMailbox& selected = *client.selected;
  const bool moves = command.verb == Verb::move;
  // RFC 6851 3.3: as STORE and EXPUNGE would need them.
  if (auto refusal = barred(selected, {Right::delete_messages, Right::expunge}); refusal && moves) {
    co_return *std::move(refusal);
  }
  auto numbers = selected.find(arguments.set, arguments.uid);
  if (!numbers) {
    co_return bad("There is no message of that number");
  }
  // RFC 9738 3.1: a COPY can't be done in part, a MOVE can.
  if (auto refusal = too_many_messages(client, selected, *numbers, /*tells_uid=*/true);
      refusal && !moves) {
    co_return *std::move(refusal);
  }
  LimitedMessages limited = limit_messages(client, selected, *std::move(numbers));
  const auto target = co_await find_target(client, arguments.mailbox);
  if (!target) {
    co_return target.error();
  }
  const auto quota = co_await quota_of(client.shared.doors.directory, target->place.owner);
  if (!quota) {
    co_return refusal_of(quota.error());
  }
  MessageCursor cursor = selected.cursor(std::move(limited.numbers));
  std::vector<store::Uid> uids;
  for (const NumberedUid& message : cursor.take(cursor.size())) {
    uids.push_back(message.uid);
  }
  if (uids.empty()) {
    co_return completed(command);
  }
  const store::SpecialUse from_use = selected.shared().row().special_use;
  auto [copied, refusal] =
      co_await copy_messages(client, {std::move(uids), &*target, moves, *quota});
  std::vector<store::Uid> new_uids;
  std::ranges::transform(copied.uids, std::back_inserter(new_uids),
                         [](const auto& pair) { return pair.second; });
  note_sorted(client, from_use, *target, new_uids);
  if (moves || selected.is(target->place.account, target->row.id)) {
    // (void): what is seen late is told later.
    (void)co_await selected.shared().reach(copied.modseq);
  }
  if (selected.is(target->place.account, target->row.id)) {
    skip_copies(selected, new_uids);
  }
  Status status = refusal ? *std::move(refusal) : completed(command);
  if (status.is_ok() && !copied.skipped.empty() && !arguments.uid && copied.uids.empty()) {
    status = refused("EXPUNGEISSUED", "The messages have gone");
  }
  std::string code = code_of(copied);
  if (!moves) {
    if (status.is_ok()) {
      status.code = std::move(code);
    }
    co_return status;
  }
  // RFC 6851 4.3: it stands before the EXPUNGEs, which follow.
  if (!code.empty()) {
    encode_status("*", {Status::Kind::ok, std::move(code), "Moved"}, client.out());
  }
  if (status.is_ok() && client.enabled().qresync && copied.modseq != 0) {
    status.code = number_code("HIGHESTMODSEQ", copied.modseq);  // RFC 6851 4.4
  }
  co_return cut_short(client, std::move(status), limited.lowest);
}

}  // namespace postrider::imap
