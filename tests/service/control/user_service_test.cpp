#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"

// What was held back for a user: he sees, releases and deletes what is his, and nothing else.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/codec/http/parser.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/service/control/user_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider::control {
namespace {

using engine::Task;

constexpr Argon2Cost cheap_hash{.memory_kib = 64, .passes = 1, .lanes = 1};

// Delivery as control sees it: what is released or removed has left the queue.
class LeavingLive final : public LiveQueue {
 public:
  explicit LeavingLive(store::Store& store) : store_(store) {}
  Task<Result<void, std::string>> apply(QueueAction action, DeliveryId delivery,
                                        std::string reason) override {
    applied.push_back({action, delivery, std::move(reason)});
    EXPECT_TRUE((co_await store_.queue(0).settle({.delivery = delivery})).has_value());
    co_return Result<void, std::string>{};
  }
  Task<std::vector<Active>> active() override { co_return std::vector<Active>{}; }
  Task<std::vector<Reason>> why(DeliveryId) override { co_return std::vector<Reason>{}; }
  Task<std::string> status() override { co_return "{}"; }

  struct Applied {
    QueueAction action;
    DeliveryId delivery;
    std::string reason;
  };
  std::vector<Applied> applied;

 private:
  store::Store& store_;
};

struct RecordedEvents final : flow::EventSink {
  std::vector<flow::Event> events;
  void emit(flow::Event event) override { events.push_back(std::move(event)); }
};

class NoFeed final : public store::QueueFeed {
 public:
  void on_committed(store::QueueEntry) override {}
};

class Users : public testing::Test {
 protected:
  Users() {
    store->set_feed(0, feed);
    simulation->run(add_account("ann@here.example", policy::every_scope));
    simulation->run(add_account("bob@here.example", policy::every_scope));
    simulation->run(
        add_account("imap@here.example", static_cast<std::uint8_t>(policy::Scope::imap)));
    service = std::make_unique<UserService>(
        UserDoors{reactor, store->queue(0), &live, authenticator, &events},
        UserSettings{.withheld_by = {"clamav"}});
  }
  ~Users() override {
    simulation->run(service->stop(reactor.now() + std::chrono::seconds(1)));
    service.reset();
    store->close();
    simulation->run_until_idle();
  }
  Task<void> add_account(std::string name, std::uint8_t scopes) {
    SeededRandom random(1);
    store::Account account;
    account.name = name;
    account.tenant = "here.example";
    account.password_hash = hash_password("pencil", random, cheap_hash);
    account.scopes = scopes;
    EXPECT_TRUE((co_await store->accounts(0).save_account(account, true)).has_value());
  }
  // Held back for each of these accounts.
  MessageId hold(const std::vector<std::string>& accounts, const std::string& filter = "rspamd",
                 store::Disposition disposition = store::Disposition::quarantine) {
    const std::string body =
        "X-Postrider-Verdict: quarantine; " + filter +
        ": it says so\r\nFrom: Joe <joe@a.example>\r\nSubject: hello\r\n\r\nx\r\n";
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = store->queue(0).next_id();
    envelope->reverse_path = "joe@a.example";
    envelope->received_at = reactor.wall_now();
    envelope->size_octets = body.size();
    envelope->disposition = disposition;
    for (const std::string& account : accounts) {
      envelope->destinations.push_back(
          {"here.example",
           {{"alias@here.example", "", {}, {store::LocalKind::mailbox, account, ""}}}});
    }
    simulation->run(commit({envelope, SharedOctets(body)}));
    simulation->run_for(std::chrono::seconds(11));  // the next to ask walks again
    return envelope->id;
  }
  Task<void> commit(store::NewMessage message) {
    EXPECT_TRUE((co_await store->queue(0).commit(std::move(message))).has_value());
  }
  http::Response call(const std::string& user, std::string method, std::string target,
                      const std::string& password = "pencil",
                      const std::string& type = "application/json") {
    http::Request request{std::move(method), std::move(target), {}, "{}", true};
    request.fields = {{"authorization", "Basic " + encode_base64(user + ":" + password)},
                      {"content-type", type}};
    return call(std::move(request));
  }
  http::Response call(http::Request request) {
    http::Response out;
    simulation->run(run_call(std::move(request), &out));
    return out;
  }
  Task<void> run_call(http::Request request, http::Response* out) {
    *out = co_await service->handle(std::move(request), {*SocketAddress::parse("198.51.100.1:4711"),
                                                         "TLSv1.3", policy::Scope::http});
  }
  static std::string path_of(MessageId id, const std::string& verb = "") {
    return "/v1/my/quarantine/" + id.text() + (verb.empty() ? "" : "/" + verb);
  }

  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  engine::Reactor& reactor = simulation->reactor(0);
  std::shared_ptr<store::Store::MemoryDisk> disk = store::Store::make_memory_disk();
  std::unique_ptr<store::Store> store = store::Store::open_memory(disk, *simulation);
  NoFeed feed;
  RecordedEvents events;
  LeavingLive live{*store};
  flow::StoredCredentials credentials{store->accounts(0)};
  policy::Authenticator authenticator{
      reactor, credentials, "secret", {.throttle = {}, .unknown_cost = cheap_hash}};
  std::unique_ptr<UserService> service;
};

TEST_F(Users, SeeWhatWasHeldBackForThem) {
  const auto both = hold({"ann@here.example", "bob@here.example"});
  const auto his = hold({"bob@here.example"});
  (void)hold({"ann@here.example"}, "rspamd", store::Disposition::inbox);
  const auto anns = call("ann@here.example", "GET", "/v1/my/quarantine");
  ASSERT_EQ(anns.status, 200) << anns.body;
  EXPECT_TRUE(anns.body.contains(both.text())) << anns.body;
  EXPECT_FALSE(anns.body.contains(his.text())) << anns.body;
  EXPECT_TRUE(anns.body.contains(R"("reason":"rspamd: it says so")")) << anns.body;
  EXPECT_TRUE(anns.body.contains(R"("subject":"hello")")) << anns.body;
  EXPECT_TRUE(anns.body.contains(R"("may_release":true)")) << anns.body;
  EXPECT_FALSE(anns.body.contains("bob@")) << "whom else it was for is not hers to know";
  const auto shown = call("ann@here.example", "GET", path_of(both));
  EXPECT_EQ(shown.status, 200);
  EXPECT_TRUE(shown.body.contains("From: Joe")) << shown.body;
  EXPECT_EQ(call("ann@here.example", "GET", path_of(his)).status, 404);
}

TEST_F(Users, DecideForThemselvesAlone) {
  const auto id = hold({"ann@here.example", "bob@here.example"});
  EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "release")).status, 200);
  ASSERT_EQ(live.applied.size(), 1U);
  EXPECT_EQ(live.applied[0].action, QueueAction::release);
  EXPECT_EQ(live.applied[0].delivery, (DeliveryId{id, 0}));
  EXPECT_EQ(live.applied[0].reason, "by ann@here.example from 198.51.100.1:4711");
  EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "release")).status, 404) << "once";
  EXPECT_FALSE(call("ann@here.example", "GET", "/v1/my/quarantine").body.contains(id.text()));
  EXPECT_TRUE(call("bob@here.example", "GET", "/v1/my/quarantine").body.contains(id.text()));
  EXPECT_EQ(call("bob@here.example", "POST", path_of(id, "delete")).status, 200);
  ASSERT_EQ(live.applied.size(), 2U);
  EXPECT_EQ(live.applied[1].action, QueueAction::remove);
  EXPECT_EQ(live.applied[1].delivery, (DeliveryId{id, 1}));
}

