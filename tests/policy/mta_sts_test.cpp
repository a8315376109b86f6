#include <gtest/gtest.h>

#include <postrider/policy/mta_sts.hpp>

namespace postrider::policy {
namespace {

struct RecordCase {
  std::vector<std::string> records;
  Result<std::string, StsRecordError> expected;
};

TEST(StsRecord, IsReadByItsGrammar) {
  const auto malformed = failure(StsRecordError::malformed);
  const auto absent = failure(StsRecordError::absent);
  const std::vector<RecordCase> cases{
      {{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"},
      {{"v=STSv1;id=1"}, "1"},
      {{"v=STSv1 ; id = abc ; more=x.y_z"}, "abc"},
      {{"v=STSv1;\tid=A1\t;"}, "A1"},
      {{"v=STSv1; id=1; id=2"}, "1"},
      {{"v=STSv1; a=b; id=1"}, "1"},
      {{"v=STSv1; id=12345678901234567890123456789012"}, "12345678901234567890123456789012"},
      {{"v=STSv1; id=123456789012345678901234567890123"}, malformed},
      {{"v=STSv1; id="}, malformed},
      {{"v=STSv1; id=a-b"}, malformed},
      {{"v=STSv1; id=a b"}, malformed},
      {{"v=STSv1;"}, malformed},
      {{"v=STSv1; ID=1"}, malformed},
      {{"v=STSv1;; id=1"}, malformed},
      {{"v=STSv1; id=1; junk"}, malformed},
      {{"v=STSv1; id=1; =x"}, malformed},
      {{"v=STSv1; id=1; x=a=b"}, malformed},
      {{}, absent},
      {{"v=spf1 -all"}, absent},
      {{"v=STSv1"}, absent},
      {{"v=STSv2; id=1"}, absent},
      {{" v=STSv1; id=1"}, absent},
      {{"v=stsv1; id=1"}, absent},
      {{"id=1; v=STSv1"}, absent},
      {{"other", "v=STSv1; id=1", "v=TLSRPTv1; rua=mailto:a@b.example"}, "1"},
      {{"v=STSv1; id=1", "v=STSv1; id=1"}, failure(StsRecordError::ambiguous)},
      {{"v=STSv1; id=1", "v=STSv1; broken"}, failure(StsRecordError::ambiguous)},
  };
  for (const RecordCase& c : cases) {
    EXPECT_EQ(parse_sts_record(c.records), c.expected)
        << (c.records.empty() ? "" : c.records.front());
  }
}

TEST(StsPolicyFile, IsReadByItsGrammar) {
  const auto policy = parse_sts_policy(
      "version: STSv1\r\nmode: enforce\r\nmx: mail.Example.com\r\nmx: *.example.net\r\n"
      "mx:backup.example.com\t \r\nfuture_key: what ever: it says\r\nmax_age: 604800\r\n");
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->mode, StsMode::enforce);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(604'800));
  EXPECT_EQ(policy->mx,
            (std::vector<std::string>{"mail.example.com", "*.example.net", "backup.example.com"}));
  EXPECT_EQ(parse_sts_policy(encode_sts_policy(*policy)), *policy);
}

TEST(StsPolicyFile, TakesTheFirstOfRepeatedKeys) {
  const auto policy = parse_sts_policy(
      "version: STSv1\nversion: STSv9\nmode: testing\nmode: enforce\nmax_age: 5\nmax_age: x\n"
      "mx: a.example");
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->mode, StsMode::testing);
  EXPECT_EQ(policy->max_age, std::chrono::seconds(5));
}

TEST(StsPolicyFile, NeedsNoHostsToWithdraw) {
  const auto policy = parse_sts_policy("version: STSv1\nmode: none\nmax_age: 0\n");
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->mode, StsMode::none);
  EXPECT_FALSE(policy->permits("mx.example"));
}

TEST(StsPolicyFile, TakesALongerAgeAsTheLongest) {
  const auto policy =
      parse_sts_policy("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 9999999999\n");
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ(policy->max_age, sts_limits::max_age);
}

TEST(StsPolicyFile, IsRefusedWhereItBreaksTheGrammar) {
  const std::string head = "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.example\n";
  ASSERT_TRUE(parse_sts_policy(head));
  const std::vector<std::string> cases{
      "",
      "\n\n",
      "mode: enforce\nmax_age: 1\nmx: a.example\n",
      "version: STSv1\nmax_age: 1\nmx: a.example\n",
      "version: STSv1\nmode: enforce\nmx: a.example\n",
      "version: STSv1\nmode: enforce\nmax_age: 1\n",
      "version: STSv1\nmode: testing\nmax_age: 1\n",
      "version: STSv2\nmode: enforce\nmax_age: 1\nmx: a.example\n",
      "version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.example\n",
      "version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.example\n",
      "version: STSv1\nmode: enforce\nmax_age: 12345678901\nmx: a.example\n",
      "version: STSv1\nmode: enforce\nmax_age:\nmx: a.example\n",
      head + "mx: *\n",
      head + "mx: *.\n",
      head + "mx: a.*.example\n",
      head + "mx: *a.example\n",
      head + "mx: 192.0.2.1\n",
      head + "mx:\n",
      head + "mx: b\xff.example\n",
      head + "<html>\n",
      head + ": nothing\n",
      head + "no colon\n",
      head + std::string("k\0: v\n", 6),
      head + std::string(sts_limits::policy_octets, '\n'),
  };
  for (const std::string& text : cases) {
    EXPECT_FALSE(parse_sts_policy(text)) << text.substr(0, 200);
  }
  std::string many = head;
  for (std::size_t i = 1; i < sts_limits::patterns; ++i) {
    many += "mx: a.example\n";
  }
  EXPECT_TRUE(parse_sts_policy(many));
  EXPECT_FALSE(parse_sts_policy(many + "mx: a.example\n"));
}

TEST(StsPolicyFile, MatchesHostsLabelByLabel) {
  const StsPolicy policy{StsMode::enforce, {}, {"mail.example.com", "*.example.net"}};
  EXPECT_TRUE(policy.permits("mail.example.com"));
  EXPECT_TRUE(policy.permits("mx1.example.net"));
  EXPECT_FALSE(policy.permits("example.net"));
  EXPECT_FALSE(policy.permits(".example.net"));
  EXPECT_FALSE(policy.permits("a.b.example.net"));
  EXPECT_FALSE(policy.permits("mx1.notexample.net"));
  EXPECT_FALSE(policy.permits("smtp.mail.example.com"));
  EXPECT_FALSE(policy.permits("example.com"));
  EXPECT_FALSE(policy.permits(""));
}

}  // namespace
}  // namespace postrider::policy
