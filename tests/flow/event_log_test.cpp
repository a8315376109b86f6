#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include <postrider/engine/simulation.hpp>
#include <postrider/flow/event_log.hpp>

namespace postrider::flow {
namespace {

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

Event numbered(std::uint32_t number) {
  Event event;
  event.attempt = number;
  return event;
}

struct Fixture {
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({1, 2});
  engine::CancelSource stop;

  // What is emitted from now on waits for all of a window.
  void run_to_window() {
    const Duration window = std::chrono::milliseconds(20);
    simulation->run_for(window - simulation->reactor(0).now().time_since_epoch() % window);
  }
};

TEST(EventLog, WritesTheEventsOfAllCores) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  for (std::uint32_t i = 1; i <= 10; ++i) {
    log.sink(0).emit(numbered(i));
    log.sink(1).emit(numbered(100 + i));
  }
  f.simulation->run_until_idle();
  EXPECT_EQ(lines_in(std::string(f.simulation->file_content("events.jsonl"))), 20U);
  EXPECT_EQ(log.counters().written, 20U);
  f.stop.cancel();
  f.simulation->run_until_idle();
}

TEST(EventLog, DropsCountsAndReportsWhatDoesNotFit) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl", 5});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  for (std::uint32_t i = 1; i <= 12; ++i) {
    log.sink(1).emit(numbered(i));
  }
  f.simulation->run_until_idle();
  EXPECT_EQ(log.counters().written, 5U);
  EXPECT_EQ(log.counters().dropped, 7U);
  const std::string text(f.simulation->file_content("events.jsonl"));
  EXPECT_NE(text.find(R"("event":"events_dropped","count":7)"), std::string::npos);
  log.sink(1).emit(numbered(13));
  f.simulation->run_until_idle();
  EXPECT_EQ(log.counters().written, 6U) << "room comes back once the writer has written";
  f.stop.cancel();
  f.simulation->run_until_idle();
}

TEST(EventLog, WritesWhatHasArrivedBeforeItStops) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  f.simulation->run_until_idle();
  log.sink(0).emit(numbered(1));
  f.simulation->reactor(0).defer([&] { f.stop.cancel(); });
  f.simulation->run_until_idle();
  EXPECT_EQ(lines_in(std::string(f.simulation->file_content("events.jsonl"))), 1U);
}

TEST(EventLog, WhatCoresEmitInAWindowStandsInTheOrderOfItsTimes) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  const WallTime now = f.simulation->reactor(0).wall_now();
  for (std::uint32_t i = 1; i <= 6; ++i) {
    Event event = numbered(i);
    event.time = now + std::chrono::milliseconds(i);
    log.sink(i % 2).emit(event);
  }
  f.simulation->run_until_idle();
  const std::string text(f.simulation->file_content("events.jsonl"));
  std::size_t last = 0;
  for (std::uint32_t i = 1; i <= 6; ++i) {
    const std::size_t at = text.find(encode_rfc3339(now + std::chrono::milliseconds(i)));
    ASSERT_NE(at, std::string::npos) << text;
    EXPECT_TRUE(i == 1 || at > last) << text;
    last = at;
  }
  f.stop.cancel();
  f.simulation->run_until_idle();
}

TEST(EventLog, OneWriteHasAllOfAWindow) {
  using std::chrono::milliseconds;
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  f.run_to_window();
  for (std::uint32_t i = 0; i < 3; ++i) {
    log.sink(1).emit(numbered(i));
    f.simulation->run_for(milliseconds(5));
  }
  f.simulation->run_for(milliseconds(4));
  EXPECT_EQ(log.counters().written, 0U);
  f.simulation->run_for(milliseconds(10));
  EXPECT_EQ(log.counters().written, 3U);
  f.stop.cancel();
  f.simulation->run_until_idle();
}

engine::Task<void> note_end(engine::Task<void> task, bool& has_ended) {
  co_await std::move(task);
  has_ended = true;
}

TEST(EventLog, WhoWaitsUntilItIsWrittenWaitsForNoWindow) {
  using std::chrono::milliseconds;
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  f.run_to_window();
  log.sink(1).emit(numbered(1));
  log.sink(1).emit(numbered(2));
  bool has_ended = false;
  f.simulation->reactor(1).spawn(note_end(log.sink(1).written(), has_ended));
  f.simulation->run_for(milliseconds(3));
  EXPECT_FALSE(has_ended) << "the writer still gathers";
  f.simulation->run_for(milliseconds(7));
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(lines_in(std::string(f.simulation->file_content("events.jsonl"))), 2U);
  f.stop.cancel();
  f.simulation->run_until_idle();
}

TEST(EventLog, WhoWaitsForNothingDoesNotWait) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});  // nobody writes
  bool has_ended = false;
  f.simulation->reactor(1).spawn(note_end(log.sink(1).written(), has_ended));
  f.simulation->run_until_idle();
  EXPECT_TRUE(has_ended);
}

TEST(EventLog, WritesWhatOtherCoresHaveNotHandedOverBeforeItStops) {
  Fixture f;
  EventLog log(*f.simulation, 0, {"events.jsonl"});
  ASSERT_TRUE(log.open().has_value());
  f.simulation->reactor(0).spawn(log.run(f.stop.token()));
  f.simulation->run_until_idle();
  log.sink(1).emit(numbered(1));
  f.simulation->reactor(0).defer([&] { f.stop.cancel(); });
  f.simulation->run_until_idle();
  EXPECT_EQ(lines_in(std::string(f.simulation->file_content("events.jsonl"))), 1U);
}

engine::Task<void> write_raw(engine::Reactor& reactor, std::string octets) {
  auto file = reactor.open_append({"events.jsonl"});
  EXPECT_TRUE(co_await (*file)->append(octets));
}

TEST(EventLog, ALineThatTheLastWriterDidNotEndIsEnded) {
  struct Row {
    std::string_view left;
    std::string_view mended;
  };
  for (const Row& row : {Row{"", ""}, Row{"{\"a\":1}\n", "{\"a\":1}\n"},
                         Row{"{\"a\":1}\n{\"b", "{\"a\":1}\n{\"b\n"}}) {
    Fixture f;
    f.simulation->run(write_raw(f.simulation->reactor(0), std::string(row.left)));
    EventLog log(*f.simulation, 0, {"events.jsonl"});
    ASSERT_TRUE(log.open().has_value());
    f.simulation->reactor(0).spawn(log.run(f.stop.token()));
    log.sink(0).emit(numbered(1));
    log.sink(0).emit(numbered(2));
    f.simulation->run_until_idle();
    const std::string text(f.simulation->file_content("events.jsonl"));
    EXPECT_TRUE(text.starts_with(std::string(row.mended) + "{\"time\"")) << text;
    EXPECT_EQ(lines_in(text), lines_in(std::string(row.mended)) + 2);
    EXPECT_EQ(text.find("\n\n"), std::string::npos);
    f.stop.cancel();
    f.simulation->run_until_idle();
  }
}

}  // namespace
}  // namespace postrider::flow
