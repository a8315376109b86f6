#include <gtest/gtest.h>
#include <simdjson.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/http/parser.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/flow/accounts.hpp>
#include <postrider/service/control/control_service.hpp>
#include <postrider/service/control/quarantine_keeper.hpp>
#include <postrider/store/store.hpp>

namespace postrider::control {
namespace {

using engine::Task;

// Delivery as control sees it: writes down what was asked of it.
class FakeLive final : public LiveQueue {
 public:
  Task<Result<void, std::string>> apply(QueueAction action, DeliveryId delivery,
                                        std::string reason) override {
    applied.push_back({action, delivery, reason});
    if (delivery == busy) {
      co_return failure(std::string("an attempt is under way"));
    }
    co_return Result<void, std::string>{};
  }
  Task<std::vector<Active>> active() override {
    co_return std::vector<Active>{{busy, "mx.example.org"}};
  }
  Task<std::vector<Reason>> why(DeliveryId) override {
    co_return std::vector<Reason>{
        {"schedule", "waits for its next attempt", {}, {}, "delivery.retry"}};
  }
  Task<std::string> status() override { co_return "{\"sites\":1}"; }

  struct Applied {
    QueueAction action;
    DeliveryId delivery;
    std::string reason;
  };
  std::vector<Applied> applied;
  DeliveryId busy;
};

class NoFeed final : public store::QueueFeed {
 public:
  void on_committed(store::QueueEntry) override {}
};

class Control : public testing::Test {
 protected:
  Control()
      : simulation_(engine::Simulation::create({})),
        store_(store::Store::open_memory(store::Store::make_memory_disk(), *simulation_)),
        desk_(simulation_->reactor(0), store_->accounts(0), {.argon2id = true, .scram = true}),
        service_({.reactor = simulation_->reactor(0),
                  .queue = store_->queue(0),
                  .accounts = desk_,
                  .live = &live_,
                  .reload = {},
                  .version = "test"}) {
    store_->set_feed(0, feed_);
  }

  void run(Task<void> task) { simulation_->run(std::move(task)); }

  http::Response call(std::string method, std::string target, std::string body = {}) {
    http::Response response;
    run(call_into({std::move(method), std::move(target), {}, std::move(body), true}, response));
    return response;
  }
  Task<void> call_into(http::Request request, http::Response& response) {
    response = co_await service_.handle(std::move(request));
  }

  MessageId queue(const std::string& domain, const std::vector<std::string>& recipients,
                  const std::string& body = "Subject: x\r\n\r\nhello\r\n") {
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = store_->queue(0).next_id();
    envelope->tenant = "acme";
    envelope->reverse_path = "shop@acme.example";
    envelope->received_at = simulation_->reactor(0).wall_now();
    envelope->size_octets = body.size();
    envelope->disposition = disposition_;
    store::Destination destination{.domain = domain, .recipients = {}};
    for (const auto& recipient : recipients) {
      destination.recipients.push_back(
          {.address = recipient + "@" + domain, .orcpt = {}, .notify = {}});
    }
    envelope->destinations.push_back(destination);
    run(commit({envelope, SharedOctets(body)}));
    return envelope->id;
  }
  Task<void> commit(store::NewMessage message) {
    const auto done = co_await store_->queue(0).commit(std::move(message));
    EXPECT_TRUE(done.has_value());
  }
  void defer(DeliveryId delivery, std::uint16_t code) {
    store::Progress progress{.attempts = 1};
    progress.next_due = simulation_->reactor(0).wall_now() + std::chrono::hours(1);
    progress.recipients = {{.state = store::RecipientState::pending,
                            .last = {code, "4.7.0", "later", "mx.example.org [192.0.2.1]",
                                     simulation_->reactor(0).wall_now()}}};
    run(settle({.delivery = delivery, .progress = progress, .report = {}}));
  }
  Task<void> settle(store::Settlement settlement) {
    EXPECT_TRUE((co_await store_->queue(0).settle(std::move(settlement))).has_value());
  }

  static std::size_t rows(const http::Response& response) {
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(response.body);
    return parser.parse(padded).get_array().value().size();
  }

