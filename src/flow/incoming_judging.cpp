// What is asked of others about a message that has come: of DNS, who sent it; of the directory,
// whose it is.
#include "header_fixup.hpp"
#include "incoming_message.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header_writer.hpp>

namespace postrider::flow {

engine::Task<QueuedMessage::Outcome> QueuedMessage::judge() {
  JudgementRequest request;
  request.conversation = &conversation_;
  request.reverse_path = transaction_.reverse_path;
  policy::DmarcTally* const tally = core_.doors.dmarc;
  request.is_counted = tally != nullptr && tally->is_enabled();
  request.lists = core_.doors.lists;
  request.is_for_postmaster =
      std::ranges::all_of(transaction_.recipients, [](const store::Recipient& recipient) {
        const std::string_view address = recipient.address;
        return equals_ignoring_case(address.substr(0, address.find('@')), "postmaster");
      });
  Finding found =
      co_await judgement_->conclude(core_.doors.reactor, *core_.doors.resolver, std::move(request));
  judgement_.reset();
  if (found.dmarc) {
    tally->count(*found.dmarc);
  }
  std::ranges::move(found.fields, std::back_inserter(findings_));
  remark_ += (remark_.empty() || found.verdict.reason.empty() ? "" : "; ") + found.verdict.reason;
  is_vouched_for_ = found.is_vouched_for;
  proven_domain_ = std::move(found.proven_domain);
  if (found.is_deferred) {
    IntakeError error{IntakeFailure::deferred, found.verdict.reason, "4.7.1", 450};
    error.reply = "Try again later: " + found.verdict.reason;
    co_return failure(fail(std::move(error)));
  }
  switch (found.verdict.action) {
    case policy::InboundAction::reject:
      co_return failure(
          fail(IntakeFailure::rejected, found.verdict.reason, std::move(found.verdict.enhanced)));
    case policy::InboundAction::junk:
      disposition_ = std::max(disposition_, store::Disposition::junk);
      break;
    case policy::InboundAction::quarantine:
      disposition_ = store::Disposition::quarantine;
      break;
    case policy::InboundAction::accept:
      break;
  }
  co_return Outcome{};
}

void QueuedMessage::remark(std::string_view action, const std::string& why) {
  std::string field;
  mime::HeaderWriter(field, false).unstructured(verdict_field, std::string(action) + "; " + why);
  findings_.push_back(std::move(field));
  remark_ += (remark_.empty() ? "" : "; ") + why;
}

// Recipients that are hosted here become what they come to, whatever door the message came by.
engine::Task<QueuedMessage::Outcome> QueuedMessage::place() {
  if (transaction_.recipients.size() == 1) {
    single_recipient_ = transaction_.recipients.front().address;  // as RCPT named it
  }
  Directory* directory = core_.doors.directory;
  if (directory == nullptr || !directory->hosts_any()) {
    co_return Outcome{};
  }
  auto placed = co_await directory->place(transaction_.recipients);
  if (!placed) {
    co_return failure(fail(IntakeFailure::store_failed, std::string(describe(placed.error()))));
  }
  transaction_.recipients = std::move(*placed);
  co_return Outcome{};
}

}  // namespace postrider::flow
