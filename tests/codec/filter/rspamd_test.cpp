#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/filter/rspamd.hpp>

namespace postrider::filter {
namespace {

TEST(Rspamd, TellsWhatIsKnown) {
  RspamdQuestion question;
  question.from = "a@b.example";
  question.recipients = {"x@y.example", "z@y.example"};
  question.client = *IpAddress::parse("192.0.2.7");
  question.helo = "client.example\r\nRcpt: evil@y.example";
  question.queue_id = "0DSXQ8ZK4T000";
  question.hostname = "mx.example.org";
  const std::vector<RspamdField> wanted = {
      {"from", "<a@b.example>"},
      {"rcpt", "x@y.example"},
      {"rcpt", "z@y.example"},
      {"ip", "192.0.2.7"},
      {"helo", "client.example  Rcpt: evil@y.example"},  // no field of its own
      {"queue-id", "0DSXQ8ZK4T000"},
      {"mta-name", "mx.example.org"},
      {"mta-tag", "mx.example.org"},
  };
  EXPECT_EQ(rspamd_fields(question), wanted);
  question.from.clear();
  EXPECT_EQ(rspamd_fields(question).front().value, "<>");
}

TEST(Rspamd, ReadsItsAnswer) {
  const auto reply =
      parse_rspamd_reply(R"({"is_skipped": false, "score": 15.2, "required_score": 15,
    "action": "rewrite subject", "thresholds": {"reject": 15.0},
    "symbols": {"GTUBE": {"name": "GTUBE", "score": 10.5, "options": ["x"]},
                "ARC_NA": {"name": "ARC_NA", "score": -0.5}},
    "messages": {"smtp_message": "Gtube pattern\r\n250 ok"}, "subject": "*** SPAM ***",
    "message-id": "x@y", "time_real": 0.02,
    "milter": {"remove_headers": {"X-Spam": 0, "X-A": [1, -1]},
               "add_headers": {"X-Spam": "Yes", "X-O": {"value": "v", "order": 0},
                               "X-L": [{"value": "1", "order": 1}, "2"]}}})");
  ASSERT_TRUE(reply) << reply.error();
  EXPECT_EQ(reply->action, RspamdAction::rewrite_subject);
  EXPECT_EQ(reply->score, 15.2);
  EXPECT_EQ(reply->required_score, 15);
  EXPECT_EQ(reply->symbols, (std::vector<RspamdSymbol>{{"ARC_NA", -0.5}, {"GTUBE", 10.5}}));
  EXPECT_EQ(reply->message, "Gtube pattern  250 ok");
  EXPECT_EQ(reply->subject, "*** SPAM ***");
  EXPECT_EQ(reply->added,
            (std::vector<RspamdAddedField>{
                {"X-Spam", "Yes", -1}, {"X-O", "v", 0}, {"X-L", "1", 1}, {"X-L", "2", -1}}));
  EXPECT_EQ(reply->removed,
            (std::vector<RspamdRemovedField>{{"X-Spam", 0}, {"X-A", 1}, {"X-A", -1}}));
}

TEST(Rspamd, ARefusalMayBecomeSomethingElse) {
  EXPECT_EQ(parse_rspamd_reply(R"({"action":"reject","milter":{"reject":"quarantine"}})")->action,
            RspamdAction::quarantine);
  EXPECT_EQ(parse_rspamd_reply(R"({"action":"reject","milter":{"reject":"discard"}})")->action,
            RspamdAction::discard);
  EXPECT_EQ(parse_rspamd_reply(R"({"action":"no action","milter":{"reject":"discard"}})")->action,
            RspamdAction::no_action);
}

TEST(Rspamd, EachActionHasItsName) {
  for (const auto action :
       {RspamdAction::no_action, RspamdAction::greylist, RspamdAction::add_header,
        RspamdAction::rewrite_subject, RspamdAction::soft_reject, RspamdAction::reject,
        RspamdAction::quarantine, RspamdAction::discard}) {
    EXPECT_EQ(parse_rspamd_reply(R"({"action":")" + std::string(name_of(action)) + R"("})")->action,
              action);
  }
}

TEST(Rspamd, WhatIsNoAnswerIsNeverOne) {
  for (const char* json :
       {"", "{", "[]", "null", "{}", R"({"action": 7})", R"({"action": "No Action"})",
        R"({"action": "vanish"})", R"({"error": "no workers", "action": "no action"})",
        R"({"action": "no action"} x)", "\xff", "<html>"}) {
    EXPECT_FALSE(parse_rspamd_reply(json)) << json;
  }
}

TEST(Rspamd, OddMembersAreLeftOut) {
  const auto reply = parse_rspamd_reply(
      R"({"action": "no action", "score": "x", "symbols": [1], "messages": 3, "milter":
         {"add_headers": {"X": 7, "Y": [[1]], "Z": {}}, "remove_headers": {"X": "all"}}})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->score, 0);
  EXPECT_EQ(reply->added, (std::vector<RspamdAddedField>{{"Z", "", -1}}));
  EXPECT_TRUE(reply->removed.empty());
}

}  // namespace
}  // namespace postrider::filter
