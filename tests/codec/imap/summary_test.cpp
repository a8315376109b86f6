#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/imap/envelope.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/summary.hpp>

namespace postrider::imap {
namespace {

constexpr std::string_view header =
    "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
    "From: =?utf-8?q?J=C3=B6rg?= <joerg@a.example>\r\n"
    "To: Mary <mary@b.example>, other@c.example\r\n"
    "Cc: team: one@d.example;\r\n"
    "Subject: Re: [list] =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
    "Message-ID: <1@a.example>\r\n"
    "In-Reply-To: <9@a.example>\r\n"
    "References: <7@a.example>\r\n <8@a.example>\r\n\r\n";

TEST(Summary, HasWhatListingsAskFor) {
  const std::string record = summarize(header);
  const auto summary = read_summary(record);
  ASSERT_TRUE(summary.has_value());
  std::string envelope;
  encode_envelope(header, envelope);
  EXPECT_EQ(summary->envelope, envelope);
  EXPECT_EQ(summary->sent, 880127706);
  EXPECT_TRUE(summary->is_reply);
  EXPECT_EQ(summary->subject, subject_sort_key("Re: [list] =?utf-8?q?gr=C3=BC=C3=9Fe?="));
  EXPECT_EQ(summary->from, "JOERG");
  EXPECT_EQ(summary->to, "MARY");
  EXPECT_EQ(summary->cc, "TEAM");
  EXPECT_EQ(summary->display_from, casemap("J\xC3\xB6rg"));
  EXPECT_EQ(summary->display_to, "MARY");
  EXPECT_EQ(summary->id, "1@a.example");
  EXPECT_EQ(summary->references, (std::vector<std::string_view>{"7@a.example", "8@a.example"}));
}

// RFC 5256 3: without References, the first identifier of In-Reply-To.
TEST(Summary, AReplyWithoutReferencesNamesItsParent) {
  const std::string record = summarize("In-Reply-To: <1@a.example> <2@a.example>\r\n");
  const auto summary = read_summary(record);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->references, std::vector<std::string_view>{"1@a.example"});
}

// RFC 5256 2.2: INTERNALDATE stands for a date that can't be read.
TEST(Summary, OfNothingThereIsAnEnvelopeOfNils) {
  for (const std::string_view text : {"", "no header at all", "Date: yesterday\r\n"}) {
    const std::string record = summarize(text);
    const auto summary = read_summary(record);
    ASSERT_TRUE(summary.has_value()) << text;
    EXPECT_EQ(summary->sent, std::nullopt) << text;
    EXPECT_TRUE(summary->envelope.starts_with('(')) << text;
    EXPECT_TRUE(summary->references.empty()) << text;
  }
}

TEST(Summary, ADamagedRecordIsNone) {
  const std::string record = summarize(header);
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(read_summary(std::string_view(record).substr(0, size)).has_value(), false) << size;
  }
  EXPECT_FALSE(read_summary(record + "x").has_value());
  EXPECT_FALSE(read_summary("\x7f" + record.substr(1)).has_value());
}

}  // namespace
}  // namespace postrider::imap
