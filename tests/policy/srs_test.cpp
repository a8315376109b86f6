#include <cctype>
#include <gtest/gtest.h>
#include <string>

#include <postrider/policy/srs.hpp>

namespace postrider::policy {
namespace {

using std::chrono::days;

constexpr WallTime now{days(20'000)};

TEST(Srs, WhatWasRewrittenComesBack) {
  const Srs srs("secret");
  for (const std::string sender :
       {"ada@example.org", "a=b=c@sub.example.org", "\"a b\"@example.org", "SRS0@example.org",
        "x+SRS0=@example.org", "\"@\"@example.org"}) {
    const std::string ours = srs.forward(sender, "us@ours.test", now);
    EXPECT_TRUE(ours.ends_with("@ours.test")) << ours;
    EXPECT_EQ(srs.reverse(ours, now), sender) << ours;
  }
}

TEST(Srs, NobodyAndOurOwnStayAsTheyAre) {
  const Srs srs("secret");
  EXPECT_EQ(srs.forward("", "us@ours.test", now), "");
  EXPECT_EQ(srs.forward("ada@ours.test", "us@ours.test", now), "ada@ours.test");
  EXPECT_EQ(srs.reverse("ada@ours.test", now), failure(SrsError::not_srs));
}

TEST(Srs, ChainsOfForwardersLeadToTheFirst) {
  const Srs first("one");
  const Srs second("two");
  const Srs third("three");
  const std::string at_first = first.forward("ada@example.org", "u@first.test", now);
  const std::string at_second = second.forward(at_first, "u@second.test", now);
  const std::string at_third = third.forward(at_second, "u@third.test", now);
  EXPECT_TRUE(at_second.starts_with("SRS1=")) << at_second;
  EXPECT_EQ(second.reverse(at_second, now), at_first);
  // The second one is left out: its host need not hear of it.
  EXPECT_EQ(third.reverse(at_third, now), at_first);
  EXPECT_LT(at_third.size(), at_second.size() + 2);
}

TEST(Srs, BouncesOfWhatIsTooLongGoToTheForwarder) {
  const std::string sender = std::string(60, 'a') + "@example.org";
  EXPECT_EQ(Srs("secret").forward(sender, "us@ours.test", now), "us@ours.test");
}

TEST(Srs, TakesNoneThatItHasNotMade) {
  const Srs srs("secret");
  const std::string good = srs.forward("ada@example.org", "us@ours.test", now);
  EXPECT_EQ(Srs("other").reverse(good, now), failure(SrsError::forged));
  std::string bad = good;
  bad.replace(bad.find("ada"), 3, "eve");
  EXPECT_EQ(srs.reverse(bad, now), failure(SrsError::forged));
  for (const std::string text : {"SRS0=@ours.test", "SRS0=a=b@ours.test", "SRS1=x@ours.test",
                                 "SRS0=aaaaaaaa=aa=example.org=@ours.test"}) {
    EXPECT_EQ(srs.reverse(text, now), failure(SrsError::forged)) << text;
  }
}

TEST(Srs, SurvivesAChangeOfCase) {
  const Srs srs("secret");
  std::string shouted = srs.forward("ada@example.org", "us@ours.test", now);
  for (char& c : shouted) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  EXPECT_EQ(srs.reverse(shouted, now), "ADA@EXAMPLE.ORG");
}

TEST(Srs, ComesBackInQuotes) {
  const Srs srs("secret");
  const std::string address = srs.forward("ada@example.org", "us@ours.test", now);
  const std::size_t at = address.find('@');
  const std::string quoted = '"' + address.substr(0, at) + '"' + address.substr(at);
  EXPECT_EQ(srs.reverse(quoted, now), "ada@example.org");
}

TEST(Srs, EndsAfterItsDays) {
  const Srs srs("secret");
  const std::string address = srs.forward("ada@example.org", "us@ours.test", now);
  EXPECT_TRUE(srs.reverse(address, now + days(srs_lifetime_days)));
  EXPECT_EQ(srs.reverse(address, now + days(srs_lifetime_days + 1)), failure(SrsError::expired));
  EXPECT_TRUE(srs.reverse(address, now - days(1)));
  EXPECT_EQ(srs.reverse(address, now - days(2)), failure(SrsError::expired));
}

}  // namespace
}  // namespace postrider::policy