TEST_F(Users, NeverTouchWhatIsAnothers) {
  const auto id = hold({"bob@here.example"});
  for (const std::string verb : {"release", "delete"}) {
    EXPECT_EQ(call("ann@here.example", "POST", path_of(id, verb)).status, 404);
  }
  const auto taken = hold({"ann@here.example"}, "rspamd", store::Disposition::inbox);
  EXPECT_EQ(call("ann@here.example", "POST", path_of(taken, "delete")).status, 404);
  EXPECT_TRUE(live.applied.empty());
}

TEST_F(Users, DoNotReleaseViruses) {
  const auto id = hold({"ann@here.example"}, "clamav");
  EXPECT_TRUE(
      call("ann@here.example", "GET", "/v1/my/quarantine").body.contains(R"("may_release":false)"));
  EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "release")).status, 403);
  EXPECT_TRUE(live.applied.empty());
  EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "delete")).status, 200);
}

TEST_F(Users, HaveTheMessageItself) {
  const auto id = hold({"ann@here.example", "bob@here.example"});
  const auto message = call("ann@here.example", "GET", path_of(id, "message"));
  ASSERT_EQ(message.status, 200) << message.body;
  EXPECT_EQ(message.field("content-type"), "message/rfc822");
  EXPECT_EQ(message.field("content-disposition"), "attachment; filename=\"" + id.text() + ".eml\"");
  EXPECT_EQ(message.field("x-content-type-options"), "nosniff");
  EXPECT_TRUE(message.body.ends_with("Subject: hello\r\n\r\nx\r\n")) << message.body;
  EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "message")).status, 405);
  EXPECT_EQ(call("carl@here.example", "GET", path_of(id, "message")).status, 401);
  const auto his = hold({"bob@here.example"});
  EXPECT_EQ(call("ann@here.example", "GET", path_of(his, "message")).status, 404);
  const auto virus = hold({"ann@here.example"}, "clamav");
  EXPECT_EQ(call("ann@here.example", "GET", path_of(virus, "message")).status, 403);
}

