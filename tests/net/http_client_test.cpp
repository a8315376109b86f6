#include "scripted_dns.hpp"
#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <optional>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/http_client.hpp>

namespace postrider::net {
namespace {

using engine::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

const SocketAddress dns_address = SocketAddress::parse("192.0.2.53:53").value();
const SocketAddress web_address = SocketAddress::parse("192.0.2.80:443").value();

// The certificates cost some processes: made once.
const TestPki& pki() {
  static const TestPki* made = [] {
    auto* out = new TestPki();
    out->make_ca("root");
    out->make_leaf("web", "root", "web.example");
    out->make_leaf("other", "root", "other.example");
    out->make("old", {.issuer = "root",
                      .subject = "web.example",
                      .extensions = "subjectAltName=DNS:web.example",
                      .days = -1});
    out->make_leaf("self", "", "web.example");
    return out;
  }();
  return *made;
}

struct World {
  explicit World(const std::string& identity = "web", std::string says = {})
      : reply(std::move(says)),
        simulation(engine::Simulation::create({.seed = 7})),
        reactor(simulation->reactor(0)) {
    dns = std::make_unique<ScriptedDns>(reactor, dns_address, [](const dns::Query& query, bool) {
      if (query.question.name == "web.example" && query.question.type == dns::RecordType::a) {
        return answers({a_record("web.example", "192.0.2.80")});
      }
      return denies(dns::ResponseCode::no_error);
    });
    ResolverSettings settings;
    settings.servers = {dns_address};
    resolver = make_resolver(reactor, settings);
    server_tls = server_context({.identity = pki().identity({identity})});
    client_tls =
        client_context({.verify = TlsVerify::require,
                        .trust = TrustAnchors::parse(pki().certificate("root"), "root").value()});
    listener = reactor.listen({.address = web_address}).value();
    reactor.spawn(serve(*this));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  // First: what is still waiting holds on to the listener.
  ~World() { simulation->kill_tasks(); }

  static Task<void> serve(World& world) {
    for (;;) {
      auto stream = co_await world.listener->accept({});
      if (!stream) {
        co_return;
      }
      Connection connection(world.reactor, std::move(*stream));
      const engine::Until soon{world.reactor.now() + seconds(100)};
      if (!co_await connection.start_tls(*world.server_tls, TlsRole::server, "", soon)) {
        continue;
      }
      while (world.request.find("\r\n\r\n") == std::string::npos) {
        const auto octets = co_await connection.receive(soon);
        if (!octets) {
          co_return;
        }
        world.request += *octets;
      }
      if (world.is_silent) {
        (void)co_await connection.receive(soon);
        continue;
      }
      connection.write(world.reply);
      (void)co_await connection.flush(soon);
      if (world.cuts) {
        connection.abort();
      } else {
        co_await connection.close(soon);
      }
    }
  }

  static Task<void> ask(World& world, HttpOrder order,
                        std::optional<Result<http::Response, HttpFailure>>& out) {
    out.emplace(co_await https_exchange({world.reactor, *world.resolver, *world.client_tls},
                                        std::move(order), {world.reactor.now() + seconds(60)}));
  }
  Result<http::Response, HttpFailure> exchange(std::string_view url, HttpOrder order = {}) {
    order.url = http::parse_https_url(url).value();
    std::optional<Result<http::Response, HttpFailure>> out;
    simulation->run(ask(*this, std::move(order), out));
    return std::move(*out);
  }

  std::string reply;
  std::string request;
  bool is_silent = false;
  bool cuts = false;
  std::unique_ptr<ScriptedDns> dns;
  std::unique_ptr<engine::Simulation> simulation;
  engine::Reactor& reactor;
  std::unique_ptr<Resolver> resolver;
  std::optional<TlsContext> server_tls;
  std::optional<TlsContext> client_tls;
  std::unique_ptr<engine::Listener> listener;
};

constexpr std::string_view sized = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello";

HttpFailureKind kind_of(const Result<http::Response, HttpFailure>& answer) {
  EXPECT_FALSE(answer.has_value());
  return answer ? HttpFailureKind{255} : answer.error().kind;
}

TEST(HttpClient, GetsADocument) {
  World world("web", std::string(sized));
  const auto answer = world.exchange("https://web.example/a?b");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->field("x"), "y");
  EXPECT_EQ(world.request, "GET /a?b HTTP/1.1\r\nhost: web.example\r\nconnection: close\r\n\r\n");
}

TEST(HttpClient, PostsOne) {
  World world("web", "HTTP/1.1 204 No Content\r\n\r\n");
  HttpOrder order;
  order.method = "POST";
  order.fields = {{"content-type", "application/tlsrpt+gzip"}};
  order.body = "octets";
  const auto answer = world.exchange("https://web.example/", std::move(order));
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->status, 204);
  EXPECT_NE(world.request.find("content-length: 6\r\n"), std::string::npos);
  EXPECT_NE(world.request.find("content-type: application/tlsrpt+gzip\r\n"), std::string::npos);
}

TEST(HttpClient, DoesNotFollowRedirects) {
  World world("web",
              "HTTP/1.1 301 Moved\r\nlocation: https://web.example/b\r\ncontent-length: 0\r\n\r\n");
  const auto answer = world.exchange("https://web.example/a");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->status, 301);
}

TEST(HttpClient, SkipsInterimAnswersAndReadsToTheEnd) {
  World world("web", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end");
  const auto answer = world.exchange("https://web.example/");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->body, "to the end");
}

TEST(HttpClient, ChecksWhoAnswers) {
  for (const char* identity : {"other", "old", "self"}) {
    World world(identity, std::string(sized));
    EXPECT_EQ(kind_of(world.exchange("https://web.example/")), HttpFailureKind::certificate)
        << identity;
    EXPECT_EQ(world.request, "") << identity;
  }
}

TEST(HttpClient, SaysWhatFailed) {
  World world("web", std::string(sized));
  EXPECT_EQ(kind_of(world.exchange("https://nobody.example/")), HttpFailureKind::dns);
  EXPECT_EQ(kind_of(world.exchange("https://web.example:444/")), HttpFailureKind::connect);
}

TEST(HttpClient, TakesNoEndlessAnswers) {
  for (const char* reply :
       {"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
        "89012345678901234567890123456789"}) {
    World world("web", reply);
    HttpOrder order;
    order.limits.body_octets = 100;
    EXPECT_EQ(kind_of(world.exchange("https://web.example/", std::move(order))),
              HttpFailureKind::too_large);
  }
}

TEST(HttpClient, RefusesWhatBreaksOffOrIsNoHttp) {
  for (const char* reply : {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
                            "220 web.example ESMTP\r\n", "", "HTTP/1.1 101 Switching\r\n\r\n"}) {
    World world("web", reply);
    EXPECT_EQ(kind_of(world.exchange("https://web.example/")), HttpFailureKind::protocol) << reply;
  }
  World world("web", "HTTP/1.1 200 OK\r\n\r\nthe rest was cut");
  world.cuts = true;
  EXPECT_EQ(kind_of(world.exchange("https://web.example/")), HttpFailureKind::protocol);
}

TEST(HttpClient, GivesUpInTime) {
  World world;
  world.is_silent = true;
  const MonoTime began = world.reactor.now();
  EXPECT_EQ(kind_of(world.exchange("https://web.example/")), HttpFailureKind::timed_out);
  EXPECT_LE(world.reactor.now() - began, seconds(61));
}

}  // namespace
}  // namespace postrider::net
