// What the filters that listen to a conversation say of its senders and recipients.
#include "conversation.hpp"
#include "intake_reply.hpp"

#include <utility>

namespace postrider::smtp {
namespace {

std::optional<Reply> reply_of(const std::optional<flow::FilterRefusal>& refusal) {
  if (!refusal) {
    return std::nullopt;
  }
  return reply_for(
      {.kind = refusal->code < 500 ? flow::IntakeFailure::deferred : flow::IntakeFailure::rejected,
       .text = {},
       .enhanced = refusal->enhanced,
       .code = refusal->code,
       .reply = refusal->text});
}

// As the client may have written them: what a filter looks at.
std::vector<std::string> mail_of(const ServerTransaction& transaction) {
  std::vector<std::string> out{"<" + transaction.reverse_path.address() + ">"};
  if (transaction.mail.size) {
    out.push_back("SIZE=" + std::to_string(*transaction.mail.size));
  }
  if (transaction.mail.body == Body::eight_bit_mime) {
    out.emplace_back("BODY=8BITMIME");
  }
  if (transaction.mail.smtputf8) {
    out.emplace_back("SMTPUTF8");
  }
  return out;
}

}  // namespace

engine::Task<std::optional<Reply>> Conversation::ask_filters_of_sender() {
  if (!std::exchange(has_filters_, true)) {
    filters_ = core_.doors.intake.open_filters(listener_->settings.door);
  }
  if (!filters_) {
    co_return std::nullopt;
  }
  if (client_) {
    co_await client_->wait(core_.gate.killing());
  }
  const flow::Conversation facts = conversation_facts();
  const auto refusal = co_await filters_->check_sender(facts, mail_of(session_->transaction()));
  co_return reply_of(refusal);
}

engine::Task<std::optional<Reply>> Conversation::ask_filters_of_recipient() {
  if (!filters_) {
    co_return std::nullopt;
  }
  std::vector<std::string> rcpt{"<" + session_->recipient().path.address() + ">"};
  const auto refusal = co_await filters_->check_recipient(std::move(rcpt));
  co_return reply_of(refusal);
}

}  // namespace postrider::smtp