TEST_F(Users, GoByPages) {
  std::vector<MessageId> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(hold({"ann@here.example"}));
  }
  std::string after;
  std::vector<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    const auto page = call("ann@here.example", "GET", "/v1/my/quarantine?limit=2" + after);
    for (const MessageId id : ids) {
      if (page.body.contains(id.text())) {
        seen.push_back(id.text());
      }
    }
    const auto next = page.field("x-next");
    if (!next) {
      break;
    }
    after = "&after=" + std::string(*next);
  }
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(call("ann@here.example", "GET", "/v1/my/quarantine?limit=0").status, 400);
  EXPECT_EQ(call("ann@here.example", "GET", "/v1/my/quarantine?after=x").status, 400);
}

TEST_F(Users, AreAskedWhoTheyAre) {
  http::Request bare{"GET", "/v1/my/quarantine", {}, "", true};
  const auto asked = call(bare);
  EXPECT_EQ(asked.status, 401);
  EXPECT_TRUE(asked.field("www-authenticate").value_or("").starts_with("Basic "));
  for (const std::string value :
       {"Basic", "Basic !!!", "Bearer abc", "Basic bm9jb2xvbg==", "Basic OnB3"}) {
    bare.fields = {{"authorization", value}};
    EXPECT_EQ(call(bare).status, 401) << value;
  }
  EXPECT_TRUE(events.events.empty());
  EXPECT_EQ(call("ann@here.example", "GET", "/v1/my/quarantine", "wrong").status, 401);
  EXPECT_EQ(call("imap@here.example", "GET", "/v1/my/quarantine").status, 401) << "not for http";
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_EQ(events.events[0].kind, flow::EventKind::login_failed);
  EXPECT_TRUE(events.events[1].text.contains("not good for http")) << events.events[1].text;
}

TEST_F(Users, WhoGuessesIsSlowedDownAndRefused) {
  const MonoTime begun = reactor.now();
  int status = 0;
  for (int i = 0; i < 60 && status != 429; ++i) {
    status =
        call("ann@here.example", "GET", "/v1/my/quarantine", "guess" + std::to_string(i)).status;
  }
  EXPECT_EQ(status, 429);
  EXPECT_GE(reactor.now() - begun, std::chrono::minutes(1));
}

TEST_F(Users, AreNotLedByFormsOfOthers) {
  const auto id = hold({"ann@here.example"});
  for (const std::string type : {"text/plain", "application/x-www-form-urlencoded", ""}) {
    EXPECT_EQ(call("ann@here.example", "POST", path_of(id, "release"), "pencil", type).status, 415);
  }
  EXPECT_EQ(call("ann@here.example", "GET", path_of(id, "release")).status, 405);
  EXPECT_TRUE(live.applied.empty());
}

TEST_F(Users, OtherPathsAreNotThere) {
  for (const std::string path :
       {"/", "/v1/quarantine", "/v1/my/quarantinex", "/v1/my/quarantine/", "/v1/queue",
        "/v1/my/quarantine/nonsense", "/v1/my/quarantine/a/b/release"}) {
    EXPECT_EQ(call("ann@here.example", "GET", path).status, 404) << path;
  }
  EXPECT_EQ(call("ann@here.example", "DELETE", "/v1/my/quarantine").status, 405);
}

