// Content goes through the scanner while it arrives; what it says, and that it says nothing,
// decides.
#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/flow/content_scan.hpp>

namespace postrider::flow {
namespace {

using namespace std::string_literals;

// A clamd of the simulated network that finds "EICAR".
class FakeClamd {
 public:
  explicit FakeClamd(engine::Reactor& reactor) : reactor_(reactor) {
    listener_ = *reactor.listen({.address = *SocketAddress::parse("127.0.0.1:0")});
    address = listener_->local();
    reactor.spawn(serve());
  }
  void stop() { stop_.cancel(); }
  SocketAddress address;
  std::string seen;             // the content of the last stream
  std::size_t limit = 1 << 30;  // StreamMaxLength
  bool is_silent = false;
  int connections = 0;

 private:
  engine::Until soon() { return {reactor_.now() + std::chrono::hours(1), stop_.token()}; }
  engine::Task<void> serve() {
    while (true) {
      auto stream = co_await listener_->accept({mono_never, stop_.token()});
      if (!stream) {
        co_return;
      }
      ++connections;
      co_await answer(**stream);
    }
  }
  engine::Task<void> answer(engine::Stream& stream) {
    std::string octets;
    while (!octets.ends_with("\0\0\0\0"s)) {
      const auto received = co_await stream.receive(soon());
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
      (void)co_await stream.send(reply, soon());
    } else {
      (void)co_await stream.receive(soon());
    }
  }
  engine::Reactor& reactor_;
  std::unique_ptr<engine::Listener> listener_;
  engine::CancelSource stop_;
};

class ScanTest : public IntakeFixture {
 protected:
  ScanTest() {
    settings.scanner.emplace();
    settings.scanner->address = clamd.address;
  }
  ~ScanTest() override {
    clamd.stop();
    simulation->run_until_idle();
  }
  FakeClamd clamd{simulation->reactor(0)};
};

const std::string clean = "From: User <user@example.org>\r\nSubject: hi\r\n\r\nbody\r\n";
const std::string infected = "From: User <user@example.org>\r\n\r\nEICAR\r\n";

TEST_F(ScanTest, TheScannerSeesWhatCame) {
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

TEST_F(ScanTest, OtherDoorsAreNotScanned) {
  for (const Door door : {Door::relay, Door::lmtp, Door::internal}) {
    conversation.door = door;
    EXPECT_TRUE(send(infected).has_value());
  }
  EXPECT_EQ(clamd.connections, 0);
}

TEST_F(ScanTest, WhatIsFoundIsRefused) {
  for (const Door door : {Door::submission, Door::inbound}) {
    conversation.door = door;
    const auto id = send(infected);
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().kind, IntakeFailure::rejected);
    EXPECT_EQ(id.error().text, "virus found: Eicar-Test");
  }
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_EQ(events.events.back().text, "virus found: Eicar-Test");
}

TEST_F(ScanTest, OrHeldBackWhereItStaysHere) {
  settings.scanner->on_found = ScanAction::quarantine;
  conversation.door = Door::inbound;
  const auto id = send(infected);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::quarantine);
  EXPECT_TRUE(read(*id).starts_with("X-Postrider-Verdict: quarantine; virus found: Eicar-Test"));
  // What leaves can't be held back in a folder: it does not leave.
  conversation.door = Door::submission;
  EXPECT_FALSE(send(infected).has_value());
}

TEST_F(ScanTest, WithoutTheScannerNothingSlipsThrough) {
  clamd.is_silent = true;
  const auto id = send(clean);
  ASSERT_FALSE(id.has_value());
  EXPECT_EQ(id.error().kind, IntakeFailure::deferred);
  settings.scanner->address.port = 1;  // nobody listens there
  make();
  EXPECT_EQ(send(clean).error().kind, IntakeFailure::deferred);
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_TRUE(events.events.back().text.starts_with("not scanned: the scanner can't be reached"))
      << events.events.back().text;
}

TEST_F(ScanTest, UnlessTheOperatorSaysSoAndThenItIsSaid) {
  settings.scanner->on_failure = ScanFailureAction::accept;
  clamd.limit = 10;
  const auto id = send(clean);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).contains("X-Postrider-Verdict: tag; not scanned: the scanner says"))
      << read(*id);
  EXPECT_TRUE(events.events.back().text.contains("not scanned"));
}

}  // namespace
}  // namespace postrider::flow
