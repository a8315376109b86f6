#include "../splits.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/imap/command_framer.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

using Kind = CommandFramer::Event::Kind;
using Flaw = CommandFramer::Flaw;

constexpr CommandFramer::Limits small{
    .line_octets = 40, .command_octets = 60, .discard_octets = 1000};

// What comes out, one string an event. Literals are kept, unless they don't fit; those of a command
// with "APPEND" are streamed; those of one with "DROP" are dropped.
struct Reader {
  explicit Reader(CommandFramer::Limits limits) : framer(limits) {}

  void feed(std::string_view input) {
    while (true) {
      const CommandFramer::Event event = framer.next(input);
      switch (event.kind) {
        case Kind::more:
          EXPECT_TRUE(input.empty());
          return;
        case Kind::command:
          out.push_back("C " + std::string(event.octets));
          break;
        case Kind::literal:
          decide(event);
          break;
        case Kind::piece:
          streamed += event.octets;
          break;
        case Kind::literal_end:
          out.push_back("L " + std::exchange(streamed, {}));
          break;
        case Kind::refused:
          out.push_back("R" + std::to_string(static_cast<int>(event.flaw)) + ' ' +
                        std::string(event.octets.substr(0, 3)));
          break;
        case Kind::hopeless:
          out.emplace_back("H");
          dead = true;
          return;
      }
    }
  }

  void decide(const CommandFramer::Event& event) {
    const std::string head(event.octets);
    if (head.contains("APPEND")) {
      out.push_back("S " + head);
      framer.stream_literal();
    } else if (head.contains("DROP") || !framer.keep_literal()) {
      const bool goes_on = framer.drop_command();
      EXPECT_NE(goes_on, event.literal.waits);
      out.emplace_back(goes_on ? "D" : "D!");
    } else if (event.literal.waits) {
      out.emplace_back("+");
    }
  }

  CommandFramer framer;
  std::vector<std::string> out;
  std::string streamed;
  bool dead = false;
};

struct Row {
  std::string octets;
  std::vector<std::string> events;
};

void expect_rows(const std::vector<Row>& rows, CommandFramer::Limits limits) {
  for (const Row& row : rows) {
    for_every_split(row.octets, [&](const std::vector<std::string>& pieces) {
      Reader reader(limits);
      for (const std::string& piece : pieces) {
        if (!reader.dead) {
          reader.feed(piece);
        }
      }
      EXPECT_EQ(reader.out, row.events) << row.octets << " in " << pieces.size() << " pieces";
    });
  }
}

const std::string nul(1, '\0');

TEST(ImapCommandFramer, LinesEndInCrlfOnly) {
  expect_rows(
      {
          {"A1 NOOP\r\nA2 NOOP\r\n", {"C A1 NOOP", "C A2 NOOP"}},
          {"\r\n\r\nA1 NOOP\r\n", {"C ", "C ", "C A1 NOOP"}},
          {"A1 NOOP", {}},
          {"A1 NO\nOP\r\nB\r\n", {"R2 A1 ", "C B"}},
          {"A1 NO\rOP\r\nB\r\n", {"R2 A1 ", "C B"}},
          {"A1 NOOP\r\r\nB\r\n", {"R2 A1 ", "C B"}},
          {"A1 " + nul + "\r\nB\r\n", {"R2 A1 ", "C B"}},
      },
      small);
}

TEST(ImapCommandFramer, LiteralsArePartOfTheirCommand) {  // RFC 9051 4.3, RFC 7888 3
  expect_rows(
      {
          {"A1 LOGIN {3}\r\nfoo {3}\r\nb\r\n\r\n",
           {"+", "+", "C A1 LOGIN {3}\r\nfoo {3}\r\nb\r\n"}},
          {"A1 LOGIN {3+}\r\nA2 {0+}\r\n\r\n", {"C A1 LOGIN {3+}\r\nA2 {0+}\r\n"}},
          {"A1 X ~{2+}\r\n" + nul + "\n\r\n", {"C A1 X ~{2+}\r\n" + nul + "\n"}},
          {"A1 X {003+}\r\nabc\r\n", {"C A1 X {003+}\r\nabc"}},
          // A literal that ends in CR, then LF: no end of line.
          {"A1 X {1+}\r\n\r\n\r\nB\r\n", {"R2 A1 ", "C B"}},
          // No headers: these lines are over.
          {"A1 {}\r\nB\r\n", {"C A1 {}", "C B"}},
          {"A1 {3}x\r\nB\r\n", {"C A1 {3}x", "C B"}},
          {"A1 {+}\r\nB\r\n", {"C A1 {+}", "C B"}},
          {"A1 {3-}\r\nB\r\n", {"C A1 {3-}", "C B"}},
          {"A1 {3++}\r\nB\r\n", {"C A1 {3++}", "C B"}},
          {"3}\r\nB\r\n", {"C 3}", "C B"}},
      },
      small);
}

TEST(ImapCommandFramer, StreamedLiteralsAreNotKept) {
  const std::string large(5000, 'x');
  expect_rows({{"A1 APPEND f {4+}\r\na\r\nb (s) {2}\r\ncd\r\nB\r\n",
                {"S A1 APPEND f {4+}", "L a\r\nb", "+", "C  (s) {2}\r\ncd", "C B"}},
               {"A1 APPEND f {0+}\r\n\r\n", {"S A1 APPEND f {0+}", "L ", "C "}}},
              small);
  Reader reader(small);
  reader.feed("A1 APPEND f {5000+}\r\n" + large + "\r\n");
  EXPECT_EQ(reader.out, (std::vector<std::string>{"S A1 APPEND f {5000+}", "L " + large, "C "}));
}

