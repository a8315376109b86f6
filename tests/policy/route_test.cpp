#include <gtest/gtest.h>

#include <postrider/policy/route.hpp>

namespace postrider::policy {
namespace {

TEST(DomainPattern, MatchesItselfOrWhatIsBelow) {
  EXPECT_TRUE(DomainPattern("Example.ORG").matches("example.org"));
  EXPECT_FALSE(DomainPattern("example.org").matches("a.example.org"));
  EXPECT_FALSE(DomainPattern("example.org").matches("badexample.org"));
  EXPECT_TRUE(DomainPattern("*.example.org").matches("a.b.EXAMPLE.org"));
  EXPECT_FALSE(DomainPattern("*.example.org").matches("example.org"));
  EXPECT_FALSE(DomainPattern("*.example.org").matches(".example.org"));
  EXPECT_FALSE(DomainPattern("*.example.org").matches("badexample.org"));
  EXPECT_TRUE(DomainPattern("*").matches("anything"));
}

TEST(NextHop, ReadsHostsAndPorts) {
  struct Row {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
  };
  for (const Row& row :
       {Row{"127.0.0.1:2526", "127.0.0.1", 2526}, Row{"Mx.Example.org", "mx.example.org", 25},
        Row{"mx:24", "mx", 24}, Row{"[2001:db8::1]:26", "2001:db8::1", 26},
        Row{"[2001:db8::1]", "2001:db8::1", 25}, Row{"2001:db8::1", "2001:db8::1", 25},
        Row{"192.0.2.1", "192.0.2.1", 25}}) {
    const auto hop = NextHop::parse(row.text);
    ASSERT_TRUE(hop.has_value()) << row.text;
    EXPECT_EQ(hop->host, row.host);
    EXPECT_EQ(hop->port, row.port);
    EXPECT_EQ(NextHop::parse(hop->text()), hop);
  }
  for (const std::string_view text :
       {"", ":25", "mx:", "mx:0", "mx:65536", "mx:2x", "[mx]:25", "[::1", "[::1]x", "[::1]:"}) {
    EXPECT_FALSE(NextHop::parse(text).has_value()) << text;
  }
}

TEST(RouteTable, TheFirstMatchWins) {
  std::vector<Route> routes;
  routes.push_back({DomainPattern("a.example"), {*NextHop::parse("one")}});
  routes.push_back({DomainPattern("*.example"), {*NextHop::parse("two")}});
  routes.push_back({DomainPattern("a.example"), {*NextHop::parse("three")}});
  const RouteTable table(std::move(routes));
  EXPECT_EQ(table.find("a.example")->via[0].host, "one");
  EXPECT_EQ(table.find("b.example")->via[0].host, "two");
  EXPECT_EQ(table.find("example"), nullptr);
}

TEST(TlsPolicyTable, TheFirstMatchWinsAndTheDefaultIsLast) {
  TlsPolicy verified{TlsLevel::verified, {}, "rule"};
  const TlsPolicyTable table(TlsPolicy{}, {{DomainPattern("*.bank.example"), verified}});
  EXPECT_EQ(table.find("www.bank.example").level, TlsLevel::verified);
  EXPECT_EQ(table.find("bank.example").level, TlsLevel::opportunistic);
}

TEST(TlsPolicy, DomainsShareAConnectionOnlyUnderTheSamePolicy) {
  const TlsPolicy a{TlsLevel::fingerprint, {"aa", "bb"}, "x"};
  const TlsPolicy b{TlsLevel::fingerprint, {"bb", "aa"}, "y"};
  const TlsPolicy c{TlsLevel::fingerprint, {"aa"}, "x"};
  EXPECT_EQ(a.identity(), b.identity());
  EXPECT_NE(a.identity(), c.identity());
  EXPECT_NE(TlsPolicy{}.identity(), TlsPolicy{TlsLevel::required}.identity());
}

TEST(TlsPolicy, WhatADomainPublishesKeepsItApart) {
  const auto sts = [](StsMode mode, std::string mx, int days) {
    TlsPolicy policy;
    policy.sts = std::make_shared<const StsPolicy>(
        StsPolicy{mode, std::chrono::hours(24 * days), {std::move(mx)}});
    return policy;
  };
  const TlsPolicy enforce = sts(StsMode::enforce, "mx.a.example", 1);
  EXPECT_EQ(enforce.identity(), sts(StsMode::enforce, "mx.a.example", 9).identity());
  EXPECT_NE(enforce.identity(), sts(StsMode::enforce, "mx.b.example", 1).identity());
  EXPECT_NE(enforce.identity(), sts(StsMode::testing, "mx.a.example", 1).identity());
  EXPECT_NE(enforce.identity(), TlsPolicy{}.identity());
  EXPECT_TRUE(enforce.is_mandatory());
  EXPECT_FALSE(sts(StsMode::testing, "mx.a.example", 1).is_mandatory());
  TlsPolicy dane;
  dane.dane = true;
  EXPECT_NE(dane.identity(), TlsPolicy{}.identity());
  EXPECT_FALSE(dane.is_mandatory());
  TlsPolicy required;
  required.require_tls = true;
  EXPECT_NE(required.identity(), TlsPolicy{}.identity());
  EXPECT_TRUE(required.is_mandatory());
}

TEST(TlsPolicyTable, KnowsWhereTheOperatorHasARule) {
  const TlsPolicyTable table(TlsPolicy{}, {{DomainPattern("*.bank.example"), TlsPolicy{}}});
  EXPECT_TRUE(table.has_rule("www.bank.example"));
  EXPECT_FALSE(table.has_rule("bank.example"));
}

}  // namespace
}  // namespace postrider::policy
