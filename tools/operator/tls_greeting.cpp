#include "tls_greeting.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/mail_hosts.hpp>
#include <postrider/net/tls_dane.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::tools {

namespace {

using smtp::ClientStep;

constexpr Duration patience = std::chrono::seconds(30);

smtp::ClientSettings session_settings(const TlsGreeting& order, engine::Reactor& reactor) {
  smtp::ClientSettings out;
  out.own_name = order.own_name;
  out.tls = smtp::ClientSettings::Tls::required;
  out.random = &reactor.random();
  return out;
}

std::string judge(const TlsGreeting& order, const net::TlsSession& session, WallTime now) {
  std::string out = fmt::format("{} {}", session.facts().version, session.facts().cipher);
  if (!order.records.empty()) {
    const auto dane = net::verify_dane(session.peer_chain(), order.records, order.dane_names, now);
    out += dane.verdict == net::DaneVerdict::matched    ? "; DANE: matches"
           : dane.verdict == net::DaneVerdict::unusable ? "; DANE: unusable"
                                                        : "; DANE: " + dane.text;
  }
  if (order.anchors != nullptr) {
    const auto verified = order.anchors->verify(session.peer_chain(), order.host);
    out += verified ? "; PKIX: verified" : "; PKIX: " + verified.error().text;
  }
  return out;
}

class Greeting {
 public:
  Greeting(net::Connection connection, const net::TlsContext& tls, const TlsGreeting& order)
      : connection_(std::move(connection)),
        tls_(tls),
        order_(order),
        session_(session_settings(order, connection_.reactor())),
        until_{connection_.reactor().now() + patience, {}} {}

  engine::Task<std::string> run() {
    ClientStep step = session_.start();
    while (step == ClientStep::receive) {
      step = co_await receive();
    }
    if (step == ClientStep::start_tls) {
      co_await shake_hands();
    } else if (problem_.empty()) {
      problem_ = refusal();
    }
    connection_.abort();
    co_return problem_.empty() ? result_ : problem_;
  }

 private:
  // Why the session went no further.
  [[nodiscard]] std::string refusal() const {
    const auto& failure = session_.failure();
    if (!failure) {
      return "the server ends the conversation";
    }
    if (failure->stage == smtp::ClientFailure::Stage::tls && failure->own) {
      return "the server offers no STARTTLS";
    }
    return failure->own ? failure->reply.text
                        : fmt::format("{} {}", failure->reply.code, failure->reply.text);
  }

  engine::Task<void> shake_hands() {
    const auto started =
        co_await connection_.start_tls(tls_, net::TlsRole::client, order_.host, until_);
    if (started) {
      result_ = judge(order_, *connection_.tls(), connection_.reactor().wall_now());
    } else {
      problem_ = "TLS handshake failed: " + started.error().text;
    }
  }

  engine::Task<ClientStep> receive() {
    if (!connection_.out().empty() && !co_await connection_.flush(until_)) {
      problem_ = "the connection broke";
      co_return ClientStep::closed;
    }
    for (;;) {
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
        problem_ = engine::describe(octets.error());
        co_return ClientStep::closed;
      }
      unread_ = *octets;
    }
  }

  net::Connection connection_;
  const net::TlsContext& tls_;
  const TlsGreeting& order_;
  smtp::ClientSession session_;
  smtp::ReplyParser parser_;
  engine::Until until_;
  std::string_view unread_;
  std::string problem_;
  std::string result_;
};

}  // namespace

engine::Task<std::string> greet_with_tls(engine::Reactor& reactor, net::Resolver& resolver,
                                         TlsGreeting order) {
  const engine::Until until{reactor.now() + patience};
  const auto found =
      co_await net::find_addresses(resolver, reactor.random(), order.host, {}, until);
  const auto context = net::TlsContext::make_client({});
  std::string problem = found.addresses.empty() ? "no address" : "";
  if (!context) {
    co_return context.error().text;
  }
  for (const IpAddress& address : found.addresses) {
    auto stream = co_await reactor.connect({{address, order.port}, std::nullopt}, until);
    if (stream) {
      Greeting greeting(net::Connection(reactor, std::move(*stream)), *context, order);
      co_return co_await greeting.run();
    }
    problem = fmt::format("connect to {}: {}", address.text(), engine::describe(stream.error()));
  }
  co_return problem;
}

}  // namespace postrider::tools
