// A message goes through the filters of its door when it has come whole; what they say, and that
// they say nothing, decides.
#include "fake_peer.hpp"
#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/http/parser.hpp>

namespace postrider::flow {
namespace {

using namespace std::string_literals;

// A clamd of the simulated network that finds "EICAR".
class FakeClamd {
 public:
  explicit FakeClamd(engine::Reactor& reactor)
      : peer(reactor, [this](engine::Stream& stream) { return answer(stream); }) {}
  std::string seen;             // the content of the last stream
  std::size_t limit = 1 << 30;  // StreamMaxLength
  bool is_silent = false;
  FakePeer peer;

 private:
  engine::Task<void> answer(engine::Stream& stream) {
    std::string octets;
    while (!octets.ends_with("\0\0\0\0"s)) {
      const auto received = co_await stream.receive(peer.soon());
      if (!received) {
        co_return;
      }
      octets += *received;
    }
    EXPECT_TRUE(octets.starts_with("zINSTREAM\0"s));
    octets.erase(0, 10);
    seen.clear();
    while (octets.size() > 4) {
      std::uint32_t length = 0;
      for (int i = 0; i < 4; ++i) {
        length = length << 8 | static_cast<std::uint8_t>(octets[static_cast<std::size_t>(i)]);
      }
      seen += octets.substr(4, length);
      octets.erase(0, 4 + length);
    }
    std::string reply = seen.contains("EICAR") ? "stream: Eicar-Test FOUND\0"s : "stream: OK\0"s;
    if (seen.size() > limit) {
      reply = "INSTREAM size limit exceeded. ERROR\0"s;
    }
    if (!is_silent) {
      (void)co_await stream.send(reply, peer.soon());
    } else {
      (void)co_await stream.receive(peer.soon());
    }
  }
};

// Answers each message with `json`.
class FakeRspamd {
 public:
  explicit FakeRspamd(engine::Reactor& reactor)
      : peer(reactor, [this](engine::Stream& stream) { return answer(stream); }) {}
  std::string json = R"({"action": "no action", "score": 1.25, "required_score": 15})";
  std::string status = "200 OK";
  http::Request request;
  FakePeer peer;

 private:
  engine::Task<void> answer(engine::Stream& stream) {
    http::RequestParser parser;
    while (parser.state() == http::ParseState::more) {
      const auto received = co_await stream.receive(peer.soon());
      if (!received) {
        co_return;
      }
      parser.feed(*received);
    }
    EXPECT_EQ(parser.state(), http::ParseState::complete);
    request = parser.take();
    (void)co_await stream.send("HTTP/1.1 " + status + "\r\nContent-Length: " +
                                   std::to_string(json.size()) + "\r\n\r\n" + json,
                               peer.soon());
  }
};

class FilterTest : public IntakeFixture {
 protected:
  FilterTest() { settings.filters.push_back({.name = "clamav", .address = clamd.peer.address}); }
  ~FilterTest() override {
    clamd.peer.stop();
    rspamd.peer.stop();
    simulation->run_until_idle();
  }
  void use_rspamd() {
    settings.filters.assign(
        {{.name = "rspamd", .kind = FilterKind::rspamd, .address = rspamd.peer.address}});
    conversation.door = Door::inbound;
  }
  FakeClamd clamd{simulation->reactor(0)};
  FakeRspamd rspamd{simulation->reactor(0)};
};

const std::string clean =
    "Date: Mon, 02 Jan 2006 15:04:05 +0000\r\nFrom: User <user@example.org>\r\nMessage-ID: "
    "<1@x>\r\nSubject: hi\r\n\r\nbody\r\n";
const std::string infected = "From: User <user@example.org>\r\n\r\nEICAR\r\n";

TEST_F(FilterTest, TheScannerSeesWhatCame) {
  for (const Door door : {Door::submission, Door::inbound}) {
    conversation.door = door;
    ASSERT_TRUE(send(clean).has_value());
    EXPECT_EQ(clamd.seen, clean);
  }
  conversation.door = Door::submission;
  std::string large = clean;
  while (large.size() < 3U << 20) {
    large += "A line that fills more pieces than one, and more than is kept in memory.\r\n";
  }
  const auto id = send(large);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_EQ(clamd.seen, large);
  EXPECT_FALSE(read(*id).contains("X-Postrider-Verdict"));
}

TEST_F(FilterTest, OtherDoorsAreNotScannedUnlessTheyAreNamed) {
  for (const Door door : {Door::relay, Door::lmtp, Door::internal}) {
    conversation.door = door;
    EXPECT_TRUE(send(infected).has_value());
  }
  EXPECT_EQ(clamd.peer.connections, 0);
  settings.filters[0].doors = {Door::lmtp};
  make();
  conversation.door = Door::lmtp;
  EXPECT_FALSE(send(infected).has_value());
}

TEST_F(FilterTest, WhatIsFoundIsRefused) {
  for (const Door door : {Door::submission, Door::inbound}) {
    conversation.door = door;
    const auto id = send(infected);
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().kind, IntakeFailure::rejected);
    EXPECT_EQ(id.error().reply, "Message rejected: virus found: Eicar-Test");
  }
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_EQ(events.events.back().text, "clamav: virus found: Eicar-Test");
}

TEST_F(FilterTest, OrHeldBack) {
  settings.filters[0].on_reject = FilterAction::quarantine;
  for (const Door door : {Door::inbound, Door::submission}) {
    conversation.door = door;
    const auto id = send(infected);
    ASSERT_TRUE(id.has_value()) << id.error().text;
    EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::quarantine);
    EXPECT_TRUE(
        read(*id).starts_with("X-Postrider-Verdict: quarantine; clamav: virus found: Eicar-Test"))
        << read(*id);
  }
}

