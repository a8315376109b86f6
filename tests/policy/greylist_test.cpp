#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include <postrider/policy/greylist.hpp>

namespace postrider::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using enum GreylistAnswer;

const WallTime start = from_unix_millis(1'767'225'600'000);

GreylistSubject message(const std::string& client = "192.0.2.7",
                        const std::string& sender = "joe@a.example",
                        std::vector<std::string> recipients = {"user@here.example"},
                        const std::string& proven = "") {
  return {*IpAddress::parse(client), sender, std::move(recipients), proven};
}

// What is on disk, by name.
using Disk = std::map<std::string, std::string>;
void write(Greylist& list, Disk& disk) {
  for (auto& change : list.take_changes(1'000'000)) {
    if (change.octets) {
      disk[change.name] = *change.octets;
    } else {
      disk.erase(change.name);
    }
  }
}

TEST(Greylist, AsksAStrangerToComeBack) {
  Greylist list({});
  const auto first = list.ask(message(), start);
  EXPECT_EQ(first.answer, fresh);
  EXPECT_EQ(first.wait, minutes(5));
  EXPECT_FALSE(first.passes());
  const auto early_one = list.ask(message(), start + minutes(2));
  EXPECT_EQ(early_one.answer, early);
  EXPECT_EQ(early_one.wait, minutes(3));
  const auto back = list.ask(message(), start + minutes(5));
  EXPECT_EQ(back.answer, came_back);
  EXPECT_EQ(back.wait, minutes(5));
  EXPECT_TRUE(back.passes());
  // It has shown that it retries, whomever it sends what.
  EXPECT_EQ(
      list.ask(message("192.0.2.7", "x@y.example", {"b@here.example"}), start + hours(1)).answer,
      retries);
  const auto counters = list.counters();
  EXPECT_EQ(counters.fresh, 1U);
  EXPECT_EQ(counters.early, 1U);
  EXPECT_EQ(counters.came_back, 1U);
  EXPECT_EQ(counters.retries, 1U);
  EXPECT_EQ(counters.waiting, 0U);
  EXPECT_EQ(counters.networks, 1U);
}

TEST(Greylist, KnowsItByNetworkSenderDomainAndRecipient) {
  const auto second = [](const GreylistSubject& other) {
    Greylist list({});
    (void)list.ask(message("192.0.2.7", "joe@a.example"), start);
    return list.ask(other, start + hours(1)).answer;
  };
  EXPECT_EQ(second(message("192.0.2.200", "joe@a.example")), came_back);  // a pool of senders
  EXPECT_EQ(second(message("192.0.2.7", "b-1+x@A.example")), came_back);  // VERP
  EXPECT_EQ(second(message("192.0.2.7", "joe@a.example", {"USER@here.example"})), came_back);
  EXPECT_EQ(second(message("192.0.3.7", "joe@a.example")), fresh);
  EXPECT_EQ(second(message("192.0.2.7", "joe@b.example")), fresh);
  EXPECT_EQ(second(message("192.0.2.7", "")), fresh);
  EXPECT_EQ(second(message("192.0.2.7", "joe@a.example", {"other@here.example"})), fresh);
}

TEST(Greylist, TakesIpv6BySixtyFourBits) {
  Greylist list({});
  (void)list.ask(message("2001:db8:1:2::1"), start);
  EXPECT_EQ(list.ask(message("2001:db8:1:3::1"), start + hours(1)).answer, fresh);
  EXPECT_EQ(list.ask(message("2001:db8:1:2:ffff::9"), start + hours(1)).answer, came_back);
  ASSERT_EQ(list.list("2001:db8:1:2::/64", 9).size(), 1U);
}

TEST(Greylist, TakesTheNullSenderLikeAnyOther) {
  Greylist list({});
  EXPECT_EQ(list.ask(message("192.0.2.7", ""), start).answer, fresh);
  EXPECT_EQ(list.ask(message("192.0.2.7", ""), start + minutes(6)).answer, came_back);
}

TEST(Greylist, OneOfSeveralRecipientsThatComesBackIsEnough) {
  Greylist list({});
  EXPECT_EQ(
      list.ask(message("192.0.2.7", "j@a.example", {"a@h.example", "b@h.example"}), start).answer,
      fresh);
  EXPECT_EQ(
      list.ask(message("192.0.2.7", "j@a.example", {"b@h.example"}), start + minutes(6)).answer,
      came_back);
  // No more than so many leave a trace.
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back("r" + std::to_string(i) + "@h.example");
  }
  (void)list.ask(message("198.51.100.1", "j@a.example", many), start);
  EXPECT_LE(list.counters().waiting, Greylist::recipients_max + 1);
}

