#include "codec/spf/record.hpp"

#include <gtest/gtest.h>

namespace postrider::spf {
namespace {

TEST(SpfRecord, IsToldByItsVersion) {
  for (const char* text : {"v=spf1", "v=spf1 ", "V=SPF1 -all", "v=spf1  a"}) {
    EXPECT_TRUE(is_spf_record(text)) << text;
  }
  for (const char* text :
       {"", "v=spf", "v=spf10", "v=spf1\t-all", " v=spf1", "v=spf1;", "spf2.0/pra -all"}) {
    EXPECT_FALSE(is_spf_record(text)) << text;
  }
}

TEST(SpfRecord, ReadsEachTerm) {
  const auto record = parse_record(
      "v=spf1 +a -MX/24 ~a:b.example//64 ?mx:%{d}/0//0 ptr ip4:192.0.2.0/25 ip6:2001:db8::/33  "
      "include:x.example exists:%{i}.y.example -all redirect=r.example exp=e.example x-y=%{d}/z ");
  ASSERT_TRUE(record) << record.error();
  ASSERT_EQ(record->directives.size(), 10U);
  const auto& d = record->directives;
  EXPECT_EQ(d[0].mechanism, Mechanism::a);
  EXPECT_EQ(d[0].result, Result::pass);
  EXPECT_FALSE(d[0].domain);
  EXPECT_EQ(d[1].mechanism, Mechanism::mx);
  EXPECT_EQ(d[1].result, Result::fail);
  EXPECT_EQ(d[1].prefix4, 24U);
  EXPECT_EQ(d[1].prefix6, 128U);
  EXPECT_EQ(d[2].result, Result::softfail);
  EXPECT_EQ(d[2].prefix4, 32U);
  EXPECT_EQ(d[2].prefix6, 64U);
  EXPECT_EQ(d[3].result, Result::neutral);
  EXPECT_EQ(d[3].prefix4, 0U);
  EXPECT_EQ(d[3].prefix6, 0U);
  EXPECT_EQ(d[5].prefix4, 25U);
  EXPECT_EQ(d[6].prefix6, 33U);
  EXPECT_EQ(d[9].text, "-all");
  EXPECT_TRUE(record->redirect);
  EXPECT_TRUE(record->explanation);
}

TEST(SpfRecord, RefusesWhatBreaksTheSyntax) {
  for (const char* terms : {"moo",
                            "=all",
                            "-",
                            "--all",
                            "all:x",
                            "all/8",
                            "-all.",
                            "a:",
                            "a/",
                            "a//",
                            "a/33",
                            "a//129",
                            "a/024",
                            "a/24/64",
                            "a:/24",
                            "a:example",
                            "mx:",
                            "mx/-1",
                            "ptr/24",
                            "ptr:",
                            "include",
                            "include:",
                            "include:x.y/24",
                            "exists",
                            "exists:",
                            "ip4",
                            "ip4:",
                            "ip4:1.2.3",
                            "ip4:1.2.3.4/",
                            "ip4:1.2.3.4/33",
                            "ip4:1.2.3.4/032",
                            "ip4:01.2.3.4",
                            "ip4:1.2.3.4.5",
                            "ip4:256.1.1.1",
                            "ip4:::1",
                            "ip4:::ffff:1.2.3.4",
                            "ip4:1.2.3.4//32",
                            "ip4:1.2.3.4:80",
                            "ip4/24",
                            "ip6",
                            "ip6:1.2.3.4",
                            "ip6:::1/129",
                            "ip6:::1/",
                            "ip6:::1//64",
                            "ip6:1::2::3",
                            "ip6:12345::",
                            "ip6:fe80::1%eth0",
                            "redirect=",
                            "exp=",
                            "redirect=a.b redirect=a.b",
                            "exp=a.b EXP=a.b",
                            "redirect:a.b",
                            "1x=y",
                            "x=%",
                            "x=%{z}",
                            "a;b",
                            "all,",
                            "a\tmx",
                            "\x80"
                            "all",
                            "all\n"}) {
    EXPECT_FALSE(parse_record(std::string("v=spf1 ") + terms)) << terms;
  }
}

TEST(SpfRecord, ComparesNetworksByBits) {
  const auto octets = [](const char* text) { return IpAddress::parse(text)->octets(); };
  for (const auto& [a, b, prefix, wanted] :
       std::vector<std::tuple<const char*, const char*, unsigned, bool>>{
           {"192.0.2.1", "192.0.2.1", 32, true},
           {"192.0.2.1", "192.0.2.0", 32, false},
           {"192.0.2.1", "192.0.2.0", 31, true},
           {"192.0.2.129", "192.0.2.1", 25, false},
           {"192.0.2.129", "192.0.2.1", 24, true},
           {"1.2.3.4", "200.0.0.0", 0, true},
           {"1.2.3.4", "200.0.0.0", 1, false},
           {"2001:db8::1", "2001:db8::", 127, true},
           {"2001:db8::2", "2001:db8::", 127, false},
           {"2001:db8:8000::", "2001:db8::", 33, false},
       }) {
    EXPECT_EQ(is_in_network(octets(a), octets(b), prefix), wanted)
        << a << " " << b << "/" << prefix;
  }
}

}  // namespace
}  // namespace postrider::spf
