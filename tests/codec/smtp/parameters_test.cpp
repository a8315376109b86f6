#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/xtext.hpp>

namespace postrider::smtp {
namespace {

TEST(SmtpMailParameters, ReadsAllOfThem) {
  const auto all = parse_mail_parameters(
      " SIZE=1000 body=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B314 AUTH=e+3Dmc2@example.com "
      "REQUIRETLS",
      {.require_tls = true});
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->size, 1000U);
  EXPECT_EQ(all->body, Body::eight_bit_mime);
  EXPECT_TRUE(all->smtputf8);
  EXPECT_EQ(all->ret, Ret::headers);
  EXPECT_EQ(all->envid, "QQ+314");
  EXPECT_EQ(all->auth, "e=mc2@example.com");
  EXPECT_TRUE(all->require_tls);
  EXPECT_EQ(parse_mail_parameters(encode_mail_parameters(*all), {.require_tls = true}), *all);
}

TEST(SmtpMailParameters, EmptyAndBlanksAreNone) {
  EXPECT_EQ(parse_mail_parameters(""), MailParameters{});
  EXPECT_EQ(parse_mail_parameters("   "), MailParameters{});
  EXPECT_EQ(encode_mail_parameters({}), "");
  EXPECT_EQ(parse_mail_parameters(" AUTH=<> ")->auth, "");
}

struct Row {
  std::string text;
  ParameterFailure kind;
  const char* keyword;
};

TEST(SmtpMailParameters, RefusesTheRestWithItsReason) {
  const Row rows[] = {
      {"SIZE=1", ParameterFailure::syntax, "SIZE=1"},
      {" =1", ParameterFailure::syntax, ""},
      {" -SIZE=1", ParameterFailure::syntax, "-SIZE"},
      {" SI ZE", ParameterFailure::unknown, "SI"},
      {" SIZE", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=-1", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=1k", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=123456789012345678901", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=1 size=2", ParameterFailure::repeated, "SIZE"},
      {" BODY=BINARYMIME", ParameterFailure::not_offered, "BODY"},
      {" BODY=9BIT", ParameterFailure::bad_value, "BODY"},
      {" BODY", ParameterFailure::bad_value, "BODY"},
      {" SMTPUTF8=yes", ParameterFailure::bad_value, "SMTPUTF8"},
      {" RET=ALL", ParameterFailure::bad_value, "RET"},
      {" ENVID=a=b", ParameterFailure::bad_value, "ENVID"},
      {" ENVID=+0D+0A", ParameterFailure::bad_value, "ENVID"},
      {" ENVID=" + std::string(101, 'e'), ParameterFailure::bad_value, "ENVID"},
      {" AUTH=nobody", ParameterFailure::bad_value, "AUTH"},
      {" AUTH=a@b+0D", ParameterFailure::bad_value, "AUTH"},
      {" REQUIRETLS", ParameterFailure::not_offered, "REQUIRETLS"},
      {" XNOSUCH=1", ParameterFailure::unknown, "XNOSUCH"},
      {" SIZE=1\tBODY=7BIT", ParameterFailure::bad_value, "SIZE"},
      {" SIZE=1\rX", ParameterFailure::bad_value, "SIZE"},
      {" \xff=1", ParameterFailure::syntax, "?"},
  };
  for (const Row& row : rows) {
    const auto parameters = parse_mail_parameters(row.text);
    ASSERT_FALSE(parameters.has_value()) << row.text;
    EXPECT_EQ(parameters.error().kind, row.kind) << row.text;
    EXPECT_EQ(parameters.error().keyword, row.keyword) << row.text;
  }
}

TEST(SmtpMailParameters, KnowsWhatIsNotOffered) {
  const OfferedParameters none{.smtputf8 = false, .dsn = false, .auth = false};
  for (const char* text : {" SMTPUTF8", " RET=FULL", " ENVID=x", " AUTH=<>"}) {
    EXPECT_EQ(parse_mail_parameters(text, none).error().kind, ParameterFailure::not_offered)
        << text;
  }
  for (const char* text : {" NOTIFY=NEVER", " ORCPT=rfc822;a@b"}) {
    EXPECT_EQ(parse_rcpt_parameters(text, none).error().kind, ParameterFailure::not_offered)
        << text;
  }
}

TEST(SmtpMailParameters, ASizePast64BitsIsHugeNotMalformed) {
  EXPECT_EQ(parse_mail_parameters(" SIZE=99999999999999999999")->size, UINT64_MAX);
}

TEST(SmtpRcptParameters, ReadsNotifyAndOrcpt) {
  const auto all = parse_rcpt_parameters(" NOTIFY=success,FAILURE,delay ORCPT=rfc822;a+2Bb@c");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->notify, (NotifyParameter{.success = true, .failure = true, .delay = true}));
  EXPECT_EQ(all->orcpt, "rfc822;a+b@c");
  EXPECT_EQ(encode_rcpt_parameters(*all, false),
            " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c");
  EXPECT_EQ(parse_rcpt_parameters(encode_rcpt_parameters(*all, false)), *all);
}

TEST(SmtpRcptParameters, RefusesTheRest) {
  for (const char* text :
       {" NOTIFY=", " NOTIFY", " NOTIFY=NEVER,SUCCESS", " NOTIFY=SUCCESS,", " NOTIFY=WHEN",
        " ORCPT=a@b", " ORCPT=rfc822;", " ORCPT=;a@b", " ORCPT=rfc822;a+0Db", " ORCPT=rf c;a",
        " ORCPT=rfc822;a+zz", " ORCPT=rfc822;\xC3\xB6@x", " SIZE=1"}) {
    EXPECT_FALSE(parse_rcpt_parameters(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_rcpt_parameters(" ORCPT=rfc822;" + std::string(500, 'a')).has_value());
}

TEST(SmtpOrcpt, Utf8AddressesHaveTwoForms) {  // RFC 6533 3
  const std::string decoded = "utf-8;d\xC3\xB6rte@x.example";
  EXPECT_EQ(decode_orcpt("utf-8;d\\x{F6}rte@x.example"), decoded);
  EXPECT_EQ(decode_orcpt("UTF-8;d\xC3\xB6rte@x.example"), decoded);
  EXPECT_EQ(encode_orcpt(decoded, true), "utf-8;d\xC3\xB6rte@x.example");
  EXPECT_EQ(encode_orcpt(decoded, false), "utf-8;d\\x{F6}rte@x.example");
  const std::string awkward = "utf-8;a+b=c\\d e\xF0\x9F\x98\x80@x";
  EXPECT_EQ(encode_orcpt(awkward, false), "utf-8;a\\x{2B}b\\x{3D}c\\x{5C}d\\x{20}e\\x{1F600}@x");
  EXPECT_EQ(decode_orcpt(encode_orcpt(awkward, false)), awkward);
  EXPECT_EQ(decode_orcpt(encode_orcpt(awkward, true)), awkward);
  for (const char* bad : {"utf-8;\\x{D800}", "utf-8;\\x{110000}", "utf-8;\\x{A}", "utf-8;\\x{}",
                          "utf-8;\\x{41", "utf-8;\\y", "utf-8;\xff", "utf-8;a b", "utf-8;"}) {
    EXPECT_EQ(decode_orcpt(bad), std::nullopt) << bad;
  }
}

TEST(SmtpXtext, EveryOctetComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
  }
  EXPECT_EQ(decode_xtext(encode_xtext(all)), all);
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  for (const char* bad : {"+", "+4", "+G0", "a b", "a=b", "\xC3\xB6"}) {
    EXPECT_EQ(decode_xtext(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace postrider::smtp
