#include "../splits.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/smtp/data_framer.hpp>
#include <postrider/codec/smtp/line_framer.hpp>

namespace postrider::smtp {
namespace {

std::vector<std::string> lines_of(const std::vector<std::string>& pieces, std::size_t limit) {
  LineFramer framer(limit);
  std::vector<std::string> lines;
  for (const std::string& piece : pieces) {
    std::string_view input = piece;
    while (const auto line = framer.next(input)) {
      lines.push_back(line->too_long ? "TOO LONG" : std::string(line->text));
    }
    EXPECT_TRUE(input.empty());
  }
  return lines;
}

struct LineRow {
  std::string octets;
  std::vector<std::string> lines;
};

TEST(SmtpLineFramer, OnlyCrlfEndsALine) {
  const LineRow rows[] = {
      {"EHLO a\r\nNOOP\r\n", {"EHLO a", "NOOP"}},
      {"\r\n\r\n", {"", ""}},
      {"a\nb\r\n", {"a\nb"}},
      {"a\rb\r\n", {"a\rb"}},
      {"a\r\r\n", {"a\r"}},
      {"\n\r\n", {"\n"}},
      {"\r\r\n\n\r\n", {"\r", "\n"}},
      {"a\n\rb\r\n", {"a\n\rb"}},
      {"no end", {}},
      {"no end\r", {}},
      {"no end\n", {}},
      {std::string("a\0b\r\n", 5), {std::string("a\0b", 3)}},
  };
  for (const LineRow& row : rows) {
    for_every_split(row.octets, [&row](const std::vector<std::string>& pieces) {
      EXPECT_EQ(lines_of(pieces, 512), row.lines);
    });
  }
}

TEST(SmtpLineFramer, LongLinesAreDroppedUpToTheirCrlf) {
  const std::string fits(8, 'x');
  const LineRow rows[] = {
      {fits + "\r\nb\r\n", {fits, "b"}},
      {fits + "y\r\nb\r\n", {"TOO LONG", "b"}},
      {fits + "yyyyyyyyyyyyyy\nzz\rzz\r\r\nb\r\n", {"TOO LONG", "b"}},
      {fits + "yyyyyyyyyyyyyy\r\n\r\n", {"TOO LONG", ""}},
      {std::string(100, '\r') + "\nb\r\n", {"TOO LONG", "b"}},
      {std::string(100, 'x'), {}},
  };
  for (const LineRow& row : rows) {
    for_every_split(row.octets, [&row](const std::vector<std::string>& pieces) {
      EXPECT_EQ(lines_of(pieces, 10), row.lines);
    });
  }
}

TEST(SmtpLineFramer, ResetForgets) {
  LineFramer framer(100);
  std::string_view input = "MAIL FROM:<evil@x>\r";
  EXPECT_FALSE(framer.next(input).has_value());
  EXPECT_FALSE(framer.is_idle());
  framer.reset();
  EXPECT_TRUE(framer.is_idle());
  input = "\nNOOP\r\n";
  const auto line = framer.next(input);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->text, "\nNOOP");
}

struct Framed {
  std::string content;
  std::string rest;
  bool ended = false;
  friend bool operator==(const Framed&, const Framed&) = default;
};

Framed data_of(const std::vector<std::string>& pieces) {
  DataFramer framer;
  Framed out;
  for (const std::string& piece : pieces) {
    std::string_view input = piece;
    while (!input.empty() && !out.ended) {
      const auto got = framer.next(input);
      out.content += got.octets;
      out.ended = got.kind == DataFramer::Piece::Kind::end;
      EXPECT_TRUE(got.kind != DataFramer::Piece::Kind::more || input.empty());
    }
    out.rest += input;
  }
  return out;
}

// RFC 5321 4.5.2 said once more, as slowly and plainly as can be.
Framed naive_data(const std::string& octets) {
  Framed out;
  std::size_t at = 0;
  while (at < octets.size()) {
    const std::size_t end = octets.find("\r\n", at);
    std::string line =
        end == std::string::npos ? octets.substr(at) : octets.substr(at, end + 2 - at);
    at += line.size();
    if (line == ".\r\n") {
      out.ended = true;
      break;
    }
    if (end == std::string::npos && (line == "." || line == ".\r")) {
      break;  // undecided
    }
    out.content += line.front() == '.' ? line.substr(1) : line;
  }
  out.rest = octets.substr(at);
  return out;
}

TEST(SmtpDataFramer, TakesDotsOffAndEnds) {
  struct Row {
    std::string octets;
    Framed framed;
  };
  const Row rows[] = {
      {".\r\n", {"", "", true}},
      {"a\r\n.\r\n", {"a\r\n", "", true}},
      {"a\r\n.\r\nQUIT\r\n", {"a\r\n", "QUIT\r\n", true}},
      {"..a\r\n...\r\n.\r\n", {".a\r\n..\r\n", "", true}},
      {".a\r\n.\r\n", {"a\r\n", "", true}},
      {"\r\n\r\n.\r\n", {"\r\n\r\n", "", true}},
      {"a\r\n..\r\n.\r\n.\r\n", {"a\r\n.\r\n", ".\r\n", true}},
      {"a.\r\n.\r\n", {"a.\r\n", "", true}},
      {"a\r\n.", {"a\r\n", "", false}},
      {"a\r\n.\r", {"a\r\n", "", false}},
  };
  for (const Row& row : rows) {
    for_every_split(row.octets, [&row](const std::vector<std::string>& pieces) {
      EXPECT_EQ(data_of(pieces), row.framed);
    });
  }
}

// Every mixture of CR and LF around a dot that some server somewhere takes for the end.
TEST(SmtpDataFramer, SmugglingSequencesNeverEndAMessage) {
  const char* endings[] = {
      "\n.\n",         "\n.\r\n",       "\r.\r\n",     "\r\n.\n",     "\r\n.\r",
      "\r.\r",         "\n.\r",         "\r.\n",       "\n\n.\r\n",   "\r\r.\r\n",
      "\r\n.\r\r\n",   "\r\n\r.\r\n",   "\n\r.\r\n",   "\r\n.\n\r\n", "\n.\n\r\n",
      "\r\n.\x0b\r\n", "\r\n. \r\n",    "\r\n.\r \n",  "\r\n.\t\r\n", "\r\n..\r\n",
      "\r\r\n.\r",     "\r\n.\x85\r\n", "\r\n\n.\r\n", "\r\r\n\r.\n", "\x1a\r.\n",
  };
  int tried = 0;
  for (const char* ending : endings) {
    const std::string smuggled = std::string("Subject: x\r\n\r\nbody") + ending;
    const std::string inner = "MAIL FROM:<evil@x>\r\nRCPT TO:<victim@y>\r\nDATA\r\nevil\r\n";
    const std::string octets = smuggled + inner + "\r\n.\r\nQUIT\r\n";
    const Framed expected = naive_data(octets);
    ASSERT_TRUE(expected.ended);
    ASSERT_EQ(expected.rest, "QUIT\r\n");
    ASSERT_NE(expected.content.find("DATA\r\nevil"), std::string::npos);
    for_every_split(octets, [&expected](const std::vector<std::string>& pieces) {
      EXPECT_EQ(data_of(pieces), expected);
    });
    ++tried;
  }
  EXPECT_GE(tried, 20);
}

TEST(SmtpDataFramer, AgreesWithTheNaiveOneOnEveryShortString) {
  constexpr std::string_view alphabet = "\r\n.a";
  for (std::uint32_t code = 0; code < 4U * 4 * 4 * 4 * 4 * 4 * 4; ++code) {
    std::string octets;
    for (std::uint32_t rest = code, i = 0; i < 7; ++i, rest /= 4) {
      octets += alphabet[rest % 4];
    }
    const Framed expected = naive_data(octets);
    const Framed whole = data_of({octets});
    EXPECT_EQ(whole.content, expected.content);
    EXPECT_EQ(whole.ended, expected.ended);
    std::vector<std::string> singles;
    for (const char c : octets) {
      singles.emplace_back(1, c);
    }
    EXPECT_EQ(data_of(singles), whole);
  }
}

TEST(SmtpChunkFramer, CountsOctetsWhateverTheyAre) {
  ChunkFramer framer;
  framer.begin(7);
  std::string_view input = "\r\n.\r";
  EXPECT_EQ(framer.next(input), "\r\n.\r");
  EXPECT_EQ(framer.left(), 3U);
  input = "\nabQUIT\r\n";
  EXPECT_EQ(framer.next(input), "\nab");
  EXPECT_EQ(framer.left(), 0U);
  EXPECT_EQ(input, "QUIT\r\n");
  EXPECT_EQ(framer.next(input), "");
  framer.begin(0);
  EXPECT_EQ(framer.next(input), "");
}

}  // namespace
}  // namespace postrider::smtp