TEST(Greylist, WhoComesTooLateIsNew) {
  Greylist list({});
  (void)list.ask(message(), start);
  EXPECT_EQ(list.ask(message(), start + hours(49)).answer, fresh);
  EXPECT_EQ(list.counters().never_came_back, 1U);
  list.sweep(start + hours(200));
  EXPECT_EQ(list.counters().waiting, 0U);
  EXPECT_EQ(list.counters().never_came_back, 2U);
}

TEST(Greylist, ReputationIsEarnedHalvedAndForgotten) {
  Greylist list({});
  const IpAddress client = *IpAddress::parse("192.0.2.7");
  for (int i = 0; i < 4; ++i) {
    list.learn(client, "", true, start);
  }
  EXPECT_EQ(list.ask(message(), start).answer, fresh);
  list.learn(client, "", true, start);
  EXPECT_EQ(list.ask(message(), start).answer, known_network);
  list.learn(client, "", false, start);  // five become two
  EXPECT_EQ(list.ask(message(), start).answer, early);
  for (int i = 0; i < 100; ++i) {
    list.learn(client, "", true, start);
  }
  for (int i = 0; i < 3; ++i) {
    list.learn(client, "", false, start);
    EXPECT_EQ(list.ask(message(), start).answer, known_network);  // 32, 16, 8
  }
  list.learn(client, "", false, start);
  EXPECT_NE(list.ask(message(), start).answer, known_network);
  // Bad mail also ends the trust in who has come back once.
  (void)list.ask(message("198.51.100.1"), start);
  EXPECT_TRUE(list.ask(message("198.51.100.1"), start + hours(1)).passes());
  list.learn(*IpAddress::parse("198.51.100.1"), "", false, start + hours(1));
  EXPECT_EQ(list.ask(message("198.51.100.1"), start + hours(1)).answer, fresh);
}

TEST(Greylist, AProvenDomainIsKnownWhereverItSendsFrom) {
  Greylist list({});
  const auto proven = message("192.0.2.7", "j@a.example", {"u@h.example"}, "a.example");
  EXPECT_EQ(list.ask(proven, start).answer, fresh);
  list.learn(proven.client, "a.example", true, start);
  EXPECT_EQ(
      list.ask(message("203.0.113.1", "j@a.example", {"v@h.example"}, "A.example"), start).answer,
      known_domain);
  // Its name alone proves nothing.
  EXPECT_EQ(list.ask(message("203.0.113.1", "j@a.example", {"v@h.example"}), start).answer, fresh);
  list.learn(proven.client, "a.example", false, start);
  EXPECT_NE(list.ask(proven, start).answer, known_domain);
}

TEST(Greylist, ReputationEndsWithoutMail) {
  Greylist list({});
  for (int i = 0; i < 5; ++i) {
    list.learn(*IpAddress::parse("192.0.2.7"), "a.example", true, start);
  }
  EXPECT_EQ(list.ask(message(), start + hours(24 * 34)).answer, known_network);
  list.sweep(start + hours(24 * 36));
  EXPECT_EQ(list.counters().networks, 0U);
  EXPECT_EQ(list.counters().domains, 0U);
}

TEST(Greylist, SurvivesARestart) {
  Disk disk;
  {
    Greylist list({});
    (void)list.ask(message(), start);
    (void)list.ask(message("198.51.100.1"), start);
    (void)list.ask(message("198.51.100.1"), start + minutes(10));
    list.learn(*IpAddress::parse("203.0.113.1"), "a.example", true, start);
    write(list, disk);
  }
  Greylist list({});
  for (const auto& [name, octets] : disk) {
    EXPECT_TRUE(list.restore(name, octets, start + minutes(20))) << name;
  }
  EXPECT_EQ(list.ask(message("192.0.2.7", "x@a.example", {"u@h.example"}, "a.example"),
                     start + minutes(20))
                .answer,
            known_domain);
  EXPECT_EQ(list.ask(message(), start + minutes(20)).answer, came_back);
  EXPECT_EQ(list.ask(message("198.51.100.9"), start + minutes(20)).answer, retries);
  write(list, disk);
  EXPECT_EQ(disk.size(), 4U);  // who came back waits no more: three networks and a domain
}