TEST_F(FilterTest, WhatLeavesIsNoFoldersBusiness) {
  settings.filters[0].on_reject = FilterAction::junk;
  conversation.door = Door::inbound;
  ASSERT_TRUE(send(infected).has_value());
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::junk);
  conversation.door = Door::submission;
  EXPECT_FALSE(send(infected).has_value());
}

TEST_F(FilterTest, WithoutTheScannerNothingSlipsThrough) {
  clamd.is_silent = true;
  const auto id = send(clean);
  ASSERT_FALSE(id.has_value());
  EXPECT_EQ(id.error().kind, IntakeFailure::deferred);
  EXPECT_TRUE(id.error().reply.empty());  // why is the operator's business
  settings.filters[0].address.port = 1;   // nobody listens there
  make();
  EXPECT_EQ(send(clean).error().kind, IntakeFailure::deferred);
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_TRUE(events.events.back().text.starts_with("clamav: not looked at: it can't be reached"))
      << events.events.back().text;
}

TEST_F(FilterTest, UnlessTheOperatorSaysSoAndThenItIsSaid) {
  settings.filters[0].when_down = WhenDown::accept;
  clamd.limit = 10;
  const auto id = send(clean);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).contains("X-Postrider-Verdict: tag; clamav: not looked at: it says"))
      << read(*id);
  EXPECT_TRUE(events.events.back().text.contains("not looked at"));
  EXPECT_EQ(intake->counters().filters.at(0).passed_over, 1U);
}

TEST_F(FilterTest, ThatOneIsDownIsToldOnceAndThatItIsBack) {
  settings.filters[0].when_down = WhenDown::accept;
  clamd.limit = 10;
  ASSERT_TRUE(send(clean).has_value());
  ASSERT_TRUE(send(clean).has_value());
  EXPECT_TRUE(intake->counters().filters.at(0).is_down);
  clamd.limit = 1 << 20;
  ASSERT_TRUE(send(clean).has_value());
  std::vector<std::string> told;
  for (const Event& event : events.events) {
    if (event.kind == EventKind::filter) {
      told.push_back(event.text);
    }
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "clamav is down: it says: larger than the scanner takes: mail goes by it",
                      "clamav answers again"}));
  EXPECT_EQ(intake->counters().filters.at(0).failures, 2U);
  EXPECT_EQ(intake->counters().filters.at(0).messages, 1U);
}

TEST_F(FilterTest, WhatIsTooLargeForItGoesByAndIsMarked) {
  settings.filters[0].octets_max = infected.size() - 1;
  conversation.door = Door::inbound;
  const auto id = send(infected);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(clamd.peer.connections, 0);
  EXPECT_TRUE(read(*id).contains("clamav: not looked at: larger than")) << read(*id);
}

TEST_F(FilterTest, WhatOneSaysOfItselfIsTakenAway) {
  conversation.door = Door::inbound;
  const auto id = send("X-Postrider-Verdict: tag; nothing\r\n" + clean);
  ASSERT_TRUE(id.has_value());
  EXPECT_FALSE(read(*id).contains("X-Postrider-Verdict"));
}

// -- rspamd ---------------------------------------------------------------------------------------

