#include "codec/spf/macro.hpp"

#include <gtest/gtest.h>

namespace postrider::spf {
namespace {

const MacroValues rfc_values{.sender = "strong-bad@email.example.com",
                             .local_part = "strong-bad",
                             .sender_domain = "email.example.com",
                             .domain = "email.example.com",
                             .validated_name = "mx.example.org",
                             .helo = "mail.example.net",
                             .receiver = "mx.example.net",
                             .ip = *IpAddress::parse("192.0.2.3"),
                             .now = 1'700'000'000};

std::string expanded(std::string_view text, const MacroValues& values = rfc_values) {
  const auto macro = parse_macro_string(text, MacroPlace::explanation);
  return macro ? expand(*macro, values) : "syntax";
}

// RFC 7208 7.4, and what it leaves to be derived.
TEST(SpfMacro, ExpandsTheExamplesOfTheRfc) {
  const struct {
    const char* text;
    const char* wanted;
  } rows[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
      {"%{p}", "mx.example.org"},
      {"%{p2}", "example.org"},
      {"%{h}", "mail.example.net"},
      {"%{c} %{r} %{t}", "192.0.2.3 mx.example.net 1700000000"},
      {"%%%_%-", "% %20"},
      {"%{D2R}", "example.email"},
      {"%{S}", "strong-bad%40email.example.com"},
      {"%{d127}", "email.example.com"},
      {"%{d99999999999999999999}", "email.example.com"},
      {"%{s1.@}", "syntax"},
      {"%{l+-r}", "syntax"},
      {"%{l1-+,/_=.}", "bad"},
      {"", ""},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(expanded(row.text), row.wanted) << row.text;
  }
}

TEST(SpfMacro, WritesIpv6AsNibbles) {
  MacroValues values = rfc_values;
  values.ip = *IpAddress::parse("2001:db8::cb01");
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}", values),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com");
  EXPECT_EQ(expanded("%{c}", values), "2001:db8::cb01");
  EXPECT_EQ(reverse_name(values.ip),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa");
  EXPECT_EQ(reverse_name(rfc_values.ip), "3.2.0.192.in-addr.arpa");
}

TEST(SpfMacro, RefusesWhatIsNoMacro) {
  for (const char* text :
       {"%", "%a", "%{", "%{}", "%{x}", "%{d0}", "%{d00}", "%{dd}", "%{d2rr}", "%(d)", "%{d2;}",
        "%{d 2}", "%{d", "a\tb", "a\x7f", "\xC3\xA4", "%{rd}"}) {
    EXPECT_FALSE(parse_macro_string(text, MacroPlace::explanation)) << text;
  }
  EXPECT_FALSE(parse_macro_string("a b", MacroPlace::term));
  for (const char* text : {"%{c}", "%{r}", "%{t}", "%{C}"}) {
    EXPECT_FALSE(parse_macro_string(text, MacroPlace::term)) << text;
    EXPECT_TRUE(parse_macro_string(text, MacroPlace::explanation)) << text;
  }
}

TEST(SpfMacro, WantsADomainAtTheEndOfADomainSpec) {
  for (const char* text :
       {"example.com", "example.com.", "a.b", "%{d}", "x%{d}", "%{d}.com", "foo%%", "foo%_",
        "foo%-", "a..com", "a/b:c.xn--zckzah", ".com", "a.c0m", "a.1a", "%{d}.museum."}) {
    EXPECT_TRUE(parse_domain_spec(text)) << text;
  }
  for (const char* text :
       {"", "com", "com.", "a.123", "a.-com", "a.com-", "a.com..", "%{d}.", "%{d}com", "a.c_m", ".",
        "..", "a.", "192.0.2.1", "example.com:8080", "a.com/24", "a.%"}) {
    EXPECT_FALSE(parse_domain_spec(text)) << text;
  }
}

// RFC 7208 7.3: labels go from the left until 253 octets are left.
TEST(SpfMacro, CutsLongNamesFromTheLeft) {
  MacroValues values = rfc_values;
  const std::string label(49, 'x');
  values.domain = label + "." + label + "." + label + "." + label + "." + label;  // 249
  const auto cut = [&](const char* text) {
    return expand_domain(*parse_domain_spec(text), values);
  };
  EXPECT_EQ(cut("abc.%{d}"), "abc." + values.domain);
  EXPECT_EQ(cut("abcd.%{d}"), values.domain);
  EXPECT_EQ(cut("a.b.c.%{d}"), "b.c." + values.domain);
  EXPECT_EQ(cut("%{d}.%{d}"), values.domain);
  EXPECT_EQ(cut("example.com."), "example.com");
}

}  // namespace
}  // namespace postrider::spf
