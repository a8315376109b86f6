// APPEND and REPLACE: their messages are streamed (RFC 9051 6.3.12, RFC 3502, RFC 8508).
#include "server_says.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {

std::optional<Status> ServerSession::judge_message(const LiteralHeader& literal) const {
  const AppendMessage& message = append_->arguments().messages.back();
  if (message.octets > rules_.message_octets_max) {
    return status_of(Say::message_too_large);
  }
  if (message.octets == 0) {  // RFC 3502: how a client takes its APPEND back
    return status_of(Say::message_empty);
  }
  if (message.is_utf8 && !enabled_.utf8 && !enabled_.imap4rev2) {
    return status_of(Say::utf8_off);
  }
  if (message.is_binary && !message.is_utf8 && !offers(Capability::binary)) {
    return status_of(Say::binary_off);
  }
  if (append_->arguments().messages.size() > 1 && !offers(Capability::multiappend)) {
    return status_of(Say::one_message_only);
  }
  if (!literal.waits && literal.octets > literal_minus_octets_max &&
      !offers(Capability::literal_plus)) {
    return status_of(Say::literal_must_wait);
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::on_append_literal(const Event& event, std::string& out) {
  const auto outcome = append_->feed(event.octets, false);
  if (!outcome) {
    return refuse_append(status_of(outcome.error(), "APPEND"), out);
  }
  if (*outcome == AppendParser::Outcome::name) {
    // The command begins anew when its text has come further.
    mode_ = Mode::command;
    return keep_literal(append_tag_, event.literal, out);
  }
  if (auto refusal = judge_message(event.literal)) {
    return refuse_append(*std::move(refusal), out);
  }
  may_hold_nul_ = event.literal.is_binary;
  append_waits_ = event.literal.waits;
  return ServerStep::open_message;
}

void ServerSession::on_message_opened(std::optional<Status> refusal, std::string& out) {
  check(mode_ == Mode::append, "no message is being appended");
  if (refusal) {
    (void)refuse_append(*std::move(refusal), out);  // shows in the mode
    return;
  }
  message_opened_ = true;
  framer_.stream_literal();
  if (append_waits_) {
    encode_continuation("Go ahead", out);
  }
}

void ServerSession::on_append_refused(Status refusal, std::string& out) {
  check(mode_ == Mode::append, "no message is being appended");
  (void)refuse_append(std::move(refusal), out);  // shows in the mode
}

ServerSession::Next ServerSession::refuse_append(Status refusal, std::string& out) {
  drop_ = std::exchange(message_opened_, false);
  if (framer_.drop_command()) {
    refusal_ = std::move(refusal);
    return std::nullopt;
  }
  mode_ = Mode::command;
  append_.reset();
  return complain(append_tag_, refusal, out);
}

// The text that ends the command.
ServerSession::Next ServerSession::on_append_end(std::string_view text, std::string& out) {
  const auto outcome = append_->feed(text, true);
  mode_ = Mode::command;
  if (!outcome) {
    drop_ = std::exchange(message_opened_, false);
    append_.reset();
    return complain(append_tag_, status_of(outcome.error(), "APPEND"), out);
  }
  command_ = append_->take_command();
  append_.reset();
  return execute();
}

}  // namespace postrider::imap
