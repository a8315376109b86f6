#pragma once

#include "../net/tls_test_support.hpp"
#include "table_resolver.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <postrider/codec/http/parser.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/policy/token_introspection.hpp>

namespace postrider::policy {

inline const net::TestPki& token_pki() {
  static const net::TestPki* made = [] {
    auto* out = new net::TestPki();
    out->make_ca("root");
    out->make_leaf("web", "root", "login.example");
    return out;
  }();
  return *made;
}

// An introspection endpoint in a simulated network, by HTTPS.
class TokenEndpoint {
 public:
  explicit TokenEndpoint(engine::Reactor& reactor)
      : resolver(reactor),
        server_tls_(net::server_context({.identity = token_pki().identity({"web"})})),
        client_tls_(net::client_context(
            {.verify = net::TlsVerify::require,
             .trust = net::TrustAnchors::parse(token_pki().certificate("root"), "root").value()})),
        reactor_(reactor) {
    resolver.address("login.example", "192.0.2.80");
    settings.endpoint = http::parse_https_url("https://login.example/introspect").value();
    settings.client_id = "mail";
    settings.secret = "s:cret/";
    start();
  }
  TokenEndpoint(const TokenEndpoint&) = delete;
  TokenEndpoint& operator=(const TokenEndpoint&) = delete;
  ~TokenEndpoint() { stop(); }

  void start() {
    ending_ = std::make_shared<engine::CancelSource>();
    reactor_.spawn(serve(reactor_, answers, server_tls_,
                         reactor_.listen({.address = address()}).value(), ending_));
  }
  // Nobody listens any more, from the next turn on.
  void stop() {
    if (ending_) {
      ending_->cancel();
    }
  }
  [[nodiscard]] TokenIntrospection::Doors doors() { return {reactor_, resolver, &client_tls_}; }

  // What it says, and what it was asked; its conversations hold it too.
  struct Answers {
    std::map<std::string, std::string> by_token;  // body; others get `body`
    std::string body = R"({"active":true,"username":"a@example.org"})";
    std::uint16_t status = 200;
    Duration slowness{};
    std::vector<std::string> bodies;
    std::vector<std::string> authorizations;
    std::size_t at_once = 0;
    std::size_t most_at_once = 0;
  };
  std::shared_ptr<Answers> answers = std::make_shared<Answers>();
  TableResolver resolver;
  IntrospectionSettings settings;

 private:
  static SocketAddress address() { return SocketAddress::parse("192.0.2.80:443").value(); }

  static engine::Task<void> serve(engine::Reactor& reactor, std::shared_ptr<Answers> answers,
                                  net::TlsContext tls, std::unique_ptr<engine::Listener> listener,
                                  std::shared_ptr<engine::CancelSource> ending) {
    while (auto stream = co_await listener->accept({mono_never, ending->token()})) {
      reactor.spawn(converse(reactor, answers, tls, std::move(*stream)));
    }
  }

  static engine::Task<void> converse(engine::Reactor& reactor, std::shared_ptr<Answers> answers,
                                     net::TlsContext tls, std::unique_ptr<engine::Stream> stream) {
    net::Connection connection(reactor, std::move(stream));
    const engine::Until soon{reactor.now() + std::chrono::minutes(10)};
    if (!co_await connection.start_tls(tls, net::TlsRole::server, "", soon)) {
      co_return;
    }
    http::RequestParser parser({});
    while (parser.state() == http::ParseState::more) {
      const auto octets = co_await connection.receive(soon);
      if (!octets) {
        co_return;
      }
      (void)parser.feed(*octets);  // one request a connection
    }
    const http::Request request = parser.take();
    answers->bodies.push_back(request.body);
    answers->authorizations.emplace_back(request.field("authorization").value_or(""));
    answers->most_at_once = std::max(answers->most_at_once, ++answers->at_once);
    if (answers->slowness > Duration::zero()) {
      (void)co_await reactor.sleep_for(answers->slowness, {});
    }
    --answers->at_once;
    http::Response response;
    response.status = answers->status;
    response.body = answers->body;
    for (const auto& [token, body] : answers->by_token) {
      if (request.body.starts_with("token=" + token + "&")) {
        response.body = body;
      }
    }
    response.keep_alive = false;
    http::encode_response(response, connection.out());
    (void)co_await connection.flush(soon);
    co_await connection.close(soon);
  }

  net::TlsContext server_tls_;
  net::TlsContext client_tls_;
  engine::Reactor& reactor_;
  std::shared_ptr<engine::CancelSource> ending_;  // serve() holds it too
};

}  // namespace postrider::policy
