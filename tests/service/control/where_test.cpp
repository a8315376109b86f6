#include "service/control/where.hpp"

#include "service/control/where_fields.hpp"

#include <gtest/gtest.h>

namespace postrider::control {
namespace {

using namespace std::chrono_literals;

const store::LastReply reply{421, "4.7.0", "Try again later", "mx.example.org [192.0.2.1]",
                             from_unix_millis(1)};

Row row() {
  return {.delivery = {MessageId(1), 0},
          .tenant = "acme",
          .from = "shop@acme.example",
          .to = "Bob@Example.ORG",
          .domain = "example.org",
          .account = "shop@acme.example",
          .state = "deferred",
          .site = "mx.example.org",
          .attempts = 3,
          .next_due = {},
          .age = 2h,
          .size = 4096,
          .last = &reply};
}

struct Case {
  const char* text;
  bool matches;
};
class WhereMatches : public testing::TestWithParam<Case> {};
TEST_P(WhereMatches, AsWritten) {
  const auto where = Where::parse(GetParam().text);
  ASSERT_TRUE(where) << GetParam().text << ": " << where.error();
  EXPECT_EQ(where->matches(row()), GetParam().matches) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, WhereMatches,
    testing::Values(Case{"", true}, Case{"  ", true}, Case{"tenant=acme", true},
                    Case{"tenant=acme and domain~example.* and age>1h and code=421", true},
                    Case{"tenant=acme and domain~example.* and age>3h and code=421", false},
                    Case{"age<1h or code=421", true}, Case{"age<1h or code=450", false},
                    Case{"not state=held", true}, Case{"not (state=deferred or state=held)", false},
                    Case{"code=1 and code=2 or tenant=acme", true},
                    Case{"tenant=acme or code=1 and code=2", true},
                    Case{"(tenant=acme or code=1) and code=2", false},
                    Case{"to=bob@example.org", true}, Case{"recipient~*@example.org", true},
                    Case{"sender!~*@acme.example", false}, Case{"text~\"try again*\"", true},
                    Case{"text=\"\"", false}, Case{"size>=4KiB", true}, Case{"size<4096", false},
                    Case{"attempts!=3", false}, Case{"ID=0000000000001", true},
                    Case{"enhanced=4.7.0", true}, Case{"remote~*192.0.2.1*", true}));

class WhereRefuses : public testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(WhereRefuses, WithARemedy) {
  const auto where = Where::parse(GetParam().first);
  ASSERT_FALSE(where) << GetParam().first;
  EXPECT_NE(where.error().find(GetParam().second), std::string::npos) << where.error();
}
INSTANTIATE_TEST_SUITE_P(Rows, WhereRefuses,
                         testing::Values(std::pair{"domian=x", "did you mean 'domain'?"},
                                         std::pair{"domain", "after 'domain' comes one of"},
                                         std::pair{"domain=", "a value is missing"},
                                         std::pair{"domain>x", "'domain' is a text"},
                                         std::pair{"age~1h", "'age' is a number"},
                                         std::pair{"age>soon", "'soon' is not a value of age"},
                                         std::pair{"code=1 code=2", "join with and, or"},
                                         std::pair{"(code=1", "a ')' is missing"},
                                         std::pair{"text=\"x", "a closing \" is missing"},
                                         std::pair{"=x", "unknown field ''"},
                                         std::pair{"((((((((((((((((((code=1))))))))))))))))))",
                                                   "nested too deeply"}));

TEST(WhereRefuses, MoreThanItsLimits) {
  std::string many = "code=1";
  for (int i = 0; i < 64; ++i) {
    many += " or code=1";
  }
  EXPECT_FALSE(Where::parse(many));
  EXPECT_FALSE(Where::parse("text=" + std::string(2000, 'x')));
}

TEST(Glob, BacksUpOnlyToTheLastStar) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches_glob("a*b*c", "aXbYbZ"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("?a", "ba"));
  EXPECT_FALSE(matches_glob("?", ""));
  // A pattern that backtracks exponentially in a naive matcher.
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace postrider::control
