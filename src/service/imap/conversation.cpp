#include "conversation.hpp"

#include "command_table.hpp"
#include "replies.hpp"
#include "telling.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/response_code.hpp>
#include <postrider/flow/login.hpp>

namespace postrider::imap {

Conversation::Conversation(ServiceShared& shared, engine::Gate& gate,
                           std::shared_ptr<const ListenerFacts> listener,
                           std::unique_ptr<engine::Stream> stream)
    : shared_(shared),
      gate_(gate),
      listener_(std::move(listener)),
      client_(shared, *this, std::move(stream), gate),
      peer_(client_.wire.connection().stream().peer()),
      heard_(shared.doors.reactor.now()) {}

engine::Until Conversation::within(Duration duration) const {
  return {shared_.doors.reactor.now() + duration, gate_.killing()};
}

engine::Task<void> Conversation::run() {
  ServerSession::Facts facts;
  if (listener_->settings.tls == flow::ListenerTls::implicit) {
    if (!co_await secure()) {
      co_return;
    }
    facts = {.tls = true, .bindings = flow::channel_bindings(*client_.wire.connection().tls())};
  }
  ServerSession& session =
      client_.session.emplace(listener_->rules, std::move(facts), shared_.doors.reactor.random());
  session.start(client_.out());
  while (co_await perform(session.next(input_, client_.out()))) {
  }
  client_.appended.drop();
}

// False: the conversation is over.
engine::Task<bool> Conversation::perform(ServerStep step) {
  ServerSession& session = *client_.session;
  switch (step) {
    case ServerStep::read:
      co_return co_await read();
    case ServerStep::start_tls:
      // The go-ahead is still in the output: it is sent once what came too early is dropped.
      if (!co_await secure()) {
        co_return false;
      }
      input_ = {};
      session.on_tls_started(flow::channel_bindings(*client_.wire.connection().tls()));
      co_return true;
    case ServerStep::load_verifier:
      co_await load_verifier();
      co_return true;
    case ServerStep::authenticate:
      co_await authenticate();
      co_return true;
    case ServerStep::open_message:
      co_await open_message();
      co_return true;
    case ServerStep::append_octets:
      client_.appended.append(session.piece());
      co_return true;
    case ServerStep::close_message:
      co_await close_message();
      co_return true;
    case ServerStep::drop_messages:
      client_.appended.drop();
      co_return true;
    case ServerStep::execute:
      co_return co_await execute();
    case ServerStep::start_compression:
      if (!co_await client_.wire.flush()) {
        co_return false;
      }
      client_.wire.start_compression();
      co_return true;
    case ServerStep::close:
      co_await client_.wire.close();
      co_return false;
  }
  co_return false;
}

engine::Task<bool> Conversation::secure() {
  net::Connection& connection = client_.wire.connection();
  const auto started =
      co_await connection.start_tls(*listener_->settings.context, net::TlsRole::server, {},
                                    within(shared_.settings.handshake_timeout));
  if (started) {
    tls_ = flow::describe_tls(connection.tls()->facts());
  }
  co_return started.has_value();
}

engine::Task<bool> Conversation::read() {
  condstore_ = client_.enabled().condstore;
  do {
    co_await tell_news();
    if (!co_await client_.wire.flush()) {
      co_return false;
    }
    if (!input_.empty()) {
      co_return true;
    }
  } while (co_await receive());
  co_return !client_.wire.is_broken();
}

// True: nothing has come, and there may be something to tell.
engine::Task<bool> Conversation::receive() {
  ServerSession& session = *client_.session;
  engine::Reactor& reactor = shared_.doors.reactor;
  const bool pushed = pushes() && !stopping_;
  const MonoTime deadline = heard_ + session.timeout();
  engine::Until until{deadline, stopping_ ? gate_.killing() : gate_.closing()};
  if (pushed && has_news()) {
    co_return true;  // it came while the last was being sent
  }
  if (pushed && session.is_idling()) {
    keepalive_ = std::min(keepalive_, next_keepalive());
  }
  if (pushed) {
    until = {std::min(deadline, keepalive_), wake_.emplace(gate_.closing()).token()};
  }
  client_.wire.slim();
  const auto received = co_await client_.wire.receive(until);
  wake_.reset();
  if (received) {
    input_ = *received;
    keepalive_ = mono_never;
    if (session.state() != ServerState::not_authenticated) {
      heard_ = reactor.now();
    }
    co_return false;
  }
  if (received.error() == engine::IoError::timed_out && reactor.now() < deadline) {
    encode_status("*", {Status::Kind::ok, "", "Still here"}, client_.out());
    keepalive_ = mono_never;
    co_return true;
  }
  if (received.error() == engine::IoError::timed_out) {
    session.on_timeout(client_.out());
    co_return false;
  }
  if (received.error() == engine::IoError::cancelled && !gate_.is_closed()) {
    co_return true;  // news
  }
  if (received.error() == engine::IoError::cancelled && !std::exchange(stopping_, true)) {
    co_return !session.on_shutdown(client_.out());
  }
  client_.wire.abort();
  co_return false;
}

bool Conversation::pushes() const {
  const ServerSession& session = *client_.session;
  return session.is_idling() || (client_.notifier != nullptr && session.is_between_commands());
}

bool Conversation::has_news() const {
  return (client_.selected && client_.selected->has_news()) ||
         (client_.notifier != nullptr && client_.notifier->has_news());
}

engine::Task<void> Conversation::tell_news() {
  if (!pushes()) {
    co_return;
  }
  tell_of_account(client_);
  if (!client_.selected) {
    co_return;
  }
  if (may_still_look()) {
    co_await claim_recent(client_);
    tell_of_selected(client_, client_.session->is_idling() ? Moment::idle : Moment::unasked, {});
    leave_if_gone();
  }
  if (!client_.selected) {
    client_.session->on_unselected();
    co_return;
  }
  co_await fetch_new(client_);
}

void Conversation::on_mailbox_changed() {
  if (wake_) {
    wake_->cancel();
  }
}

MonoTime Conversation::next_keepalive() {
  const auto spread = shared_.settings.keepalive_max - shared_.settings.keepalive_min;
  const auto drawn = static_cast<double>(spread.count()) * shared_.doors.reactor.random().unit();
  return shared_.doors.reactor.now() + shared_.settings.keepalive_min +
         Duration(static_cast<Duration::rep>(drawn));
}

engine::Task<void> Conversation::load_verifier() {
  ServerSession& session = *client_.session;
  const auto verifier =
      co_await shared_.doors.authenticator.find_verifier(session.auth_request().authcid);
  if (verifier) {
    session.on_verifier(*verifier, client_.out());
  } else {
    session.on_authenticated({}, client_.out());
  }
}

engine::Task<void> Conversation::authenticate() {
  ServerSession& session = *client_.session;
  auto result = co_await flow::log_in(shared_.doors.reactor, shared_.doors.authenticator,
                                      shared_.doors.events, session.auth_request(),
                                      {peer_, tls_, policy::Scope::imap},
                                      within(listener_->rules.login_timeout));
  session.on_authenticated(co_await admit(std::move(result.answer)), client_.out());
  heard_ = shared_.doors.reactor.now();
}

// Who has proved to be somebody still needs a place, and an account to look into.
engine::Task<LoginAnswer> Conversation::admit(sasl::LoginAnswer answer) {
  LoginAnswer out{std::move(answer), {}};
  if (out.verdict != sasl::LoginVerdict::accepted) {
    co_return out;
  }
  client_.place = UserPlace::take(shared_, out.identity);
  if (!client_.place) {
    out.verdict = sasl::LoginVerdict::too_many;
    co_return out;
  }
  const auto account = co_await client_.store().open_account(out.identity);
  if (!account) {
    client_.place = {};
    out.verdict = sasl::LoginVerdict::temporary;
    co_return out;
  }
  client_.account = *account;
  for (const AccountQuirk& quirk : shared_.settings.account_quirks) {
    if (quirk.account == out.identity) {
      out.hidden = quirk.hidden;
    }
  }
  co_return out;
}

engine::Task<void> Conversation::open_message() {
  ServerSession& session = *client_.session;
  auto refusal = co_await client_.appended.open(client_, session.append(), session.replaced(),
                                                within(listener_->rules.command_timeout));
  session.on_message_opened(std::move(refusal), client_.out());
}

engine::Task<void> Conversation::close_message() {
  if (auto refusal = co_await client_.appended.close()) {
    client_.session->on_append_refused(*std::move(refusal), client_.out());
  }
}

engine::Task<bool> Conversation::execute() {
  ServerSession& session = *client_.session;
  const Command& command = session.command();
  const ServedCommand& row = row_of(command.verb);
  client_.progress.begin(shared_.doors.reactor.now(), shared_.settings.progress_interval);
  tell_of_condstore();
  const bool was_selected = client_.selected.has_value();
  if (client_.notifier != nullptr) {
    client_.notifier->begin_own(command);
  }
  Status status = was_selected && !may_still_look() && row.needs_mailbox
                      ? refused("NOPERM", "The mailbox may not be read any more")
                      : co_await row.run(client_, command);
  if (client_.notifier != nullptr) {
    client_.notifier->end_own(status.is_ok());
  }
  if (client_.wire.is_broken()) {
    co_return false;
  }
  if (client_.selected && may_still_look()) {
    co_await claim_recent(client_);
    tell_after(client_, row, command);
    leave_if_gone();
  }
  const bool leaves = command.verb == Verb::unauthenticate;
  session.on_done(std::move(status), client_.out());
  if (leaves) {
    leave_account();
  }
  if (!client_.selected) {
    session.on_unselected();
  }
  co_return true;
}

// RFC 4314 5.1.1. False: the right to read has been taken away, and nothing is selected any more.
// Whoever may not even look it up is told what is told of a mailbox that has been deleted.
bool Conversation::may_still_look() {
  SelectedMailbox& selected = *client_.selected;
  const bool was_read_only = selected.is_read_only();
  if (!selected.take_rights()) {
    return true;
  }
  if (!selected.manner().rights.has(Right::read)) {
    const bool is_visible = selected.manner().rights.has(Right::lookup);
    client_.selected.reset();
    encode_status("*",
                  {Status::Kind::ok, "CLOSED",
                   is_visible ? "The selected mailbox may not be read any more"
                              : "The selected mailbox is gone"},
                  client_.out());
    return false;
  }
  selected.tell_rights(client_.out());
  if (selected.is_read_only() != was_read_only) {
    encode_status("*",
                  {Status::Kind::ok, was_read_only ? "READ-WRITE" : "READ-ONLY",
                   "What you may do here has changed"},
                  client_.out());
  }
  return true;
}

// RFC 7162 3.1: a command may be what turns CONDSTORE on, with a mailbox open.
void Conversation::tell_of_condstore() {
  const bool was_on = std::exchange(condstore_, client_.enabled().condstore);
  const Verb verb = client_.session->command().verb;
  const bool opens = verb == Verb::select || verb == Verb::examine;
  if (condstore_ && !was_on && client_.selected && !opens) {
    encode_status(
        "*",
        {Status::Kind::ok, number_code("HIGHESTMODSEQ", client_.selected->shared().modseq()),
         "The last change"},
        client_.out());
  }
}

// Somebody has deleted what is selected here.
void Conversation::leave_if_gone() {
  if (client_.selected->shared().is_gone()) {
    client_.selected.reset();
    encode_status("*", {Status::Kind::ok, "CLOSED", "The selected mailbox is gone"}, client_.out());
  }
}

void Conversation::leave_account() {
  client_.selected.reset();
  client_.notifier.reset();
  client_.place = {};
  client_.account = store::MailAccountId::none;
  heard_ = shared_.doors.reactor.now();
}

}  // namespace postrider::imap
