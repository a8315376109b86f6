#include "conversation.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/codec/pop3/message_writer.hpp>
#include <postrider/flow/login.hpp>

namespace postrider::pop3 {
namespace {

constexpr std::size_t flush_octets = 256UL * 1024;  // of a message, before it is sent on
constexpr std::size_t sizes_slice = 1000;           // messages asked for at a time

Trouble trouble_of(store::MailError error) {
  switch (error) {
    case store::MailError::not_found:
      return Trouble::gone;
    case store::MailError::corrupt:
    case store::MailError::invalid:
      return Trouble::permanent;
    default:
      return Trouble::temporary;
  }
}

}  // namespace

Conversation::Conversation(Pop3Doors doors, const Pop3Settings& settings, engine::Gate& gate,
                           std::shared_ptr<const ListenerFacts> listener,
                           std::unique_ptr<engine::Stream> stream)
    : doors_(doors),
      settings_(settings),
      gate_(gate),
      listener_(std::move(listener)),
      connection_(doors.reactor, std::move(stream)),
      peer_(connection_.stream().peer()),
      mails_(doors.mailboxes) {}

engine::Until Conversation::within(Duration duration) const {
  return {doors_.reactor.now() + duration, gate_.killing()};
}

engine::Task<void> Conversation::run() {
  Session::Facts facts;
  if (listener_->settings.tls == flow::ListenerTls::implicit) {
    if (!co_await secure()) {
      co_return;
    }
    facts = {.tls = true, .bindings = flow::channel_bindings(*connection_.tls())};
  }
  session_.emplace(listener_->rules, std::move(facts), doors_.reactor.random());
  session_->start(connection_.out());
  while (co_await perform(session_->next(input_, connection_.out()))) {
  }
}

// False: the conversation is over.
engine::Task<bool> Conversation::perform(Step step) {
  switch (step) {
    case Step::read:
      co_return co_await read();
    case Step::start_tls:
      // The go-ahead is still in the output: it is sent once what came too early is dropped.
      if (!co_await secure()) {
        co_return false;
      }
      input_ = {};
      session_->on_tls_started(flow::channel_bindings(*connection_.tls()));
      co_return true;
    case Step::load_verifier:
      co_await load_verifier();
      co_return true;
    case Step::authenticate:
      co_await authenticate();
      co_return true;
    case Step::open:
      co_await open();
      co_return true;
    case Step::load_sizes:
      co_await load_sizes();
      co_return true;
    case Step::send_message:
      co_return co_await send_message();
    case Step::remove:
      co_await remove();
      co_return true;
    case Step::close:
      co_await connection_.close(within(settings_.flush_timeout));
      co_return false;
  }
  co_return false;
}

engine::Task<bool> Conversation::secure() {
  const auto started = co_await connection_.start_tls(
      *listener_->settings.context, net::TlsRole::server, {}, within(settings_.handshake_timeout));
  if (started) {
    tls_ = flow::describe_tls(connection_.tls()->facts());
  }
  co_return started.has_value();
}

engine::Task<bool> Conversation::read() {
  if (!co_await connection_.flush(within(settings_.flush_timeout))) {
    co_return false;
  }
  if (!input_.empty()) {
    co_return true;
  }
  const auto received =
      co_await connection_.receive({doors_.reactor.now() + session_->timeout(), gate_.closing()});
  if (received) {
    input_ = *received;
    co_return true;
  }
  if (received.error() == engine::IoError::timed_out) {
    session_->on_timeout(connection_.out());
    co_return true;
  }
  if (received.error() == engine::IoError::cancelled) {
    session_->on_shutdown(connection_.out());
    co_return true;
  }
  co_return false;
}

engine::Task<void> Conversation::load_verifier() {
  const auto verifier = co_await doors_.authenticator.find_verifier(session_->login().authcid);
  if (verifier) {
    session_->on_verifier(*verifier, connection_.out());
  } else {
    session_->on_authenticated({}, connection_.out());
  }
}

engine::Task<void> Conversation::authenticate() {
  auto result = co_await flow::log_in(
      doors_.reactor, doors_.authenticator, doors_.events, std::move(session_->login()),
      {peer_, tls_, policy::Scope::pop3}, within(listener_->rules.login_timeout));
  session_->on_authenticated(std::move(result.answer), connection_.out());
}

engine::Task<void> Conversation::open() {
  const auto account = co_await doors_.mailboxes.open_account(session_->identity());
  if (!account) {
    session_->on_unavailable(trouble_of(account.error()), connection_.out());
    co_return;
  }
  account_ = *account;
  const auto opened =
      co_await doors_.mailboxes.open(account_, store::MailboxId::inbox, /*listener=*/nullptr);
  if (!opened) {
    session_->on_unavailable(trouble_of(opened.error()), connection_.out());
    co_return;
  }
  const store::MailboxView& view = opened->view;
  session_->on_opened({.validity = view.mailbox.uid_validity,
                       .uids = view.messages.members(),
                       .octets = view.mailbox.counts.size_bytes},
                      connection_.out());
}

engine::Task<void> Conversation::load_sizes() {
  const Numbers wanted = session_->wanted();
  const auto& uids = session_->maildrop().uids;
  std::vector<std::uint64_t> sizes;
  sizes.reserve(wanted.last - wanted.first + 1);
  for (std::size_t at = wanted.first; at <= wanted.last; at += sizes_slice) {
    const std::size_t end = std::min<std::size_t>(at + sizes_slice, wanted.last + 1UL);
    const std::vector<store::Uid> slice(uids.begin() + static_cast<std::ptrdiff_t>(at),
                                        uids.begin() + static_cast<std::ptrdiff_t>(end));
    const auto rows = co_await doors_.mailboxes.facts(account_, store::MailboxId::inbox, slice);
    if (!rows) {
      session_->on_unavailable(trouble_of(rows.error()), connection_.out());
      co_return;
    }
    std::unordered_map<store::Uid, std::uint64_t> found;
    for (const store::MailRow& row : *rows) {
      found.emplace(row.uid, row.facts.size_bytes());
    }
    for (const store::Uid uid : slice) {
      const auto size = found.find(uid);
      sizes.push_back(size == found.end() ? 0 : size->second);  // purged since login
    }
  }
  session_->on_sizes(std::move(sizes), connection_.out());
}

engine::Task<bool> Conversation::send_message() {
  const Retrieval wanted = session_->retrieval();
  const auto& uids = session_->maildrop().uids;
  const auto place = std::ranges::lower_bound(uids, wanted.uid);
  const auto read =
      co_await mails_.read(account_, uids, static_cast<std::size_t>(place - uids.begin()),
                           /*wants_body=*/!wanted.lines);
  if (!read) {
    session_->on_unavailable(
        read.error() == store::MailError::not_found ? Trouble::gone : trouble_of(read.error()),
        connection_.out());
    co_return true;
  }
  // The first piece is read before the promise of a message is made.
  const MailReader::Mail& mail = **read;
  MessageWriter writer(wanted.lines);
  std::string head;
  writer.begin(mail.facts.size_bytes(), head);
  writer.append(mail.trace.view(), head);
  const std::size_t before = connection_.out().size();
  connection_.out() += head;
  if (!co_await send_body(mail, writer)) {
    // Nothing of it has gone out yet, if the first piece failed.
    if (connection_.out().size() != before + head.size()) {
      connection_.abort();
      co_return false;
    }
    connection_.out().resize(before);
    session_->on_unavailable(Trouble::temporary, connection_.out());
    co_return true;
  }
  writer.end(connection_.out());
  co_return true;
}

engine::Task<bool> Conversation::send_body(const MailReader::Mail& mail, MessageWriter& writer) {
  for (std::uint64_t at = 0; at < mail.facts.body_bytes && !writer.is_full();) {
    const auto piece = co_await mails_.read_body(mail, at);
    if (!piece || piece->view().empty()) {
      co_return false;
    }
    at += piece->view().size();
    writer.append(piece->view(), connection_.out());
    if (connection_.out().size() >= flush_octets &&
        !co_await connection_.flush(within(settings_.flush_timeout))) {
      co_return false;
    }
  }
  co_return true;
}

engine::Task<void> Conversation::remove() {
  kill_point("pop3.before_expunge");
  const auto removed = co_await doors_.mailboxes.expunge(
      account_, store::MailboxId::inbox, session_->deleted(), /*deleted_only=*/false);
  kill_point("pop3.expunged");
  session_->on_removed(removed.has_value(), connection_.out());
}

}  // namespace postrider::pop3
