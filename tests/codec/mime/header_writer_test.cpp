#include "../../instrumented.hpp"

#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/header_writer.hpp>

namespace postrider::mime {
namespace {

TEST(HeaderWriter, FoldsAtBlanksOnly) {
  std::string out;
  HeaderWriter writer(out, false);
  writer.unstructured("Subject", std::string(60, 'a') + " " + std::string(20, 'b') + " c");
  EXPECT_EQ(out, "Subject: " + std::string(60, 'a') + "\r\n " + std::string(20, 'b') + " c\r\n");
  out.clear();
  writer.structured("X", std::string(200, 'a'));
  EXPECT_EQ(out, "X: " + std::string(200, 'a') + "\r\n");
}

TEST(HeaderWriter, NothingBreaksOutOfItsField) {
  std::string out;
  HeaderWriter writer(out, true);
  writer.unstructured("Subject", "a\r\nBcc: b\n\nbody").structured("X-Y", "c\r\nZ: d");
  writer.mailboxes("From", {{"n\r\nX: y", "l\r\nz", "d\r\nw"}});
  EXPECT_EQ(out,
            "Subject: a  Bcc: b  body\r\nX-Y: c  Z: d\r\n"
            "From: \"n  X: y\" <\"l  z\"@d  w>\r\n");
  EXPECT_DEATH(writer.structured("X\r\nY", "z"), "a field name");
}

TEST(HeaderWriter, EncodesUnlessUtf8IsAllowed) {
  std::string out;
  HeaderWriter(out, false).unstructured("Subject", "\u00e4").unstructured("X", "=?UTF-8?Q?a?=");
  HeaderWriter(out, true).unstructured("Subject", "\u00e4").unstructured("X", "\xE4");
  EXPECT_EQ(out,
            "Subject: =?UTF-8?B?w6Q=?=\r\nX: =?UTF-8?B?PT9VVEYtOD9RP2E/PQ==?=\r\n"
            "Subject: \u00e4\r\nX: =?UTF-8?B?77+9?=\r\n");
}

TEST(HeaderWriter, WritesDatesAndLongLists) {
  std::string out;
  HeaderWriter writer(out, false);
  writer.date("Date", WallTime());
  writer.mailboxes("To",
                   std::vector<Mailbox>(8, Mailbox{"Some \u00dcser", "local", "example.org"}));
  const auto section = scan_header(out);
  EXPECT_EQ(section->fields()[0].raw, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n");
  EXPECT_LE(section->longest_line_octets(), fold_column);
  const auto list = parse_address_list(section->fields()[1].value);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 8U);
  EXPECT_EQ(decode_words(list->back().mailboxes[0].display_name), "Some \u00dcser");
}

TEST(HeaderWriter, UnstructuredTextReadsBack) {
  SeededRandom random(25);
  constexpr std::string_view alphabet = "ab  \xC3\xA4=?_";
  for (int i = 0; i < (is_instrumented ? 1'000 : 10'000); ++i) {
    std::string text = "x";
    for (auto n = random.below(300); n > 0; --n) {
      const char c = alphabet[random.below(alphabet.size())];
      text += c == '\xC3' || c == '\xA4' ? std::string("\u00e4") : std::string(1, c);
    }
    text += "x";
    std::string out;
    HeaderWriter(out, random.below(2) == 0).unstructured("Subject", text);
    out += "\r\n";
    const auto section = scan_header(out);
    ASSERT_EQ(section->fields().size(), 1U);
    ASSERT_EQ(section->end(), HeaderEnd::blank_line);
    ASSERT_EQ(decode_words(section->fields()[0].value), text) << "seed 25";
  }
}

}  // namespace
}  // namespace postrider::mime
