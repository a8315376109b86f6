// Mail of which nothing good is known is asked to come back. At the end of the message: what DMARC
// proves needs its header and body, and who only asks whether an address is there (RFC 5321 3.3's
// RCPT, then QUIT) is not kept waiting. Reports from the null sender are asked like all other mail.
#include "incoming_message.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/flow/greylist_desk.hpp>
#include <postrider/flow/reception.hpp>

namespace postrider::flow {
namespace {

std::int64_t seconds_of(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

bool QueuedMessage::is_greylisted() const {
  return core_.settings.greylists && core_.doors.greylist != nullptr &&
         conversation_.door == Door::inbound && !is_vouched_for_ &&
         !is_named(core_.settings.not_greylisted, conversation_.peer.ip);
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::greylist() {
  policy::GreylistSubject subject{
      conversation_.peer.ip, transaction_.reverse_path, {}, proven_domain_};
  for (const store::Recipient& recipient : transaction_.recipients) {
    subject.recipients.push_back(recipient.address);
  }
  const auto decision = co_await core_.doors.greylist->ask(std::move(subject));
  if (!decision.passes()) {
    const bool is_early = decision.answer == policy::GreylistAnswer::early;
    IntakeError error{
        IntakeFailure::deferred,
        is_early ? "greylisted: came back too early" : "greylisted: nothing is known of it yet",
        "4.7.1", 450};
    error.reply = fmt::format("Greylisted: please try again in {} s", seconds_of(decision.wait));
    co_return failure(fail(std::move(error)));
  }
  has_passed_greylist_ = true;
  if (decision.answer == policy::GreylistAnswer::came_back) {
    remark("tag", fmt::format("greylisted: came back after {} s", seconds_of(decision.wait)));
  }
  co_return Outcome{};
}

// Once: what became of it.
void QueuedMessage::learn(bool is_good) {
  if (std::exchange(has_passed_greylist_, false)) {
    core_.doors.greylist->learn(conversation_.peer.ip, proven_domain_, is_good);
  }
}

}  // namespace postrider::flow
