#include "submit.hpp"

#include <fmt/core.h>
#include <optional>
#include <utility>

#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::tools {

namespace {

using smtp::ClientStep;

class Submitter {
 public:
  Submitter(net::Connection connection, const net::TlsContext& tls, Submission submission)
      : connection_(std::move(connection)),
        tls_(tls),
        submission_(std::move(submission)),
        session_(settings()),
        until_{connection_.reactor().now() + submission_.patience, {}} {}

  engine::Task<Result<smtp::Reply, std::string>> run() {
    if (submission_.implicit_tls && !co_await start_tls()) {
      co_return failure(problem_);
    }
    for (auto step = session_.start();;) {
      switch (step) {
        case ClientStep::receive:
          step = co_await receive();
          break;
        case ClientStep::start_tls:
          step = co_await start_tls() ? session_.on_tls_started(connection_.out(), bindings())
                                      : ClientStep::closed;
          break;
        case ClientStep::ready:
          step = session_.begin(transaction(), connection_.out());
          break;
        case ClientStep::send_body: {
          std::string_view bare = submission_.octets;
          step = session_.send_body(bare, true, connection_.out());
          connection_.write(bare);
          break;
        }
        case ClientStep::done:
          session_.quit(connection_.out());
          co_await connection_.close(until_);
          co_return outcome();
        case ClientStep::closed:
          co_return failure(closed_because());
      }
    }
  }

 private:
  smtp::ClientSettings settings() {
    smtp::ClientSettings settings;
    settings.own_name = "localhost";
    settings.tls = submission_.implicit_tls ? smtp::ClientSettings::Tls::off
                                            : smtp::ClientSettings::Tls::required;
    settings.username = submission_.username;
    settings.password = submission_.password;
    settings.plain_auth = submission_.implicit_tls;  // TLS is there, the session did not start it
    settings.random = &connection_.reactor().random();
    return settings;
  }

  smtp::ClientTransaction transaction() const {
    smtp::ClientTransaction transaction;
    transaction.reverse_path = submission_.reverse_path;
    transaction.size_octets = submission_.octets.size();
    for (const auto& address : submission_.recipients) {
      transaction.recipients.push_back({address, {}});
    }
    return transaction;
  }

  sasl::ChannelBindings bindings() {
    return {connection_.tls()->channel_binding_exporter(),
            connection_.tls()->channel_binding_end_point()};
  }

  engine::Task<bool> start_tls() {
    const auto started =
        co_await connection_.start_tls(tls_, net::TlsRole::client, submission_.server_name, until_);
    if (!started) {
      problem_ = fmt::format("TLS: {}", started.error().text);
    }
    unread_ = {};
    parser_.reset();
    co_return started.has_value();
  }

  engine::Task<ClientStep> receive() {
    if (!co_await connection_.flush(until_)) {
      problem_ = "the connection broke";
      co_return ClientStep::closed;
    }
    for (;;) {
      parser_.set_enhanced_codes(session_.capabilities().enhanced_codes);
      const auto reply = parser_.feed(unread_);
      if (!reply) {
        problem_ = smtp::describe(reply.error());
        co_return ClientStep::closed;
      }
      if (*reply) {
        co_return session_.on_reply(**reply, connection_.out());
      }
      const auto octets = co_await connection_.receive(until_);
      if (!octets) {
        problem_ = fmt::format("{} {}", engine::describe(octets.error()), session_.awaited());
        co_return ClientStep::closed;
      }
      unread_ = *octets;
    }
  }

  std::string closed_because() const {
    if (session_.failure()) {
      const auto& reply = session_.failure()->reply;
      return fmt::format("{} {} {}", reply.code, reply.enhanced.text(), reply.text);
    }
    return problem_;
  }

  Result<smtp::Reply, std::string> outcome() const {
    for (const auto& one : session_.outcomes()) {
      if (one.kind != smtp::RecipientOutcome::Kind::delivered) {
        return failure(
            fmt::format("{} {} {}", one.reply.code, one.reply.enhanced.text(), one.reply.text));
      }
    }
    return session_.outcomes().front().reply;
  }

  net::Connection connection_;
  const net::TlsContext& tls_;
  Submission submission_;
  smtp::ClientSession session_;
  smtp::ReplyParser parser_;
  engine::Until until_;
  std::string_view unread_;
  std::string problem_;
};

}  // namespace

engine::Task<Result<smtp::Reply, std::string>> submit(engine::Reactor& reactor,
                                                      const net::TlsContext& tls,
                                                      Submission submission) {
  if (submission.recipients.empty()) {
    co_return failure(std::string("no recipient was named"));
  }
  auto stream = co_await reactor.connect({.to = submission.server, .source = {}},
                                         {reactor.now() + submission.patience, {}});
  if (!stream) {
    co_return failure(
        fmt::format("{}: {}", submission.server.text(), engine::describe(stream.error())));
  }
  Submitter submitter(net::Connection(reactor, std::move(*stream)), tls, std::move(submission));
  co_return co_await submitter.run();
}

}  // namespace postrider::tools