TEST(Greylist, DoesNotRestoreWhatIsOverOrDamaged) {
  Disk disk;
  Greylist list({});
  (void)list.ask(message(), start);
  write(list, disk);
  ASSERT_EQ(disk.size(), 1U);
  const auto [name, octets] = *disk.begin();
  Greylist other({});
  EXPECT_FALSE(other.restore(name, octets, start + hours(100)));
  EXPECT_FALSE(other.restore(name, octets + "x", start));
  EXPECT_FALSE(other.restore(name, octets.substr(1), start));
  EXPECT_FALSE(other.restore(name, "", start));
  for (const std::string bad :
       {"", "t", "t ", "x a", "n", "n a b", "t a b", "t a  c", "tt a b c"}) {
    EXPECT_FALSE(other.restore(bad, octets, start)) << bad;
  }
  EXPECT_TRUE(other.restore(name, octets, start));
}

TEST(Greylist, AClockThatStepsBackBeginsTheWaitAnew) {
  Greylist list({});
  (void)list.ask(message(), start);
  const auto stepped = list.ask(message(), start - hours(1000));
  EXPECT_EQ(stepped.answer, early);
  EXPECT_EQ(stepped.wait, minutes(5));
  EXPECT_EQ(list.ask(message(), start - hours(1000) + minutes(6)).answer, came_back);
}

TEST(Greylist, AClockThatStepsForwardEndsIt) {
  Greylist list({});
  (void)list.ask(message(), start);
  EXPECT_EQ(list.ask(message(), start + hours(3)).answer, came_back);
  EXPECT_EQ(list.ask(message(), start + hours(24 * 400)).answer, fresh);
}

// Strangers can neither make it grow nor push out who is known.
TEST(Greylist, AFloodOfStrangersIsBounded) {
  GreylistSettings settings;
  settings.entries = 100;
  Greylist list(settings);
  Disk disk;
  for (int i = 0; i < 5; ++i) {
    list.learn(*IpAddress::parse("192.0.2.7"), "a.example", true, start);
  }
  for (int i = 0; i < 20'000; ++i) {
    (void)list.ask(message("10." + std::to_string(i % 200) + "." + std::to_string(i / 200) + ".1",
                           "s" + std::to_string(i) + "@d" + std::to_string(i) + ".example"),
                   start + seconds(i));
    if (i % 500 == 0) {
      write(list, disk);
      EXPECT_LE(disk.size(), 102U);
    }
  }
  EXPECT_EQ(list.counters().waiting, 100U);
  EXPECT_EQ(list.counters().evicted, 20'000U - 100);
  EXPECT_LE(list.take_changes(1'000'000).size(), 300U);
  EXPECT_EQ(list.ask(message(), start + hours(6)).answer, known_network);
}

TEST(Greylist, WhatCouldNotBeWrittenIsToldAgain) {
  Greylist list({});
  (void)list.ask(message(), start);
  const auto changes = list.take_changes(10);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(list.take_changes(10).empty());
  list.put_back(changes);
  EXPECT_EQ(list.take_changes(10).size(), 1U);
}

TEST(Greylist, ShowsAndForgets) {
  Greylist list({});
  (void)list.ask(message("192.0.2.7", "", {"\"a b\"@here.example"}), start);
  list.learn(*IpAddress::parse("198.51.100.1"), "good.example", true, start);
  const auto all = list.list("", 10);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].kind, GreylistEntry::Kind::waiting);
  EXPECT_EQ(all[0].network, "192.0.2.0/24");
  EXPECT_EQ(all[0].domain, "");
  EXPECT_EQ(all[1].kind, GreylistEntry::Kind::network);
  EXPECT_EQ(all[1].good, 1U);
  EXPECT_EQ(all[2].domain, "good.example");
  EXPECT_EQ(list.list("", 1).size(), 1U);
  EXPECT_EQ(list.forget("nobody.example"), 0U);
  EXPECT_EQ(list.forget("GOOD.example"), 1U);
  EXPECT_EQ(list.forget("198.51.100.0/24"), 1U);
  EXPECT_EQ(list.forget(""), 1U);
  EXPECT_TRUE(list.list("", 10).empty());
}

}  // namespace
}  // namespace postrider::policy
