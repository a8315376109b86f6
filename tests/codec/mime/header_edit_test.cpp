#include <gtest/gtest.h>

#include <postrider/codec/mime/header_edit.hpp>

namespace postrider::mime {
namespace {

constexpr std::string_view message =
    "Received: by a\r\nTo: x@a.example\r\nBCC: y@a.example,\r\n z@a.example\r\n\tw@a.example\r\n"
    "Subject: s\r\nbcc :q@a.example\r\n\r\nbody Bcc: stays\r\n";

TEST(HeaderEdit, UnchangedGivesTheSameOctets) {
  const auto section = scan_header(message);
  const HeaderEdit edit(*section);
  EXPECT_FALSE(edit.is_changed());
  EXPECT_EQ(edit.encode() + std::string(message.substr(section->body_offset())), message);
}

TEST(HeaderEdit, RemovesFieldsWithTheirContinuationLines) {
  const auto section = scan_header(message);
  HeaderEdit edit(*section);
  EXPECT_EQ(edit.remove("Bcc"), 2U);
  EXPECT_EQ(edit.remove("Bcc"), 0U);
  EXPECT_EQ(edit.remove("None"), 0U);
  EXPECT_TRUE(edit.is_changed());
  EXPECT_EQ(edit.encode(), "Received: by a\r\nTo: x@a.example\r\nSubject: s\r\n\r\n");
}

TEST(HeaderEdit, PutsTraceOnTopAndTheRestAtTheEnd) {
  const auto section = scan_header(message);
  HeaderEdit edit(*section);
  edit.remove("bcc");
  edit.insert_at_top("Received: first").insert_at_top("DKIM-Signature: v=1\r\n");
  edit.append("Date: d\r\n").append("Message-ID: <m>");
  EXPECT_EQ(edit.encode(),
            "DKIM-Signature: v=1\r\nReceived: first\r\nReceived: by a\r\nTo: x@a.example\r\n"
            "Subject: s\r\nDate: d\r\nMessage-ID: <m>\r\n\r\n");
}

TEST(HeaderEdit, ReplacesInPlace) {
  const auto section = scan_header(message);
  HeaderEdit edit(*section);
  edit.replace("Bcc", "Bcc: one").replace("From", "From: f").replace("TO", "To: again");
  EXPECT_EQ(edit.encode(),
            "Received: by a\r\nTo: again\r\nBcc: one\r\nSubject: s\r\nFrom: f\r\n\r\n");
  EXPECT_EQ(edit.remove("bcc"), 1U);
  EXPECT_EQ(edit.encode(), "Received: by a\r\nTo: again\r\nSubject: s\r\nFrom: f\r\n\r\n");
}

TEST(HeaderEdit, RepairsAHeaderThatLacksItsEnd) {
  for (const char* octets : {"a: b", "a: b\r\n", "a: b\r\nno field\r\n"}) {
    const auto section = scan_header(octets);
    HeaderEdit edit(*section);
    edit.append("c: d");
    EXPECT_EQ(edit.encode(), "a: b\r\nc: d\r\n\r\n") << octets;
  }
  const auto nothing = scan_header("");
  EXPECT_EQ(HeaderEdit(*nothing).encode(), "\r\n");
}

}  // namespace
}  // namespace postrider::mime
