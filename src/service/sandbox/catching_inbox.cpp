#include <fmt/core.h>
#include <utility>

#include <postrider/codec/smtp/server_session.hpp>
#include <postrider/net/tls_session.hpp>
#include <postrider/service/sandbox/catching_inbox.hpp>

namespace postrider::sandbox {

namespace {

constexpr Duration flush_patience = std::chrono::minutes(1);
constexpr Duration check_patience = std::chrono::seconds(10);

smtp::Reply reply(std::uint16_t code, smtp::EnhancedCode enhanced, std::string text) {
  return {code, enhanced, std::move(text)};
}

}  // namespace

// One connection: asks the session what to do, and does it.
class CatchingInbox::Conversation {
 public:
  Conversation(CatchingInbox& inbox, std::unique_ptr<engine::Stream> stream)
      : inbox_(inbox),
        connection_(inbox.reactor_, std::move(stream)),
        session_(inbox.rules_, {}, inbox.reactor_.random()) {
    message_.peer = connection_.stream().peer();
  }

  engine::Task<void> run() {
    session_.start(connection_.out());
    for (;;) {
      const auto step = session_.next(input_, connection_.out());
      switch (step) {
        case smtp::ServerStep::read:
          if (!co_await read()) {
            co_return;
          }
          break;
        case smtp::ServerStep::start_tls:
          if (!co_await start_tls()) {
            co_return;
          }
          break;
        case smtp::ServerStep::close:
          co_await connection_.close(patience());
          co_return;
        case smtp::ServerStep::commit:
          co_await deliver();
          break;
        default:
          answer(step);
      }
    }
  }

 private:
  engine::Until patience() const {
    return {inbox_.reactor_.now() + flush_patience, inbox_.gate_.killing()};
  }

  engine::Task<bool> read() {
    if (!co_await connection_.flush(patience())) {
      co_return false;
    }
    if (!input_.empty()) {
      co_return true;  // a long pipeline: its replies had to go out first
    }
    const auto deadline = inbox_.reactor_.now() + session_.timeout();
    const auto received = co_await connection_.receive({deadline, inbox_.gate_.closing()});
    if (received) {
      input_ = *received;
      co_return true;
    }
    if (received.error() == engine::IoError::timed_out) {
      session_.on_timeout(connection_.out());
      co_return true;
    }
    if (received.error() == engine::IoError::cancelled && !inbox_.gate_.killing().is_cancelled()) {
      (void)session_.on_shutdown(connection_.out());  // a catching inbox has nothing to finish
      co_await connection_.close(patience());
    }
    co_return false;
  }

  engine::Task<bool> start_tls() {
    // The 220 is still in the output: start_tls sends it once what came too early is dropped.
    input_ = {};
    const auto started =
        co_await connection_.start_tls(inbox_.tls_, net::TlsRole::server, {}, patience());
    if (started) {
      const auto& facts = connection_.tls()->facts();
      message_.tls = fmt::format("{} {}", facts.version, facts.cipher);
      session_.on_tls_started({});
    }
    co_return started.has_value();
  }

  // What needs no waiting.
  void answer(smtp::ServerStep step) {
    auto& out = connection_.out();
    switch (step) {
      case smtp::ServerStep::check_sender:
        session_.on_sender_checked({}, out);
        break;
      case smtp::ServerStep::check_recipient:
        session_.on_recipient_checked(refusal(session_.recipient().path), out);
        break;
      case smtp::ServerStep::open_message:
        message_.octets.clear();
        session_.on_opened({}, input_, out);
        break;
      case smtp::ServerStep::append_body:
        message_.octets += session_.body();
        break;
      case smtp::ServerStep::drop_message:
        message_.octets.clear();
        break;
      default:
        break;  // AUTH is not offered: nothing else is asked
    }
  }

  std::optional<smtp::Reply> refusal(const smtp::Path& path) const {
    if (path.local_part.starts_with(inbox_.settings_.refused_prefix)) {
      return reply(550, {5, 1, 1}, "No such mailbox (the sandbox refuses bounce...@)");
    }
    if (path.local_part.starts_with(inbox_.settings_.deferred_prefix)) {
      return reply(450, {4, 2, 1}, "Try again later (the sandbox defers defer...@)");
    }
    return std::nullopt;
  }

  engine::Task<void> deliver() {
    const auto now = inbox_.reactor_.wall_now();
    message_.time = now;
    message_.helo = session_.helo();
    message_.reverse_path = session_.transaction().reverse_path.address();
    message_.recipients.clear();
    for (const auto& recipient : session_.transaction().recipients) {
      message_.recipients.push_back(recipient.path.address());
    }
    const engine::Until until{inbox_.reactor_.now() + check_patience, inbox_.gate_.killing()};
    message_.signatures = co_await check_signatures(message_.octets, inbox_.resolver_, now, until);
    inbox_.on_caught_(message_);
    session_.on_committed(std::string("caught"), connection_.out());
  }

  CatchingInbox& inbox_;
  net::Connection connection_;
  smtp::ServerSession session_;
  std::string_view input_;
  CaughtMessage message_;
};

CatchingInbox::CatchingInbox(engine::Reactor& reactor, net::Resolver& resolver,
                             const net::TlsContext& tls, CatchingInboxSettings settings,
                             std::function<void(const CaughtMessage&)> on_caught)
    : reactor_(reactor),
      resolver_(resolver),
      tls_(tls),
      settings_(std::move(settings)),
      on_caught_(std::move(on_caught)),
      gate_(reactor) {
  rules_.hostname = settings_.hostname;
  rules_.senders = smtp::Senders::anyone;
  rules_.offer_starttls = true;
  rules_.message_octets_max = settings_.message_octets_max;
}

engine::Task<void> CatchingInbox::serve(std::unique_ptr<engine::Listener> listener) {
  const auto pass = gate_.enter();
  for (;;) {
    auto stream = co_await listener->accept({mono_never, gate_.closing()});
    if (!stream) {
      if (gate_.is_closed()) {
        co_return;
      }
      (void)co_await reactor_.sleep_for(std::chrono::milliseconds(100), gate_.closing());
      continue;  // out of descriptors for a moment
    }
    auto inside = gate_.enter();
    if (inside && gate_.inside() <= settings_.sessions_max + 1) {
      reactor_.spawn(converse(std::move(*stream), std::move(inside)));
    }
  }
}

engine::Task<void> CatchingInbox::converse(std::unique_ptr<engine::Stream> stream,
                                           engine::Gate::Pass pass) {
  const auto holder = std::move(pass);
  Conversation conversation(*this, std::move(stream));
  co_await conversation.run();
}

}  // namespace postrider::sandbox
