#include "conversation.hpp"

#include "intake_reply.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/flow/login.hpp>

namespace postrider::smtp {
namespace {

flow::Transaction transaction_of(const ServerTransaction& given) {
  flow::Transaction out;
  out.reverse_path = given.reverse_path.address();
  out.envid = given.mail.envid;
  out.ret = given.mail.ret == Ret::full      ? store::Return::full
            : given.mail.ret == Ret::headers ? store::Return::headers
                                             : store::Return::absent;
  out.smtputf8 = given.mail.smtputf8;
  out.eight_bit = given.mail.body == Body::eight_bit_mime;
  out.announced_octets = given.mail.size.value_or(0);
  out.require_tls = given.mail.require_tls;
  for (const ServerRecipient& recipient : given.recipients) {
    const NotifyParameter& notify = recipient.parameters.notify;
    out.recipients.push_back({recipient.path.address(),
                              recipient.parameters.orcpt,
                              {notify.never, notify.success, notify.failure, notify.delay}});
  }
  return out;
}

}  // namespace

Conversation::Conversation(ServiceCore& core, std::shared_ptr<const ListenerFacts> listener,
                           std::unique_ptr<engine::Stream> stream)
    : core_(core),
      listener_(std::move(listener)),
      connection_(core.doors.reactor, std::move(stream)),
      peer_(connection_.stream().peer()),
      deadline_(core.doors.reactor.now() + listener_->rules.session_timeout) {}

// Whom the operator has named for this listener; who may reach a Unix socket was named by its mode.
bool Conversation::is_trusted() const {
  const ListenerSettings& listener = listener_->settings;
  const bool can_be = listener.door == flow::Door::relay || listener.door == flow::Door::lmtp;
  return can_be && (!listener.unix_path.empty() || flow::is_named(listener.allow, peer_.ip));
}

engine::Until Conversation::within(Duration duration) const {
  return {core_.doors.reactor.now() + duration, core_.gate.killing()};
}

engine::Task<void> Conversation::run() {
  const bool implicit = listener_->settings.tls == ListenerTls::implicit;
  if (implicit && !co_await secure()) {
    co_return;
  }
  learn_client();
  ServerSession::Facts facts{.trusted = is_trusted(),
                             .tls = implicit,
                             .xclient = flow::is_named(listener_->settings.xclient_from, peer_.ip)};
  if (implicit) {
    facts.bindings = flow::channel_bindings(*connection_.tls());
  }
  session_.emplace(listener_->rules, std::move(facts), core_.doors.reactor.random());
  session_->start(connection_.out());
  kill_point("smtp.greeted");
  ServerStep step{};
  do {
    step = session_->next(input_, connection_.out());
    tell_refusals();
  } while (co_await perform(step));
}

// False: the conversation is over.
engine::Task<bool> Conversation::perform(ServerStep step) {
  switch (step) {
    case ServerStep::read:
      co_return co_await read();
    case ServerStep::start_tls:
      // The go-ahead is still in the output: it is sent once what came too early is dropped.
      if (!co_await secure()) {
        co_return false;
      }
      input_ = {};
      identity_ = {};
      session_->on_tls_started(flow::channel_bindings(*connection_.tls()));
      co_return true;
    case ServerStep::change_client:
      change_client();
      co_return true;
    case ServerStep::load_verifier:
      co_await load_verifier();
      co_return true;
    case ServerStep::authenticate:
      co_await authenticate();
      co_return true;
    case ServerStep::check_sender:
      co_await check_sender();
      co_return true;
    case ServerStep::check_recipient:
      co_await check_recipient();
      co_return true;
    case ServerStep::open_message:
      co_await look_up_names();
      open_message();
      co_return true;
    case ServerStep::append_body:
      co_await append_body();
      co_return true;
    case ServerStep::commit:
      co_await commit();
      co_return true;
    case ServerStep::drop_message:
      kill_point("smtp.message_dropped");
      message_.reset();
      co_return true;
    case ServerStep::close:
      co_await connection_.close(within(core_.settings.flush_timeout));
      co_return false;
  }
  co_return false;
}

engine::Task<bool> Conversation::secure() {
  const auto started =
      co_await connection_.start_tls(*listener_->settings.context, net::TlsRole::server, {},
                                     within(core_.settings.handshake_timeout));
  if (!started) {
    ++core_.counters.tls_failures;
    co_return false;
  }
  tls_ = flow::describe_tls(connection_.tls()->facts());
  co_return true;
}

engine::Task<bool> Conversation::read() {
  if (!co_await connection_.flush(within(core_.settings.flush_timeout))) {
    co_return false;
  }
  if (!input_.empty()) {
    co_return true;
  }
  const MonoTime now = core_.doors.reactor.now();
  if (!session_->is_inside_line()) {
    line_deadline_ = now + session_->timeout();
  }
  const auto token = closing_ ? core_.gate.killing() : core_.gate.closing();
  const auto received = co_await connection_.receive({std::min(line_deadline_, deadline_), token});
  if (received) {
    input_ = *received;
    co_return true;
  }
  if (received.error() == engine::IoError::timed_out) {
    session_->on_timeout(connection_.out());
    co_return true;
  }
  if (received.error() == engine::IoError::cancelled && !closing_) {
    closing_ = true;
    (void)session_->on_shutdown(connection_.out());  // whether it closes, its next step says
    co_return true;
  }
  co_return false;
}

flow::Conversation Conversation::conversation_facts() const {
  flow::Conversation out;
  out.door = listener_->settings.door;
  out.peer = peer_;
  if (client_) {
    out.client = client_->client();
    out.listings = listings();
  }
  out.helo = session_->helo();
  out.protocol = session_->protocol();
  out.tls = tls_;
  out.account = identity_.name;
  out.tenant = identity_.tenant;
  out.send_as = identity_.send_as;
  out.filters = filters_.get();
  return out;
}

void Conversation::open_message() {
  if (core_.doors.intake.is_full()) {
    session_->on_opened(reply_for(flow::IntakeError{flow::IntakeFailure::no_space, {}}), input_,
                        connection_.out());
    return;
  }
  kill_point("smtp.message_opened");
  message_ = core_.doors.intake.open(conversation_facts(), transaction_of(session_->transaction()));
  session_->on_opened(std::nullopt, input_, connection_.out());
}

engine::Task<void> Conversation::append_body() {
  if (const auto appended = co_await message_->append(session_->body()); !appended) {
    message_.reset();
    session_->on_body_refused(reply_for(appended.error()));
  }
}

engine::Task<void> Conversation::commit() {
  kill_point("smtp.content_ended");
  const auto id = co_await message_->commit();
  message_.reset();
  kill_point("smtp.before_reply");
  if (id) {
    ++core_.counters.messages;
    session_->on_committed(id->text(), connection_.out());
  } else {
    session_->on_committed(failure(reply_for(id.error())), connection_.out());
  }
  // Durable is durable: the reply does not wait for what else the peer has sent.
  (void)co_await connection_.flush(within(core_.settings.flush_timeout));  // read() will see it
  kill_point("smtp.after_reply");
}

}  // namespace postrider::smtp
