#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::mime {
namespace {

HeaderSection scan(std::string_view octets) {
  auto section = scan_header(octets);
  EXPECT_TRUE(section) << octets;
  return section.value_or(HeaderSection());
}

TEST(HeaderScan, KeepsOrderOffsetsAndFolding) {
  const std::string_view message =
      "Received: by a\r\n\tfor b\r\nSubject: x\r\nreceived: by c\r\n\r\nbody\r\n";
  const HeaderSection section = scan(message);
  ASSERT_EQ(section.fields().size(), 3U);
  EXPECT_EQ(section.fields()[0].name, "Received");
  EXPECT_EQ(section.fields()[0].value, " by a\r\n\tfor b");
  EXPECT_EQ(section.fields()[0].raw, "Received: by a\r\n\tfor b\r\n");
  EXPECT_EQ(section.fields()[1].offset, 24U);
  EXPECT_EQ(section.end(), HeaderEnd::blank_line);
  EXPECT_EQ(message.substr(section.body_offset()), "body\r\n");
  EXPECT_EQ(message.substr(section.header_octets(), 2), "\r\n");
  EXPECT_EQ(section.count("RECEIVED"), 2U);
  EXPECT_EQ(section.find("ReceiveD"), &section.fields()[0]);
  EXPECT_EQ(section.find("Receive"), nullptr);
  EXPECT_EQ(section.longest_line_octets(), 14U);
}

TEST(HeaderScan, EndsWhereFieldsEnd) {
  const struct {
    const char* octets;
    std::size_t fields;
    HeaderEnd end;
    std::size_t body_offset;
  } rows[] = {
      {"", 0, HeaderEnd::end_of_octets, 0},
      {"\r\nbody", 0, HeaderEnd::blank_line, 2},
      {"\r\n\r\nbody", 0, HeaderEnd::blank_line, 2},
      {"a: b", 1, HeaderEnd::end_of_octets, 4},
      {"a: b\r\n", 1, HeaderEnd::end_of_octets, 6},
      {"a: b\r\n c", 1, HeaderEnd::end_of_octets, 8},
      {"a:\r\n\r\n", 1, HeaderEnd::blank_line, 6},
      {"a: b\r\nno field\r\n\r\n", 1, HeaderEnd::malformed_line, 6},
      {"From user Mon\r\na: b\r\n\r\n", 0, HeaderEnd::malformed_line, 0},
      {" continues nothing\r\na: b\r\n\r\n", 0, HeaderEnd::malformed_line, 0},
      {": no name\r\n\r\n", 0, HeaderEnd::malformed_line, 0},
      {"a b: blank inside\r\n\r\n", 0, HeaderEnd::malformed_line, 0},
      {"\xC3\xA4: name not ASCII\r\n\r\n", 0, HeaderEnd::malformed_line, 0},
      {"a: b\r\n \r\n\r\nbody", 1, HeaderEnd::blank_line, 11},  // a line of blanks continues
      {"a: b\r\n\n\nc: d\r\n\r\n", 1, HeaderEnd::malformed_line, 6},
      {"a: b\n\nc: d\r\n\r\nbody", 1, HeaderEnd::blank_line, 14},  // bare LF ends nothing
      {"a: b\r\rc: d\r\n\r\n", 1, HeaderEnd::blank_line, 14},
      {"a: b\r", 1, HeaderEnd::end_of_octets, 5},
  };
  for (const auto& row : rows) {
    const HeaderSection section = scan(row.octets);
    EXPECT_EQ(section.fields().size(), row.fields) << row.octets;
    EXPECT_EQ(section.end(), row.end) << row.octets;
    EXPECT_EQ(section.body_offset(), row.body_offset) << row.octets;
  }
}

// RFC 5322 4.5.8
TEST(HeaderScan, ToleratesBlanksBeforeTheColon) {
  const HeaderSection section = scan("Subject \t: x\r\n\r\n");
  EXPECT_EQ(section.fields()[0].name, "Subject");
  EXPECT_EQ(section.fields()[0].value, " x");
}

TEST(HeaderScan, SeesOctetsAbove127) {
  EXPECT_FALSE(scan("Subject: x\r\n\r\n\xC3\xA4").has_8bit());
  EXPECT_TRUE(scan("Subject: x\r\n \xC3\xA4\r\n\r\n").has_8bit());
}

TEST(HeaderScan, HoldsItsBudgets) {
  const HeaderLimits limits{.max_octets = 40, .max_fields = 3, .max_line_octets = 20};
  const struct {
    std::string octets;
    std::optional<HeaderError> error;
  } rows[] = {
      {"a: 1\r\nb: 2\r\nc: 3\r\n\r\n", std::nullopt},
      {"a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n", HeaderError::too_many_fields},
      {"a: " + std::string(17, 'x') + "\r\n\r\n", std::nullopt},
      {"a: " + std::string(18, 'x') + "\r\n\r\n", HeaderError::line_too_long},
      {"a:\r\n " + std::string(20, 'x') + "\r\n\r\n", HeaderError::line_too_long},
      {"a: " + std::string(15, 'x') + "\r\n " + std::string(17, 'x') + "\r\n\r\n", std::nullopt},
      {"a: " + std::string(15, 'x') + "\r\n " + std::string(18, 'x') + "\r\n\r\n",
       HeaderError::header_too_large},
      {"a: " + std::string(15, 'x') + "\r\n " + std::string(14, 'x') + "\r\n" +
           std::string(99, 'n') + ": x",
       HeaderError::header_too_large},
      {"a: " + std::string(15, 'x') + "\r\n " + std::string(14, 'x') + "\r\nDear fr" +
           std::string(99, 'n'),
       std::nullopt},
      {"a: " + std::string(99, 'x'), HeaderError::line_too_long},
      {"a:\r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n \r\n",
       HeaderError::header_too_large},
      {"a: 1\r\n\r\n" + std::string(500, 'x'), std::nullopt},
  };
  for (const auto& row : rows) {
    const auto section = scan_header(row.octets, limits);
    EXPECT_EQ(section ? std::nullopt : std::optional(section.error()), row.error) << row.octets;
  }
}

TEST(HeaderScan, DefaultBudgetsStopEndlessHeaders) {
  std::string folding = "a: b\r\n";
  while (folding.size() < 4 * default_max_header_octets) {
    folding += " x\r\n";
  }
  EXPECT_EQ(scan_header(folding).error(), HeaderError::header_too_large);
  std::string fields;
  for (std::size_t i = 0; i <= default_max_header_fields; ++i) {
    fields += "a: b\r\n";
  }
  EXPECT_EQ(scan_header(fields).error(), HeaderError::too_many_fields);
}

TEST(HeaderScan, ViewsCoverTheHeaderWithoutAGap) {
  SeededRandom random(20);
  constexpr std::string_view alphabet = "a:: \t\r\n\r\n\xC3(";
  for (int i = 0; i < 50'000; ++i) {
    std::string octets = random.below(2) == 0 ? "h: v\r\n" : "";
    for (auto n = random.below(24); n > 0; --n) {
      octets += random.below(3) == 0 ? '\r' : alphabet[random.below(alphabet.size())];
      if (octets.back() == '\r' && random.below(4) != 0) {
        octets += '\n';
      }
    }
    const HeaderSection section = scan(octets);
    std::size_t at = 0;
    for (const HeaderField& field : section.fields()) {
      ASSERT_EQ(field.offset, at) << "seed 20";
      ASSERT_EQ(field.raw.data(), octets.data() + at);
      at += field.raw.size();
    }
    ASSERT_EQ(at, section.header_octets()) << "seed 20";
    ASSERT_LE(section.body_offset(), octets.size());
    if (section.end() == HeaderEnd::blank_line) {
      ASSERT_EQ(octets.substr(at, 2), "\r\n");
    }
  }
}

TEST(FindBlankLine, WorksWhileTheHeaderArrives) {
  EXPECT_EQ(find_blank_line("\r\nx"), 0U);
  EXPECT_EQ(find_blank_line("a: b\r\n\r\nx"), 6U);
  EXPECT_EQ(find_blank_line("a: b\r\n\r"), std::nullopt);
  EXPECT_EQ(find_blank_line("a: b\n\n"), std::nullopt);
  EXPECT_EQ(find_blank_line(""), std::nullopt);
  const std::string message = "a: b\r\nc: d\r\n\r\nbody\r\n\r\n";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    const auto first = find_blank_line(message.substr(0, cut));
    const auto then = first ? first : find_blank_line(message, cut < 3 ? 0 : cut - 3);
    EXPECT_EQ(then, 12U) << cut;
  }
}

TEST(Unfold, RemovesLineBreaksAndOuterBlanks) {
  EXPECT_EQ(unfold(" a\r\n\tb \r\n  c "), "a\tb   c");
  EXPECT_EQ(unfold(" \r\n \r\n "), "");
  EXPECT_EQ(unfold(""), "");
  EXPECT_EQ(unfold("a\r\nb"), "a b");
  EXPECT_EQ(unfold("a\nb"), "a\nb");
}

}  // namespace
}  // namespace postrider::mime
