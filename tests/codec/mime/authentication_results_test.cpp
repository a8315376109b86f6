#include <gtest/gtest.h>

#include <postrider/codec/mime/authentication_results.hpp>

namespace postrider::mime {
namespace {

using Property = AuthenticationProperty;

// RFC 8601 B.2 and what follows it.
TEST(AuthenticationResults, ReadsTheExamplesOfTheRfc) {
  const auto none = parse_authentication_results(" example.org 1; none");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->authserv_id, "example.org");
  EXPECT_TRUE(none->results.empty());

  const auto two = parse_authentication_results(
      " example.com;\r\n          auth=pass (cleartext) smtp.auth=sender@example.net;\r\n"
      "          spf=pass smtp.mailfrom=example.net");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->results.size(), 2U);
  EXPECT_EQ(two->results[0].method, "auth");
  EXPECT_EQ(two->results[0].properties[0], (Property{"smtp", "auth", "sender@example.net"}));

  const auto dkim = parse_authentication_results(
      "example.com;\r\n\tdkim=pass reason=\"good signature\" header.i=@mail-router.example.net;\r\n"
      "\tdkim=fail reason=\"bad signature\" header.i=@newyork.example.com");
  ASSERT_TRUE(dkim);
  EXPECT_EQ(dkim->results[1].reason, "bad signature");
  EXPECT_EQ(dkim->results[1].result, "fail");

  const auto commented = parse_authentication_results(
      "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for "
      "it) fail\r\n"
      " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't "
      "expecting it) 1362471462");
  ASSERT_TRUE(commented);
  EXPECT_EQ(commented->results[0].properties[0], (Property{"policy", "expired", "1362471462"}));
}

TEST(AuthenticationResults, ReadsWhatProgramsWrite) {
  for (const char* value :
       {"mx.example.org; dkim=pass header.d=x.org header.s=a header.b=ab/c+d=;",
        "mx.example.org;dkim=pass (2048-bit key) header.i=@x.org;",
        "mx.example.org; spf=pass smtp.mailfrom=\"a b\"@x.org; dmarc=pass (p=NONE sp=NONE "
        "dis=NONE) header.from=x.org",
        "\"mx.example.org\"; iprev=pass policy.iprev=2001:db8::1 (mail.x.org)"}) {
    const auto parsed = parse_authentication_results(value);
    ASSERT_TRUE(parsed) << value;
    EXPECT_EQ(parsed->authserv_id, "mx.example.org");
  }
}

TEST(AuthenticationResults, RefusesWhatIsMalformed) {
  for (const char* value :
       {"", ";", "; spf=pass", "a b c; none", "a 2; none", "a; spf", "a; spf=", "a; =pass",
        "a; spf=pass smtp=x", "a; spf=pass .x=y", "a; spf=pass x.=y", "a; spf=pass smtp.mailfrom",
        "a; spf=pass smtp.mailfrom=", "a; spf=pass (open", "a; spf=pass smtp.mailfrom=x\"y",
        "a, b; none", "a; spf/2=pass", "a; none; spf=pass", "a\r\nb; none"}) {
    EXPECT_FALSE(parse_authentication_results(value)) << value;
  }
  std::string many = "a";
  for (std::size_t i = 0; i <= max_authentication_results; ++i) {
    many += "; spf=pass";
  }
  EXPECT_FALSE(parse_authentication_results(many));
}

TEST(AuthenticationResults, WritesWhatItReads) {
  const AuthenticationResults results{
      .authserv_id = "mx.example.org",
      .results = {{.method = "spf",
                   .result = "pass",
                   .properties = {{"smtp", "mailfrom", "joe@example.net"},
                                  {"smtp", "helo", "mail.example.net"}}},
                  {.method = "dkim",
                   .result = "fail",
                   .reason = "the \"body\" was \\ changed",
                   .properties = {{"header", "d", "a-very-long-name-that-needs-a-fold.example.net"},
                                  {"header", "i", "@example.net"},
                                  {"header", "b", "ab/c+d=="},
                                  {"smtp", "mailfrom", "a b@example.net"},
                                  {"smtp", "mailfrom", "[IPv6:2001:db8::1]"}}}}};
  const std::string text = encode_authentication_results(results);
  EXPECT_EQ(parse_authentication_results(text), results) << text;
  EXPECT_EQ(encode_authentication_results({.authserv_id = "a b"}), "\"a b\"; none");
  // What was replaced needs no quotes, neither now nor when it is written again.
  EXPECT_EQ(encode_authentication_results(
                {.authserv_id = "a",
                 .results = {{.method = "m",
                              .result = "r",
                              .properties = {{"smtp", "mailfrom", std::string("x@\0y", 4)}}}}}),
            "a;\r\n\tm=r smtp.mailfrom=x@?y");
  for (std::size_t at = 0; at < text.size();
       at = text.find('\n', at) == std::string::npos ? text.size() : text.find('\n', at) + 1) {
    EXPECT_LE(std::min(text.find('\r', at), text.size()) - at, 100U);
  }
}

TEST(AuthenticationResults, LetsNothingBreakOut) {
  const std::string text = encode_authentication_results(
      {.authserv_id = "mx",
       .results = {{.method = "spf",
                    .result = "fail",
                    .comment = "said ) ; dkim=pass (\r\nX: y",
                    .reason = "a\"; dkim=pass\r\n\r\nbody",
                    .properties = {{"smtp", "mailfrom", "x; dkim=pass header.d=bank.example"},
                                   {"smtp", "helo", "a\r\nSubject: x"}}}}});
  const auto parsed = parse_authentication_results(text);
  ASSERT_TRUE(parsed) << text;
  ASSERT_EQ(parsed->results.size(), 1U);
  EXPECT_EQ(parsed->results[0].properties[0].value, "x; dkim=pass header.d=bank.example");
  EXPECT_EQ(text.find("\nX:"), std::string::npos);
  EXPECT_EQ(text.find("\nSubject"), std::string::npos);
  EXPECT_EQ(text.find("\r\n\r\n"), std::string::npos);
}

// RFC 8601 5.
TEST(AuthenticationResults, RemovesWhatClaimsToBeOurs) {
  const std::string message =
      "Authentication-Results: mx.example.org; dkim=pass\r\n"
      "authentication-results: (x) \"MX.Example.ORG\" 1; spf=pass\r\n"
      "Authentication-Results: other.example.net; spf=pass\r\n"
      "Authentication-Results: (unterminated mx.example.org; spf=pass\r\n"
      "Authentication-Results: mx.example.org.evil.example; spf=pass\r\n"
      "X-Authentication-Results: mx.example.org; spf=pass\r\n"
      "Subject: x\r\n\r\nbody\r\n";
  const auto section = scan_header(message);
  ASSERT_TRUE(section);
  HeaderEdit edit(*section);
  EXPECT_EQ(remove_claimed_results(edit, *section, "mx.example.org"), 3U);
  EXPECT_EQ(edit.encode(),
            "Authentication-Results: other.example.net; spf=pass\r\n"
            "Authentication-Results: mx.example.org.evil.example; spf=pass\r\n"
            "X-Authentication-Results: mx.example.org; spf=pass\r\n"
            "Subject: x\r\n\r\n");
}

}  // namespace
}  // namespace postrider::mime
