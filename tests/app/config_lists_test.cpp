// [[inbound.dnsbl]], [[inbound.domain_list]], [greylist], and who sees his quarantine.
#include "app/config.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace postrider::app {
namespace {

Result<Config, std::vector<ConfigProblem>> parse(const std::string& more) {
  return parse_config("hostname = \"m.example\"\ndata_dir = \"/tmp\"\n" + more,
                      "/etc/postrider/postrider.toml");
}

TEST(ConfigLists, AreRead) {
  const auto config = parse(R"([inbound]
lists_reject_from = 5
lists_junk_from = 3
[[inbound.dnsbl]]
zone = "bl.example"
action = "score"
weight = -2
[[inbound.domain_list]]
zone = "dbl.example"
of = ["sender", "from"]
answers = ["127.0.1.[2..99]"]
organizational = true
[greylist]
enabled = true
delay = "1m"
ipv4_bits = 32
except = ["192.0.2.0/24"]
[quarantine]
withheld_by = []
)");
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_EQ(config->inbound.lists_from.reject, 5);
  EXPECT_EQ(config->inbound.lists_from.junk, 3);
  EXPECT_EQ(config->inbound.dnsbl.at(0).action, DnsListAction::score);
  EXPECT_EQ(config->inbound.dnsbl.at(0).weight, -2);
  const DomainListConfig& list = config->inbound.domain_lists.at(0);
  EXPECT_EQ(list.roles, (std::vector{policy::NameRole::sender, policy::NameRole::from}));
  EXPECT_TRUE(list.organizational);
  ASSERT_EQ(list.answers.size(), 1U);
  EXPECT_TRUE(list.answers[0].matches(*IpAddress::parse("127.0.1.50")));
  EXPECT_TRUE(wants_public_suffixes(config->inbound));
  EXPECT_TRUE(config->greylist.enabled);
  EXPECT_EQ(config->greylist.delay, std::chrono::minutes(1));
  EXPECT_EQ(config->greylist.v4_bits, 32);
  EXPECT_EQ(config->greylist.except.size(), 1U);
  ASSERT_TRUE(config->quarantine.withheld_by);
  EXPECT_TRUE(config->quarantine.withheld_by->empty());
  EXPECT_FALSE(parse("")->greylist.enabled) << "off by default";
}

TEST(ConfigLists, WhatMakesNoSenseIsTold) {
  for (const std::string more :
       {"[[inbound.domain_list]]\nzone = \"wl.example\"\naction = \"allow\"\n",
        "[[inbound.domain_list]]\nzone = \"l.example\"\nof = [\"nobody\"]\n",
        "[[inbound.domain_list]]\nzone = \"l.example\"\nof = []\n",
        "[[inbound.dnsbl]]\nzone = \"l.example\"\nanswers = [\"127.0.0.[9..2]\"]\n",
        "[[inbound.dnsbl]]\naction = \"reject\"\n", "[greylist]\ndelay = \"3d\"\n",
        "[greylist]\nexpiry = \"0s\"\n", "[greylist]\nipv4_bits = 33\n",
        "[quarantine]\nwithheld_by = [\"gone\"]\n",
        "[[listener]]\nservice = \"http\"\naddress = \"127.0.0.1:8080\"\ntls = \"starttls\"\n"}) {
    EXPECT_FALSE(parse(more)) << more;
  }
  const auto idle = parse("[[inbound.dnsbl]]\nzone = \"l.example\"\naction = \"score\"\n");
  ASSERT_TRUE(idle);
  EXPECT_TRUE(std::ranges::any_of(idle->warnings, [](const ConfigProblem& warning) {
    return warning.problem.contains("leads to nothing");
  }));
}

TEST(ConfigLists, AreComparedForAReload) {
  const auto one = parse("[[inbound.dnsbl]]\nzone = \"l.example\"\n");
  const auto other = parse("\n[[inbound.dnsbl]]\nzone = \"l.example\"\n");
  const auto weighed = parse("[[inbound.dnsbl]]\nzone = \"l.example\"\nweight = 2\n");
  EXPECT_TRUE(is_same(one->inbound, other->inbound));
  EXPECT_FALSE(is_same(one->inbound, weighed->inbound));
  EXPECT_FALSE(is_same(parse("[greylist]\nenabled = true\n")->greylist, parse("")->greylist));
}

}  // namespace
}  // namespace postrider::app