TEST(ImapCommandFramer, WhatIsRefusedIsNeverReadAsCommands) {
  const std::string line(50, 'x');
  expect_rows(
      {
          {"A1 " + line + "\r\nB\r\n", {"R1 A1 ", "C B"}},
          {"A1 " + line + " {5+}\r\nC D\r\n y {2+}\r\nE\n\r\nB\r\n", {"R1 A1 ", "C B"}},
          // The client waits for "+", which it does not get: the literal is not coming.
          {"A1 " + line + " {5}\r\nB\r\n", {"R1 A1 ", "C B"}},
          {"A1 {70+}\r\n" + std::string(70, '\n') + "\r\nB\r\n", {"D", "R4 A1 ", "C B"}},
          {"A1 {70}\r\nB\r\n", {"D!", "C B"}},
          {"A1 DROP {3+}\r\nB\r\n {2}\r\nC\r\n", {"D", "R4 A1 ", "C C"}},
          {"A1 N\nOOP {3+}\r\nB\r\n\r\nC\r\n", {"R2 A1 ", "C C"}},
          // Together more than a command may have.
          {"A1 {30+}\r\n" + std::string(30, 'y') + " {20+}\r\n" + std::string(20, 'z') +
               "\r\nB\r\n",
           {"D", "R4 A1 ", "C B"}},
      },
      small);
}

TEST(ImapCommandFramer, WhatIsKeptOfARefusedCommandDependsOnNoSplit) {
  const std::string octets = "A1 " + std::string(45, 'x') + "\r\n";
  for_every_split(octets, [&](const std::vector<std::string>& pieces) {
    CommandFramer framer(small);
    std::string kept;
    for (const std::string& piece : pieces) {
      std::string_view input = piece;
      const auto event = framer.next(input);
      kept = event.kind == Kind::refused ? event.octets : kept;
    }
    EXPECT_EQ(kept, octets);
  });
}

TEST(ImapCommandFramer, AbsurdLiteralsEndIt) {
  expect_rows(
      {
          {"A1 {18446744073709551616+}\r\nB\r\n", {"H"}},
          {"A1 {9223372036854775808+}\r\n", {"H"}},
          {"A1 {9223372036854775807+}\r\n", {"D", "H"}},
          {"A1 {1001+}\r\n", {"D", "H"}},
          {"A1 {18446744073709551616}\r\nB\r\n", {"R3 A1 ", "C B"}},
          {"A1 {" + std::string(30, '9') + "}\r\nB\r\n", {"R3 A1 ", "C B"}},
          {"A1 " + std::string(50, 'x') + '{' + std::string(70, '9') + "+}\r\nB\r\n", {"H"}},
          {"A1 APPEND {500+}\r\n" + std::string(500, 'x') + " DROP {900+}\r\n",
           {"S A1 APPEND {500+}", "L " + std::string(500, 'x'), "D"}},
      },
      small);
}

TEST(ImapCommandFramer, AnEndlessLineIsGivenUp) {
  Reader reader(small);
  std::size_t octets = 0;
  while (!reader.dead && octets < 100'000) {
    reader.feed("xxxxxxxxxx");
    octets += 10;
  }
  EXPECT_EQ(reader.out, std::vector<std::string>{"H"});
  EXPECT_LT(octets, 1100U);
}

TEST(ImapCommandFramer, ThrowsAwayTheRestOfAStreamedCommand) {
  CommandFramer framer(small);
  std::string_view input = "A1 APPEND f {10+}\r\n01234";
  EXPECT_EQ(framer.next(input).kind, Kind::literal);
  framer.stream_literal();
  EXPECT_EQ(framer.next(input).octets, "01234");
  EXPECT_TRUE(framer.drop_command());
  EXPECT_EQ(framer.next(input).kind, Kind::more);
  input = "A2 X\r {3+}\r\nB\r\n {1+}\r\n\n\r\nC\r\n";
  // 5 octets of the literal, then the line after it, whose literals belong to it too.
  const auto refused = framer.next(input);
  EXPECT_EQ(refused.kind, Kind::refused);
  EXPECT_EQ(refused.flaw, Flaw::dropped);
  EXPECT_EQ(framer.next(input).octets, "C");
}

TEST(ImapCommandFramer, PlainLinesHoldNoLiterals) {
  CommandFramer framer(small);
  std::string_view input = "abc{3+}\r\nA1 {1+}\r\nx\r\n";
  const auto line = framer.next(input, CommandFramer::Syntax::plain_line);
  EXPECT_EQ(line.kind, Kind::command);
  EXPECT_EQ(line.octets, "abc{3+}");
  EXPECT_EQ(framer.next(input).kind, Kind::literal);
  EXPECT_TRUE(framer.keep_literal());
  EXPECT_EQ(framer.next(input).octets, "A1 {1+}\r\nx");
}

TEST(ImapCommandFramer, KnowsWhetherACommandHasBegun) {
  CommandFramer framer(small);
  std::string_view input = "A1 NOOP\r\n";
  EXPECT_TRUE(framer.is_idle());
  EXPECT_EQ(framer.next(input).octets, "A1 NOOP");
  EXPECT_TRUE(framer.is_idle());
  input = "A";
  EXPECT_EQ(framer.next(input).kind, Kind::more);
  EXPECT_FALSE(framer.is_idle());
  framer.reset();
  EXPECT_TRUE(framer.is_idle());
  input = "2 X\r\n";
  EXPECT_EQ(framer.next(input).octets, "2 X");
}

}  // namespace
}  // namespace postrider::imap
