#include "imap_load.hpp"
#include "load_command_line.hpp"
#include "load_id.hpp"
#include "load_message.hpp"
#include "load_run.hpp"
#include "pop3_load.hpp"
#include "tally.hpp"

#include <gtest/gtest.h>

namespace postrider::tools {
namespace {

constexpr std::string_view dot = ".\r\n";

TEST(LoadId, ReadsWhatItWrote) {
  for (const LoadId id :
       {LoadId{}, LoadId{~0ULL, 999'999'999'999, 9'999'999'999'999'999}, LoadId{0xABC, 7, 1}}) {
    const auto text = encode_load_id(id);
    EXPECT_EQ(text.size(), load_id_octets);
    EXPECT_EQ(parse_load_id(text), id);
  }
}

TEST(LoadId, RefusesWhatItDidNotWrite) {
  for (const auto* text : {"", "0-1", "0000000000000abc-000000000007",
                           "0000000000000abc_000000000007-0000000000000000",
                           "0000000000000abc-000000000007_0000000000000000",
                           "0000000000000abc-00000000000x-0000000000000000",
                           "0000000000000abg-000000000007-0000000000000000",
                           "0000000000000abc-000000000007-000000000000000x",
                           "0000000000000abc-0000000000071-0000000000000000"}) {
    EXPECT_FALSE(parse_load_id(text)) << text;
  }
}

TEST(LoadId, KeepsTheTimeThatItWasDueToAMicrosecond) {
  const WallTime time{std::chrono::microseconds(1'795'000'000'123'456)};
  EXPECT_EQ(due_time({.due_us = load_due(time)}), time);
  EXPECT_EQ(load_due(WallTime{} - std::chrono::seconds(1)), 0U);  // which is: not said
}

TEST(LoadIdFinder, FindsTheFieldWhereverTheHeaderIsCut) {
  const std::string message =
      "Received: by x;\r\n\ty\r\nx-load-id: 0000000000000abc-000000000007-0000000000000009\r\n"
      "To: a\r\n\r\nbody\r\n";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    LoadIdFinder finder;
    finder.feed(std::string_view(message).substr(0, cut));
    finder.feed(std::string_view(message).substr(cut));
    EXPECT_EQ(finder.id(), (LoadId{0xABC, 7, 9})) << cut;
  }
}

TEST(LoadIdFinder, LooksAtTheHeaderAlone) {
  LoadIdFinder finder;
  finder.feed("To: a\r\n\r\nX-Load-Id: 0000000000000abc-000000000007-0000000000000009\r\n");
  EXPECT_FALSE(finder.id());
  finder.reset();
  finder.feed("X-Load-Id: 0000000000000abc-000000000007-0000000000000009\r\n");
  EXPECT_TRUE(finder.id());
}

TEST(LoadMessage, HasTheSizeThatWasAsked) {
  for (const std::uint64_t size : {250U, 251U, 252U, 253U, 330U, 4096U, 100'001U}) {
    LoadSettings settings;
    settings.size_octets = size;
    LoadMessage message(settings, WallTime{});
    EXPECT_NEAR(static_cast<double>(message.octets()), static_cast<double>(size), 2) << size;
    EXPECT_TRUE(message.with({}).ends_with("\r\n.\r\n"));
  }
}

TEST(LoadMessage, HoldsNoLineThatIsLongOrBeginsWithADot) {
  for (std::uint64_t size = 200; size < 700; ++size) {
    LoadSettings settings;
    settings.size_octets = size;
    LoadMessage message(settings, WallTime{});
    std::string_view rest = message.with({});
    rest.remove_suffix(dot.size());
    while (!rest.empty()) {
      const auto end = rest.find("\r\n");
      ASSERT_NE(end, rest.npos) << size;
      EXPECT_LE(end, 80U) << size;
      EXPECT_FALSE(rest.starts_with('.')) << size;
      rest.remove_prefix(end + 2);
    }
  }
}

TEST(LoadMessage, CarriesItsId) {
  LoadMessage message({}, WallTime{});
  for (const LoadId id : {LoadId{1, 2, 3}, LoadId{3, 4, 5}}) {
    LoadIdFinder finder;
    finder.feed(message.with(id));
    EXPECT_EQ(finder.id(), id);
  }
}

TEST(LoadRecipient, SpreadsOverDomains) {
  LoadSettings settings;
  EXPECT_EQ(load_recipient(settings, 9, 0), "user0@example.net");
  settings.recipients = 2;
  settings.domains = 3;
  EXPECT_EQ(load_recipient(settings, 0, 0), "user0@d0.example.net");
  EXPECT_EQ(load_recipient(settings, 0, 1), "user1@d1.example.net");
  EXPECT_EQ(load_recipient(settings, 1, 0), "user0@d2.example.net");
  EXPECT_EQ(load_recipient(settings, 1, 1), "user1@d0.example.net");
}

TEST(Tally, TellsDuplicatesFromFurtherRecipients) {
  Tally tally;
  const LoadId id{1, 1};
  EXPECT_EQ(tally.add(id, {"a@x", "b@x"}, 10), 2U);
  tally.add(id, {"c@y"}, 10);
  tally.add(LoadId{2, 1}, {"a@x"}, 10);  // of another run
  EXPECT_EQ(tally.counts().duplicates, 0U);
  EXPECT_EQ(tally.add(id, {"B@x", "d@x"}, 10), 1U);
  EXPECT_EQ(tally.add({}, {"a@x"}, 10), 0U);
  EXPECT_EQ(tally.counts().messages, 5U);
  EXPECT_EQ(tally.counts().deliveries, 6U);
  EXPECT_EQ(tally.counts().distinct, 5U);
  EXPECT_EQ(tally.counts().duplicates, 1U);
  EXPECT_EQ(tally.counts().without_id, 1U);
  EXPECT_EQ(tally.counts().octets, 50U);
}

TEST(LoadRun, KeepsTheScheduleHoweverLateTheServerIs) {
  LoadSettings settings;
  settings.messages = 3;
  settings.rate = 100;
  const MonoTime start{std::chrono::seconds(5)};
  LoadRun run(settings, 1, start);
  for (int i = 0; i < 3; ++i) {
    const auto ticket = run.next_ticket();
    ASSERT_TRUE(ticket && ticket->due);
    EXPECT_EQ(*ticket->due, start + std::chrono::milliseconds(10 * i));
    run.on_accepted(*ticket->due, start + std::chrono::seconds(1));
  }
  EXPECT_FALSE(run.next_ticket());
  EXPECT_TRUE(run.is_complete());
  // A stall of a second is charged to all three, not to the one that met it.
  EXPECT_NE(run.table().find("991.23"), std::string::npos) << run.table();
}

TEST(LoadRun, CountsFailuresByReason) {
  LoadSettings settings;
  settings.messages = 100;
  LoadRun run(settings, 1, MonoTime{});
  for (int i = 0; i < 100; ++i) {
    run.on_failed("reason " + std::to_string(i), MonoTime{});
  }
  EXPECT_EQ(run.failed(), 100U);
  EXPECT_FALSE(run.is_complete());
  EXPECT_NE(run.json().find("\"others\":80"), std::string::npos) << run.json();
}

TEST(ImapLoad, FindsTheLiteralThatALineEndsIn) {
  EXPECT_EQ(literal_at_end("* 1 FETCH (BODY[] {4096}"), 4096U);
  EXPECT_EQ(literal_at_end("* 1 FETCH (ENVELOPE (\"x\" {0}"), 0U);
  EXPECT_EQ(literal_at_end("* 1 FETCH (FLAGS ())"), std::nullopt);
  EXPECT_EQ(literal_at_end("* OK a brace}"), std::nullopt);
  EXPECT_EQ(literal_at_end("* OK {x}"), std::nullopt);
  EXPECT_EQ(literal_at_end("* OK {}"), std::nullopt);
  EXPECT_EQ(literal_at_end(""), std::nullopt);
}

TEST(Pop3Load, KnowsWhichAnswersHaveManyLines) {
  for (const auto* command : {"RETR 1", "top 1 0", "CAPA", "LIST", "uidl"}) {
    EXPECT_TRUE(has_many_lines(command)) << command;
  }
  for (const auto* command : {"LIST 1", "UIDL 7", "STAT", "DELE 1", "NOOP", ""}) {
    EXPECT_FALSE(has_many_lines(command)) << command;
  }
}

TEST(LoadCommandLine, FillsInTheNumber) {
  EXPECT_EQ(with_number("FETCH {n} (UID {n})", 12), "FETCH 12 (UID 12)");
  EXPECT_EQ(with_number("NOOP", 1), "NOOP");
}

}  // namespace
}  // namespace postrider::tools
