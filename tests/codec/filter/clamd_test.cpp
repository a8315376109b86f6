#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/filter/clamd.hpp>

namespace postrider::filter {
namespace {

using namespace std::string_literals;

TEST(Clamd, WritesItsStream) {
  std::string out;
  append_clamd_begin(out);
  append_clamd_chunk("abc", out);
  append_clamd_chunk(std::string(258, 'x'), out);
  append_clamd_end(out);
  EXPECT_EQ(out, "zINSTREAM\0\0\0\0\3abc\0\0\1\2"s + std::string(258, 'x') + "\0\0\0\0"s);
}

TEST(Clamd, ReadsItsReplies) {
  using enum ClamdVerdict;
  EXPECT_EQ(parse_clamd_reply("stream: OK\0"s), (ClamdReply{clean, ""}));
  EXPECT_EQ(parse_clamd_reply("stream: OK\n\0"s), (ClamdReply{clean, ""}));
  EXPECT_EQ(parse_clamd_reply("stream: Eicar-Test-Signature FOUND\0rest"s),
            (ClamdReply{found, "Eicar-Test-Signature"}));
  EXPECT_EQ(parse_clamd_reply("INSTREAM size limit exceeded. ERROR\0"s)->verdict, too_large);
  EXPECT_EQ(parse_clamd_reply("COMMAND READ TIMED OUT. ERROR\0"s)->verdict, error);
}

TEST(Clamd, WhatIsNoReplyIsNeverClean) {
  for (const std::string line : {"\0"s, "OK\0"s, "stream: OKAY\0"s, "stream:  FOUND\0"s,
                                 "stream: \0"s, "x stream: OK\0"s, "stream: OK FOUND OK\0"s}) {
    const auto reply = parse_clamd_reply(line);
    ASSERT_TRUE(reply) << line;
    EXPECT_NE(reply->verdict, ClamdVerdict::clean) << line;
  }
  EXPECT_EQ(parse_clamd_reply(std::string(2000, 'x'))->verdict, ClamdVerdict::error);
}

TEST(Clamd, APartIsWaitedFor) {
  const std::string whole = "stream: Win.Test FOUND\0"s;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_clamd_reply(whole.substr(0, size))) << size;
  }
  // A name can't break out of the line that shows it.
  EXPECT_EQ(parse_clamd_reply("stream: a\r\nb FOUND\0"s)->text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace postrider::filter
