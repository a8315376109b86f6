// EXPUNGE and UID EXPUNGE (RFC 9051 6.4.3, 6.4.9).
#include "command_table.hpp"
#include "expunging.hpp"
#include "mailbox_access.hpp"
#include "message_limit.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

// So many are looked at in one batch of the store.
constexpr std::uint32_t slice = 10'000;

std::vector<store::Uid> candidates(const SelectedMailbox& selected,
                                   const std::vector<NumberedUid>& messages) {
  std::vector<store::Uid> out;
  const auto& deleted = selected.shared().deleted();
  for (const NumberedUid& message : messages) {
    if (!deleted || deleted->contains(message.uid)) {
      out.push_back(message.uid);
    }
  }
  return out;
}

}  // namespace

engine::Task<store::MailResult<ExpungedMessages>> expunge_deleted(Client& client,
                                                                  std::optional<SequenceSet> only) {
  SelectedMailbox& selected = *client.selected;
  ExpungedMessages out;
  LimitedMessages limited{{{1, selected.count()}}, std::nullopt};  // EXPUNGE itself has no limit
  if (only) {
    limited = limit_messages(client, selected,
                             selected.find(*only, /*uid=*/true).value_or(std::vector<NumberRun>()));
    out.lowest = limited.lowest;
  }
  if (selected.count() == 0) {
    co_return out;
  }
  const bool none = selected.shared().deleted() && selected.shared().deleted()->is_empty();
  if (none) {
    limited.numbers.clear();
  }
  MessageSlices slices(selected, std::move(limited));
  for (auto messages = slices.take(slice); !messages.empty(); messages = slices.take(slice)) {
    auto uids = candidates(selected, messages);
    if (uids.empty()) {
      continue;
    }
    const auto gone = co_await client.store().expunge(selected.account(), selected.id(),
                                                      std::move(uids), /*deleted_only=*/true);
    if (!gone) {
      co_return failure(gone.error());
    }
    out.modseq = std::max(out.modseq, gone->modseq);
    out.uids.insert(out.uids.end(), gone->uids.begin(), gone->uids.end());
  }
  co_return out;
}

engine::Task<Status> run_expunge(Client& client, const Command& command) {
  const auto& arguments = std::get<ExpungeArguments>(command.arguments);
  if (auto refusal = barred(*client.selected, {Right::expunge})) {
    co_return *std::move(refusal);
  }
  const auto gone = co_await expunge_deleted(client, arguments.uids);
  if (!gone) {
    co_return refusal_of(gone.error());
  }
  // (void): what is seen late is told later.
  (void)co_await client.selected->shared().reach(gone->modseq);
  Status status = completed(command);
  if (client.enabled().qresync && gone->modseq != 0) {
    status.code = number_code("HIGHESTMODSEQ", gone->modseq);  // RFC 7162 3.2.7
  }
  co_return cut_short(client, std::move(status), gone->lowest);
}

}  // namespace postrider::imap
