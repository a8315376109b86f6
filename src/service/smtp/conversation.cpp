#include "conversation.hpp"

#include "intake_reply.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/net/tls_session.hpp>
#include <postrider/policy/send_as.hpp>

namespace postrider::smtp {
namespace {

AuthVerdict verdict_of(policy::LoginVerdict verdict) {
  switch (verdict) {
    case policy::LoginVerdict::accepted:
      return AuthVerdict::accepted;
    case policy::LoginVerdict::rejected:
      return AuthVerdict::rejected;
    case policy::LoginVerdict::disabled:
      return AuthVerdict::disabled;
    case policy::LoginVerdict::throttled:
      return AuthVerdict::throttled;
    case policy::LoginVerdict::temporary:
      return AuthVerdict::temporary;
  }
  return AuthVerdict::temporary;
}

std::string_view describe_login(policy::LoginVerdict verdict) {
  switch (verdict) {
    case policy::LoginVerdict::accepted:
      return "accepted";
    case policy::LoginVerdict::rejected:
      return "wrong name or password";
    case policy::LoginVerdict::disabled:
      return "the account is disabled";
    case policy::LoginVerdict::throttled:
      return "too many failures: made to wait";
    case policy::LoginVerdict::temporary:
      return "the accounts can't be asked now";
  }
  return "unknown";
}

flow::Transaction transaction_of(const ServerTransaction& given) {
  flow::Transaction out;
  out.reverse_path = given.reverse_path.address();
  out.envid = given.mail.envid;
  out.ret = given.mail.ret == Ret::full      ? store::Return::full
            : given.mail.ret == Ret::headers ? store::Return::headers
                                             : store::Return::absent;
  out.smtputf8 = given.mail.smtputf8;
  out.eight_bit = given.mail.body == Body::eight_bit_mime;
  out.require_tls = given.mail.require_tls;
  for (const ServerRecipient& recipient : given.recipients) {
    const NotifyParameter& notify = recipient.parameters.notify;
    out.recipients.push_back({recipient.path.address(),
                              recipient.parameters.orcpt,
                              {notify.never, notify.success, notify.failure, notify.delay}});
  }
  return out;
}

bool is_allowed(const ListenerSettings& listener, const IpAddress& peer) {
  return listener.door == flow::Door::relay &&
         std::ranges::any_of(listener.allow,
                             [&peer](const IpNetwork& network) { return network.contains(peer); });
}

}  // namespace

Conversation::Conversation(ServiceCore& core, std::shared_ptr<const ListenerFacts> listener,
                           std::unique_ptr<engine::Stream> stream)
    : core_(core),
      listener_(std::move(listener)),
      connection_(core.doors.reactor, std::move(stream)),
      peer_(connection_.stream().peer()),
      deadline_(core.doors.reactor.now() + listener_->rules.session_timeout) {}

engine::Until Conversation::within(Duration duration) const {
  return {core_.doors.reactor.now() + duration, core_.gate.killing()};
}

engine::Task<void> Conversation::run() {
  const bool implicit = listener_->settings.tls == ListenerTls::implicit;
  if (implicit && !co_await secure()) {
    co_return;
  }
  ServerSession::Facts facts{.trusted = is_allowed(listener_->settings, peer_.ip), .tls = implicit};
  if (implicit) {
    facts.bindings = tls_facts().bindings;
  }
  session_.emplace(listener_->rules, std::move(facts), core_.doors.reactor.random());
  session_->start(connection_.out());
  kill_point("smtp.greeted");
  while (co_await perform(session_->next(input_, connection_.out()))) {
  }
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
      session_->on_tls_started(tls_facts());
      co_return true;
    case ServerStep::load_verifier:
      co_await load_verifier();
      co_return true;
    case ServerStep::authenticate:
      co_await authenticate();
      co_return true;
    case ServerStep::check_sender:
      check_sender();
      co_return true;
    case ServerStep::check_recipient:
      co_await check_recipient();
      co_return true;
    case ServerStep::open_message:
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
  const net::TlsFacts& facts = connection_.tls()->facts();
  tls_ = std::string(facts.version) + ' ' + facts.cipher;
  co_return true;
}

ServerTlsFacts Conversation::tls_facts() {
  ServerTlsFacts out;
  out.bindings.tls_exporter = connection_.tls()->channel_binding_exporter();
  out.bindings.tls_server_end_point = connection_.tls()->channel_binding_end_point();
  return out;
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

engine::Task<void> Conversation::load_verifier() {
  const auto verifier =
      co_await core_.doors.authenticator->find_verifier(session_->auth_request().authcid);
  if (verifier) {
    session_->on_verifier(*verifier, connection_.out());
  } else {
    session_->on_authenticated({AuthVerdict::temporary, {}}, connection_.out());
  }
}

engine::Task<void> Conversation::authenticate() {
  const AuthRequest request = session_->auth_request();
  const engine::Until until{deadline_, core_.gate.killing()};
  policy::LoginOutcome outcome;
  if (sasl::shows_password(request.mechanism)) {
    outcome = co_await core_.doors.authenticator->check_password(
        {request.authcid, request.authzid, request.password, peer_.ip}, until);
  } else {
    outcome = co_await core_.doors.authenticator->check_proof(
        {request.authcid, request.authzid, request.proof_holds, peer_.ip}, until);
  }
  tell_login(request.authcid, outcome.verdict);
  identity_ = std::move(outcome.identity);
  session_->on_authenticated({verdict_of(outcome.verdict), identity_.name}, connection_.out());
}

void Conversation::check_sender() {
  std::optional<Reply> refusal;
  if (!identity_.name.empty()) {
    const std::string sender = session_->transaction().reverse_path.address();
    if (!policy::may_send_as(identity_, sender)) {
      refusal = Reply{553, {5, 7, 1}, "Sender not allowed for this account"};
    } else if (!core_.message_rate.admit(identity_.name, core_.doors.reactor.now())) {
      refusal = Reply{451, {4, 7, 1}, "Too many messages of this account: try again later"};
    }
  }
  if (refusal) {
    tell_refused("", *refusal);
  }
  session_->on_sender_checked(refusal, connection_.out());
}

// RFC 5321 2.3.5: what is no name that DNS could hold can be told at once.
std::optional<Reply> Conversation::check_domain() {
  const std::string& domain = session_->recipient().path.domain;
  if (domain.starts_with('[')) {
    return std::nullopt;
  }
  const auto name = dns::to_a_label(domain);
  if (name) {
    return std::nullopt;
  }
  return Reply{553, {5, 1, 2}, "Bad domain: " + std::string(dns::describe(name.error()))};
}

engine::Task<void> Conversation::check_recipient() {
  std::optional<Reply> refusal = check_domain();
  if (!refusal && listener_->settings.door == flow::Door::inbound) {
    // Without somebody who knows what is ours, everything would be relayed.
    refusal = core_.doors.recipients == nullptr
                  ? std::optional(Reply{550, {5, 7, 1}, "Relaying denied"})
                  : co_await core_.doors.recipients->check(session_->recipient().path.address());
  }
  if (refusal) {
    tell_refused(session_->recipient().path.address(), *refusal);
  }
  session_->on_recipient_checked(refusal, connection_.out());
}

flow::Event Conversation::event_of(flow::EventKind kind) const {
  flow::Event event;
  event.kind = kind;
  event.time = core_.doors.reactor.wall_now();
  event.tenant = identity_.tenant;
  event.remote = peer_.text();
  event.tls = tls_;
  return event;
}

// A sender (`recipient` empty) or one recipient; what concerns a whole message, intake tells.
void Conversation::tell_refused(std::string recipient, const Reply& reply) {
  if (core_.doors.events == nullptr) {
    return;
  }
  flow::Event event = event_of(flow::EventKind::refused);
  event.from = session_->transaction().reverse_path.address();
  event.to = std::move(recipient);
  event.code = reply.code;
  event.enhanced = reply.enhanced.text();
  event.text = reply.text;
  core_.doors.events->emit(std::move(event));
}

// So that guessing shows in the log. Never with what was tried as a password.
void Conversation::tell_login(const std::string& name, policy::LoginVerdict verdict) {
  if (core_.doors.events == nullptr || verdict == policy::LoginVerdict::accepted) {
    return;
  }
  flow::Event event = event_of(flow::EventKind::login_failed);
  event.text = fmt::format("{} ({})", quoted_for_log(name), describe_login(verdict));
  core_.doors.events->emit(std::move(event));
}

flow::Conversation Conversation::conversation_facts() const {
  flow::Conversation out;
  out.door = listener_->settings.door;
  out.peer = peer_;
  out.helo = session_->helo();
  out.protocol = session_->protocol();
  out.tls = tls_;
  out.account = identity_.name;
  out.tenant = identity_.tenant;
  out.send_as = identity_.send_as;
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