  store::Disposition disposition_ = store::Disposition::inbox;  // of what queue() makes
  std::unique_ptr<engine::Simulation> simulation_;
  NoFeed feed_;
  std::unique_ptr<store::Store> store_;
  flow::AccountDesk desk_;
  FakeLive live_;
  ControlService service_;
};

TEST_F(Control, ListsOneRowARecipientWithItsState) {
  const auto first = queue("a.example", {"x", "y"});
  const auto second = queue("b.example", {"z"});
  defer({second, 0}, 421);
  live_.busy = {first, 0};
  const auto response = call("GET", "/v1/queue");
  ASSERT_EQ(response.status, 200) << response.body;
  ASSERT_EQ(rows(response), 3U) << response.body;
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  const auto list = parser.parse(padded).get_array().value();
  EXPECT_EQ(std::string_view(list.at(0)["to"]), "x@a.example");
  EXPECT_EQ(std::string_view(list.at(0)["state"]), "active");
  EXPECT_EQ(std::string_view(list.at(0)["site"]), "mx.example.org");
  EXPECT_EQ(std::string_view(list.at(2)["state"]), "deferred");
  EXPECT_EQ(std::int64_t(list.at(2)["last"]["code"]), 421);
  EXPECT_EQ(std::int64_t(list.at(2)["attempts"]), 1);
  EXPECT_EQ(std::string_view(list.at(2)["tenant"]), "acme");
}

TEST_F(Control, FiltersAndPages) {
  for (int i = 0; i < 7; ++i) {
    queue(i % 2 == 0 ? "even.example" : "odd.example", {"u"});
  }
  EXPECT_EQ(rows(call("GET", "/v1/queue?where=" + http::encode_percent("domain=even.example"))),
            4U);
  std::size_t seen = 0;
  std::string after;
  do {
    const auto page = call("GET", "/v1/queue?limit=2" + (after.empty() ? "" : "&after=" + after));
    ASSERT_EQ(page.status, 200) << page.body;
    seen += rows(page);
    after = page.field("x-next").value_or("");
  } while (!after.empty());
  EXPECT_EQ(seen, 7U);
}

TEST_F(Control, SummarisesByDomainAndState) {
  const auto id = queue("a.example", {"x"});
  queue("a.example", {"y"});
  defer({id, 0}, 450);
  const auto response = call("GET", "/v1/queue/summary");
  EXPECT_EQ(rows(response), 2U) << response.body;
  EXPECT_NE(response.body.find("\"last_code\":450"), std::string::npos) << response.body;
}

TEST_F(Control, ShowsOneMessageAndItsOctets) {
  const auto id = queue("a.example", {"x"}, "Subject: hi\r\n\r\nbody\r\n");
  EXPECT_NE(call("GET", "/v1/queue/" + id.text()).body.find("x@a.example"), std::string::npos);
  EXPECT_EQ(call("GET", "/v1/queue/" + id.text() + "/raw").body, "Subject: hi\r\n\r\nbody\r\n");
  EXPECT_NE(call("GET", "/v1/queue/" + id.text() + "/why").body.find("waits for its next"),
            std::string::npos);
}

TEST_F(Control, AppliesActionsByIdAndByFilter) {
  const auto first = queue("a.example", {"x"});
  const auto second = queue("b.example", {"y"});
  live_.busy = {second, 0};
  const auto one =
      call("POST", "/v1/queue/hold", "{\"id\":\"" + first.text() + "\",\"reason\":\"check\"}");
  EXPECT_NE(one.body.find("\"matched\":1,\"done\":1"), std::string::npos) << one.body;
  ASSERT_EQ(live_.applied.size(), 1U);
  EXPECT_EQ(live_.applied[0].action, QueueAction::hold);
  EXPECT_EQ(live_.applied[0].reason, "check");
  const auto all = call("POST", "/v1/queue/retry", "{\"where\":\"tenant=acme\"}");
  EXPECT_NE(all.body.find("\"matched\":2,\"done\":1"), std::string::npos) << all.body;
  EXPECT_NE(all.body.find("an attempt is under way"), std::string::npos) << all.body;
}

struct BadCall {
  const char* method;
  const char* target;
  const char* body;
  std::uint16_t status;
  const char* text;
};
class ControlRefuses : public Control, public testing::WithParamInterface<BadCall> {};
TEST_P(ControlRefuses, WithARemedy) {
  const auto& row = GetParam();
  const auto response = call(row.method, row.target, row.body);
  EXPECT_EQ(response.status, row.status) << response.body;
  EXPECT_NE(response.body.find(row.text), std::string::npos) << response.body;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ControlRefuses,
    testing::Values(
        BadCall{"GET", "/v2/queue", "", 404, "no such path"},
        BadCall{"PUT", "/v1/queue", "", 405, "other methods"},
        BadCall{"GET", "/v1/queue?where=domian%3Dx", "", 400, "did you mean 'domain'?"},
        BadCall{"GET", "/v1/queue?limit=0", "", 400, "limit"},
        BadCall{"GET", "/v1/queue?after=zz", "", 400, "no message id"},
        BadCall{"GET", "/v1/queue/zz", "", 400, "no message id"},
        BadCall{"GET", "/v1/queue/0000000000001", "", 404, "is not in the queue"},
        BadCall{"POST", "/v1/queue/retry", "", 400, "by id or by where"},
        BadCall{"POST", "/v1/queue/retry", "{\"where\":\" \"}", 400, "where is empty"},
        BadCall{"POST", "/v1/queue/retry", "{\"ids\":\"x\"}", 400, "did you mean 'id'?"},
        BadCall{"POST", "/v1/queue/retry", "[1]", 400, "not a JSON object"},
        BadCall{"POST", "/v1/queue/retry", "{\"id\":1}", 400, "must be a text"},
        BadCall{"POST", "/v1/reload", "", 503, "nothing to reload"},
        BadCall{"POST", "/v1/accounts", "{\"name\":\"nobody\"}", 400, "user@example.org"},
        BadCall{"POST", "/v1/accounts", "{\"name\":\"a@b.example\"}", 400, "password"},
        BadCall{"GET", "/v1/accounts/a%40b.example", "", 404, "does not exist"},
        BadCall{"POST", "/v1/domains", "{\"name\":\"a..b\"}", 400, "is no domain"}));

TEST_F(Control, KeepsAccounts) {
  const auto added = call(
      "POST", "/v1/accounts",
      "{\"name\":\"App@Shop.Example\",\"password\":\"secret\",\"send_as\":[\"@news.example\"]}");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(added.body.find("secret"), std::string::npos);
  EXPECT_EQ(
      call("POST", "/v1/accounts", "{\"name\":\"app@shop.example\",\"password\":\"x\"}").status,
      409);
  const auto shown = call("GET", "/v1/accounts/app%40shop.example");
  for (const auto* part :
       {"\"tenant\":\"shop.example\"", "argon2id", "scram-sha-256", "@news.example"}) {
    EXPECT_NE(shown.body.find(part), std::string::npos) << part << " in " << shown.body;
  }
  EXPECT_EQ(rows(call("GET", "/v1/domains")), 1U);
  EXPECT_EQ(call("PATCH", "/v1/accounts/app%40shop.example", "{\"disabled\":true}").status, 200);
  EXPECT_NE(call("GET", "/v1/accounts").body.find("\"disabled\":true"), std::string::npos);
  EXPECT_EQ(call("DELETE", "/v1/domains/shop.example").status, 409);
  EXPECT_EQ(call("DELETE", "/v1/accounts/app%40shop.example").status, 200);
  EXPECT_EQ(call("DELETE", "/v1/accounts/app%40shop.example").status, 404);
  EXPECT_EQ(call("DELETE", "/v1/domains/shop.example").status, 200);
}

// -- quarantine -----------------------------------------------------------------------------------

const char* const judged_message =
    "X-Postrider-Verdict: junk; SPF\r\nX-Postrider-Verdict: quarantine; clamav: virus\r\n found: "
    "Eicar\r\nFrom: a@b\r\nSubject: win\r\n\r\nhello\r\n";

TEST_F(Control, QuarantineShowsWhatIsHeldBack) {
  queue("example.net", {"clean"});
  disposition_ = store::Disposition::quarantine;
  const MessageId id = queue("example.net", {"ann", "bob"}, judged_message);
  const MessageId other = queue("example.org", {"cid"});
  run(settle({.delivery = {other, 0}, .progress = store::Progress{.held = false}, .report = {}}));
  run(settle({.delivery = {id, 0}, .progress = store::Progress{.held = true}, .report = {}}));
  const auto listed = call("GET", "/v1/quarantine");
  ASSERT_EQ(rows(listed), 1U) << listed.body;  // the other one was released
  for (const char* wanted :
       {"\"reason\":\"clamav: virus found: Eicar\"", "\"subject\":\"win\"",
        "\"to\":[\"ann@example.net\",\"bob@example.net\"]", "\"header_from\":\"a@b\""}) {
    EXPECT_TRUE(listed.body.contains(wanted)) << listed.body;
  }
  const auto shown = call("GET", "/v1/quarantine/" + id.text());
  EXPECT_TRUE(shown.body.contains("Subject: win\\r\\n\\r\\n\"")) << shown.body;
  EXPECT_EQ(call("GET", "/v1/quarantine/" + other.text()).status, 404);
  EXPECT_EQ(call("GET", "/v1/quarantine/nonsense").status, 400);
  EXPECT_EQ(call("GET", "/v1/quarantine?limit=0").status, 400);
  EXPECT_EQ(call("GET", "/v1/quarantine?after=x").status, 400);
}

TEST_F(Control, QuarantineGoesByPages) {
  disposition_ = store::Disposition::quarantine;
  for (int i = 0; i < 5; ++i) {
    queue("example.net", {"user"}, judged_message);
  }
  std::string after;
  std::size_t seen = 0;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = call("GET", "/v1/quarantine?limit=2" + after);
    seen += rows(page);
    if (!page.field("x-next")) {
      break;
    }
    after = "&after=" + std::string(*page.field("x-next"));
  }
  EXPECT_EQ(seen, 5U);
}

TEST_F(Control, QuarantineIsReleasedAndDeleted) {
  const MessageId clean = queue("example.net", {"clean"});
  disposition_ = store::Disposition::quarantine;
  const MessageId id = queue("example.net", {"ann"}, judged_message);
  EXPECT_EQ(call("POST", "/v1/quarantine/release", R"({"id":")" + id.text() + R"("})").status, 200);
  ASSERT_EQ(live_.applied.size(), 1U);
  EXPECT_EQ(live_.applied[0].action, QueueAction::release);
  EXPECT_EQ(live_.applied[0].delivery, (DeliveryId{id, 0}));
  EXPECT_EQ(call("POST", "/v1/quarantine/delete",
                 R"({"id":")" + id.text() + R"(","to":"Ann@example.net","reason":"spam"})")
                .status,
            200);
  ASSERT_EQ(live_.applied.size(), 2U);
  EXPECT_EQ(live_.applied[1].action, QueueAction::remove);
  EXPECT_EQ(live_.applied[1].reason, "spam");
  for (const std::string& body :
       {R"({"id":")" + clean.text() + R"("})", R"({"id":")" + id.text() + R"(","to":"x@y"})"}) {
    EXPECT_EQ(call("POST", "/v1/quarantine/delete", body).status, 404) << body;
  }
  EXPECT_EQ(call("POST", "/v1/quarantine/delete", "{}").status, 400);
  EXPECT_EQ(call("POST", "/v1/quarantine/delete", R"({"where":"age>1s"})").status, 400);
  live_.busy = {id, 0};
  EXPECT_EQ(call("POST", "/v1/quarantine/release", R"({"id":")" + id.text() + R"("})").status, 409);
  EXPECT_EQ(live_.applied.size(), 3U);
}

TEST_F(Control, QuarantineKeepsMailForItsTime) {
  disposition_ = store::Disposition::quarantine;
  std::vector<MessageId> ids;
  for (int i = 0; i < 600; ++i) {
    ids.push_back(queue("example.net", {"old"}));
  }
  run([](engine::Reactor& reactor) -> Task<void> {
    (void)co_await reactor.sleep_for(std::chrono::hours(24 * 20), {});
  }(simulation_->reactor(0)));
  queue("example.net", {"young"});
  disposition_ = store::Disposition::inbox;
  queue("example.net", {"clean"});
  const auto sweep = [](QuarantineKeeper& keeper, std::uint64_t& out) -> Task<void> {
    out = co_await keeper.sweep();
  };
  const auto swept_after = [&](Duration max_age) {
    QuarantineKeeper keeper(simulation_->reactor(0), store_->queue(0), live_, {.max_age = max_age});
    std::uint64_t swept = 0;
    run(sweep(keeper, swept));
    return swept;
  };
  EXPECT_EQ(swept_after(Duration{}), 0U);
  EXPECT_EQ(swept_after(std::chrono::hours(24 * 30)), 0U);
  EXPECT_TRUE(live_.applied.empty());
  EXPECT_EQ(swept_after(std::chrono::hours(24 * 10)), 600U);
  ASSERT_EQ(live_.applied.size(), 600U);
  EXPECT_EQ(live_.applied.back().delivery, (DeliveryId{ids.back(), 0}));
  EXPECT_EQ(live_.applied.back().action, QueueAction::remove);
  EXPECT_EQ(live_.applied.back().reason, "in quarantine for more than 10 days");
}

}  // namespace
}  // namespace postrider::control
