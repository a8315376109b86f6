#include <gtest/gtest.h>

#include <postrider/codec/http/url.hpp>

namespace postrider::http {
namespace {

TEST(HttpsUrl, IsTakenApart) {
  struct Case {
    std::string_view text;
    HttpsUrl expected;
    std::string_view authority;
  };
  const Case cases[] = {
      {"https://a.example", {"a.example", 443, "/"}, "a.example"},
      {"HTTPS://A.Example/Path?q=1#part", {"a.example", 443, "/Path?q=1"}, "a.example"},
      {"https://a.example:8443?x", {"a.example", 8443, "/?x"}, "a.example:8443"},
      {"https://a.example:/v1", {"a.example", 443, "/v1"}, "a.example"},
      {"https://192.0.2.1/", {"192.0.2.1", 443, "/"}, "192.0.2.1"},
      {"https://[2001:db8::1]:444/", {"2001:db8::1", 444, "/"}, "[2001:db8::1]:444"},
  };
  for (const Case& c : cases) {
    const auto url = parse_https_url(c.text);
    ASSERT_TRUE(url) << c.text;
    EXPECT_EQ(*url, c.expected) << c.text;
    EXPECT_EQ(url->authority(), c.authority);
  }
}

TEST(HttpsUrl, IsRefusedWhereItIsNone) {
  for (const std::string_view text :
       {"", "http://a.example/", "https:/a.example", "https://", "https:///x", "https://.a/",
        "https://user@a.example/", "https://a.example:0/", "https://a.example:65536/",
        "https://a.example:x/", "https://a example/", "https://a.example/\r\nX: y",
        "https://[2001:db8::1/", "https://[192.0.2.1]/", "https://[::1]x/", "https://a\x80/"}) {
    EXPECT_FALSE(parse_https_url(text)) << text;
  }
  EXPECT_FALSE(parse_https_url("https://a.example/" + std::string(2048, 'x')));
}

}  // namespace
}  // namespace postrider::http