TEST_F(FilterTest, RspamdHearsWhatIsKnown) {
  use_rspamd();
  const auto id = send("X-Spam-Flag: NO\r\n" + clean);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_EQ(rspamd.request.target, "/checkv2");
  EXPECT_EQ(rspamd.request.field("from"), "<user@example.org>");
  EXPECT_EQ(rspamd.request.field("rcpt"), "friend@Example.NET");
  EXPECT_EQ(rspamd.request.field("ip"), "192.0.2.7");
  EXPECT_EQ(rspamd.request.field("helo"), "client.example");
  EXPECT_EQ(rspamd.request.field("user"), "user@example.org");
  EXPECT_EQ(rspamd.request.field("tls-version"), "TLSv1.3");
  EXPECT_EQ(rspamd.request.field("queue-id"), id->text());
  EXPECT_EQ(rspamd.request.body, "X-Spam-Flag: NO\r\n" + clean);
  const std::string kept = read(*id);
  EXPECT_TRUE(kept.contains("\r\nX-Spam-Flag: NO\r\nX-Spam-Score: 1.25\r\n")) << kept;
  EXPECT_EQ(kept.find("X-Spam-Flag"), kept.rfind("X-Spam-Flag"));
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::inbox);
}

TEST_F(FilterTest, ItsActionsAreObeyed) {
  use_rspamd();
  rspamd.json = R"({"action": "add header", "score": 7, "required_score": 15})";
  ASSERT_TRUE(send(clean).has_value());
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::junk);

  rspamd.json = R"({"action": "rewrite subject", "subject": "[SPAM] %s", "score": 8})";
  auto id = send(clean);
  ASSERT_TRUE(id.has_value());
  EXPECT_TRUE(read(*id).contains("\r\nSubject: [SPAM] hi\r\n")) << read(*id);

  rspamd.json = R"({"action": "reject", "messages": {"smtp_message": "Gtube pattern"}})";
  id = send(clean);
  ASSERT_FALSE(id.has_value());
  EXPECT_EQ(id.error().kind, IntakeFailure::rejected);
  EXPECT_EQ(id.error().reply, "Gtube pattern");
  EXPECT_EQ(id.error().code, 550);

  for (const char* action : {"soft reject", "greylist"}) {
    rspamd.json = R"({"action": ")"s + action + R"("})";
    id = send(clean);
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().kind, IntakeFailure::deferred);
    EXPECT_EQ(id.error().reply, "Try again later");
  }
}

TEST_F(FilterTest, WhatLeavesAsSpamIsMarkedOnly) {
  use_rspamd();
  conversation.door = Door::submission;
  rspamd.json = R"({"action": "add header", "score": 7, "required_score": 15})";
  const auto id = send(clean);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::inbox);
  EXPECT_TRUE(read(*id).contains("\r\nX-Spam-Flag: YES\r\n"));
}

TEST_F(FilterTest, WhatItWantsChangedIsChanged) {
  use_rspamd();
  settings.filters[0].adds_headers = false;
  rspamd.json = R"({"action": "no action", "milter": {"remove_headers": {"subject": 0},
      "add_headers": {"X-Top": {"value": "a\r\nb", "order": 0}, "X-End": "c"}}})";
  const auto id = send(clean);
  ASSERT_TRUE(id.has_value());
  const std::string kept = read(*id);
  EXPECT_TRUE(kept.contains("\r\nX-Top: a\r\n\tb\r\nDate: ")) << kept;
  EXPECT_TRUE(kept.contains("\r\nX-End: c\r\n\r\nbody")) << kept;
  EXPECT_FALSE(kept.contains("Subject")) << kept;
}

TEST_F(FilterTest, AnAnswerThatIsNoneIsNeverAPass) {
  use_rspamd();
  for (const char* json : {"", "<html>", R"({"action": "vanish"})", R"({"error": "overloaded"})"}) {
    rspamd.json = json;
    EXPECT_EQ(send(clean).error().kind, IntakeFailure::deferred) << json;
  }
  rspamd.json = R"({"action": "no action"})";
  rspamd.status = "503 Busy";
  EXPECT_EQ(send(clean).error().kind, IntakeFailure::deferred);
  rspamd.status = "200 OK";
  rspamd.json = R"({"action": "no action", "milter": {"add_headers": {"X: evil": "a"}}})";
  EXPECT_EQ(send(clean).error().kind, IntakeFailure::deferred);
  EXPECT_TRUE(feed.entries.empty());
}

TEST_F(FilterTest, LinksLookInOrderAndSeeWhatWasChanged) {
  settings.filters.push_back(settings.filters[0]);
  settings.filters[0] = {
      .name = "rspamd", .kind = FilterKind::rspamd, .address = rspamd.peer.address};
  settings.filters[0].adds_headers = false;
  conversation.door = Door::inbound;
  rspamd.json = R"({"action": "add header", "milter": {"add_headers": {"X-End": "EICAR"}}})";
  const auto id = send(clean);
  ASSERT_FALSE(id.has_value());
  EXPECT_TRUE(clamd.seen.contains("X-End: EICAR"));
  settings.filters[1].on_reject = FilterAction::tag;
  make();
  ASSERT_TRUE(send(clean).has_value());  // the worse of two verdicts stays
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::junk);
}

}  // namespace
}  // namespace postrider::flow