class UserConnections : public Users {
 protected:
  SocketAddress listen(bool without_tls) {
    const auto at = service->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                     .proxy_from = {},
                                     .tls = flow::ListenerTls::none,
                                     .auth_without_tls = without_tls,
                                     .context = {}});
    EXPECT_TRUE(at.has_value());
    return *at;
  }
  // Of three chunks, for ann.
  MessageId hold_large() {
    large = "X-Postrider-Verdict: quarantine; rspamd: it says so\r\nSubject: large\r\n\r\n";
    while (large.size() < 2'000'000) {
      large += "line " + std::to_string(large.size()) + "\r\n";
    }
    MessageId id;
    simulation->run(commit_large(&id));
    return id;
  }
  Task<void> commit_large(MessageId* id) {
    constexpr std::size_t chunk = 700'000;
    auto staged = store->queue(0).stage();
    EXPECT_TRUE((co_await staged->append(large.substr(chunk, chunk))).has_value());
    EXPECT_TRUE((co_await staged->append(large.substr(2 * chunk))).has_value());
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = *id = staged->id();
    envelope->received_at = reactor.wall_now();
    envelope->size_octets = large.size();
    envelope->body_chunks = staged->chunks() + 1;
    envelope->disposition = store::Disposition::quarantine;
    envelope->destinations.push_back(
        {"here.example",
         {{"ann@here.example", "", {}, {store::LocalKind::mailbox, "ann@here.example", ""}}}});
    store::NewMessage message{envelope, SharedOctets(large.substr(0, chunk))};
    EXPECT_TRUE(
        (co_await store->queue(0).commit(std::move(message), std::move(staged))).has_value());
  }
  void lose_chunk(MessageId id, std::uint32_t chunk) {
    store::MemoryKv kv(disk);
    store::Batch batch;
    batch.remove(store::Family::body, store::chunk_key(id, chunk));
    ASSERT_TRUE(kv.write(batch, true));
  }
  // All that is answered until the server closes, or the last of `count` answers.
  std::string say(SocketAddress to, std::string octets, int count) {
    std::string out;
    simulation->run(run_say(to, std::move(octets), count, &out));
    return out;
  }
  std::string large;
  Task<void> run_say(SocketAddress to, std::string octets, int count, std::string* out) {
    const engine::Until until{reactor.now() + std::chrono::minutes(5), {}};
    auto stream = co_await reactor.connect({.to = to, .source = {}}, until);
    EXPECT_TRUE(stream.has_value());
    (void)co_await (*stream)->send(octets, until);
    http::ResponseParser parser;
    for (int answers = 0; answers < count;) {
      const auto received = co_await (*stream)->receive(until);
      if (!received) {
        co_return;
      }
      *out += *received;
      std::string_view rest = *received;
      while (!rest.empty()) {
        rest.remove_prefix(parser.feed(rest));
        if (parser.state() == http::ParseState::complete) {
          (void)parser.take();
          ++answers;
        }
      }
    }
  }
};

TEST_F(UserConnections, SpeakHttp) {
  (void)hold({"ann@here.example"});
  const std::string login =
      "authorization: Basic " + encode_base64(std::string("ann@here.example:pencil")) + "\r\n";
  const auto answer =
      say(listen(true), "GET /v1/my/quarantine HTTP/1.1\r\nhost: h\r\n" + login + "\r\n", 1);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.contains("cache-control: no-store")) << answer;
  EXPECT_TRUE(answer.contains("hello")) << answer;
}

// A message of several chunks comes as it is stored, and another request may follow.
TEST_F(UserConnections, GetLargeMessagesPieceByPiece) {
  const auto id = hold_large();
  const std::string login =
      "authorization: Basic " + encode_base64(std::string("ann@here.example:pencil")) + "\r\n";
  const auto to = listen(true);
  const std::string get = "GET " + path_of(id, "message") + " HTTP/1.1\r\nhost: h\r\n" + login;
  const auto answer = say(to, get + "\r\n", 1);
  const std::size_t body = answer.find("\r\n\r\n") + 4;
  EXPECT_TRUE(answer.contains("content-length: " + std::to_string(large.size()) + "\r\n"));
  EXPECT_TRUE(answer.substr(0, body).contains("x-content-type-options: nosniff\r\n"));
  EXPECT_TRUE(answer.substr(body) == large) << "octet for octet";
}

TEST_F(UserConnections, SeeThatAMessageIsNotWhole) {
  const auto id = hold_large();
  lose_chunk(id, 2);
  const std::string login =
      "authorization: Basic " + encode_base64(std::string("ann@here.example:pencil")) + "\r\n";
  const auto answer =
      say(listen(true),
          "GET " + path_of(id, "message") + " HTTP/1.1\r\nhost: h\r\n" + login + "\r\n", 1);
  EXPECT_TRUE(answer.contains("content-length: " + std::to_string(large.size()) + "\r\n"));
  EXPECT_LT(answer.size(), large.size());
}

TEST_F(UserConnections, TakeNoPasswordInTheClear) {
  const auto answer = say(listen(false),
                          "GET /v1/my/quarantine HTTP/1.1\r\nhost: h\r\nauthorization: Basic " +
                              encode_base64(std::string("ann@here.example:pencil")) + "\r\n\r\n",
                          1);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << answer;
}

TEST_F(UserConnections, EndWithWhatIsNoHttp) {
  const auto to = listen(true);
  EXPECT_TRUE(say(to, "HELO there\r\n\r\n", 2).starts_with("HTTP/1.1 400"));
  const std::string large(20'000, 'x');
  EXPECT_TRUE(
      say(to, "POST /v1/my/quarantine HTTP/1.1\r\nhost: h\r\ncontent-length: 20000\r\n\r\n" + large,
          2)
          .starts_with("HTTP/1.1 413"));
  EXPECT_EQ(say(to, "GET / HT", 1), "") << "half a request is not waited for for ever";
}

}  // namespace
}  // namespace postrider::control
