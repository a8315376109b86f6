#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/smtp/path.hpp>

namespace postrider::smtp {
namespace {

struct Good {
  const char* text;
  const char* local_part;
  const char* domain;
  const char* address;
};

TEST(SmtpPath, ReadsWhatRfc5321Allows) {
  const Good rows[] = {
      {"<a@b>", "a", "b", "a@b"},
      {"<User.Name+tag@Example.ORG>", "User.Name+tag", "example.org", "User.Name+tag@example.org"},
      {R"(<"a b"@x.example>)", "a b", "x.example", R"("a b"@x.example)"},
      {R"(<"joe"@x.example>)", "joe", "x.example", "joe@x.example"},
      {R"(<"a\"b\\c"@x>)", R"(a"b\c)", "x", R"("a\"b\\c"@x)"},
      {R"(<"a@b"@x>)", "a@b", "x", R"("a@b"@x)"},
      {R"(<">"@x>)", ">", "x", R"(">"@x)"},
      {"<a..b@docomo.example>", "a..b", "docomo.example", "\"a..b\"@docomo.example"},
      {"<.a@x>", ".a", "x", "\".a\"@x"},
      {"<a@[192.0.2.1]>", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
      {"<a@[IPv6:2001:DB8:0:0::1]>", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"<@one.example,@two.example:u@x.example>", "u", "x.example", "u@x.example"},
      {"<@one.example:u@x.example>", "u", "x.example", "u@x.example"},
      {"<a@under_score.example>", "a", "under_score.example", "a@under_score.example"},
      {"<d\xC3\xB6rte@b\xC3\xBC"
       "cher.example>",
       "d\xC3\xB6rte",
       "b\xC3\xBC"
       "cher.example",
       "d\xC3\xB6rte@b\xC3\xBC"
       "cher.example"},
      {"<!#$%&'*+-/=?^_`{|}~@x>", "!#$%&'*+-/=?^_`{|}~", "x", "!#$%&'*+-/=?^_`{|}~@x"},
      {"<Postmaster>", "Postmaster", "", "Postmaster"},
  };
  for (const Good& row : rows) {
    std::string_view text = row.text;
    const auto path = parse_path(text, PathRole::recipient);
    ASSERT_TRUE(path.has_value()) << row.text;
    EXPECT_EQ(path->local_part, row.local_part) << row.text;
    EXPECT_EQ(path->domain, row.domain) << row.text;
    EXPECT_EQ(path->address(), row.address) << row.text;
    EXPECT_TRUE(text.empty()) << row.text;
    if (!path->domain.empty()) {  // decode(encode(x)) == x
      const std::string again = '<' + path->address() + '>';
      std::string_view view = again;
      EXPECT_EQ(parse_path(view, PathRole::sender), *path) << row.text;
      EXPECT_EQ(parse_address(path->address()), *path) << row.text;
    }
  }
}

struct Bad {
  std::string text;
  PathError error;
};

TEST(SmtpPath, RefusesTheRestWithItsReason) {
  const std::string long_label(64, 'd');
  std::string long_domain;
  while (long_domain.size() < 256) {
    long_domain += "abcdefgh.";
  }
  const Bad rows[] = {
      {"", PathError::syntax},
      {"a@b", PathError::syntax},
      {"<a@b", PathError::syntax},
      {" <a@b>", PathError::syntax},
      {"<>", PathError::null_not_allowed},
      {"< >", PathError::syntax},
      {"<@>", PathError::syntax},
      {"<a@>", PathError::syntax},
      {"<@b>", PathError::syntax},
      {"<a>", PathError::no_domain},
      {"<a b@x>", PathError::no_domain},
      {"<a@b@c>", PathError::syntax},
      {"<a@b c>", PathError::syntax},
      {"<<a@b>>", PathError::syntax},
      {"<a@b.>", PathError::syntax},
      {"<a@.b>", PathError::syntax},
      {"<a@b..c>", PathError::syntax},
      {"<a@-b>", PathError::syntax},
      {"<a@b->", PathError::syntax},
      {"<a@b!c>", PathError::syntax},
      {"<a@" + long_label + ">", PathError::syntax},
      {"<a@" + long_domain + "x>", PathError::domain_too_long},
      {"<" + std::string(65, 'l') + "@x>", PathError::local_part_too_long},
      {"<" + std::string(64, 'l') + "@" + long_domain.substr(0, 200) + "x>",
       PathError::path_too_long},
      {R"(<""@x>)", PathError::syntax},
      {R"(<"a@x>)", PathError::syntax},
      {R"(<"a\)", PathError::syntax},
      {R"(<"a"b@x>)", PathError::no_domain},
      {"<\"a\rb\"@x>", PathError::syntax},
      {"<\"a\\\nb\"@x>", PathError::syntax},
      {std::string("<\"a\0b\"@x>", 9), PathError::syntax},
      {"<a\x7f@x>", PathError::no_domain},
      {"<a\xff@x>", PathError::not_utf8},
      {"<a@x\xc3>", PathError::not_utf8},
      {"<a@[192.0.2.256]>", PathError::bad_literal},
      {"<a@[2001:db8::1]>", PathError::bad_literal},
      {"<a@[IPv6:192.0.2.1]>", PathError::bad_literal},
      {"<a@[IPv6:fe80::1%eth0]>", PathError::bad_literal},
      {"<a@[tag:what]>", PathError::bad_literal},
      {"<a@[192.0.2.1>", PathError::bad_literal},
      {"<a@[]>", PathError::bad_literal},
      {"<@one.example u@x>", PathError::syntax},
      {"<@one.example,u@x>", PathError::syntax},
      {"<@one.example,:u@x>", PathError::syntax},
      {"<@:u@x>", PathError::syntax},
  };
  for (const Bad& row : rows) {
    std::string_view text = row.text;
    const auto path = parse_path(text, PathRole::recipient);
    ASSERT_FALSE(path.has_value()) << row.text;
    EXPECT_EQ(path.error(), row.error) << row.text;
    EXPECT_EQ(text, row.text) << "consumed in spite of an error";
  }
}

TEST(SmtpPath, NullAndPostmasterDependOnTheRole) {
  std::string_view null_path = "<> SIZE=1";
  const auto sender = parse_path(null_path, PathRole::sender);
  ASSERT_TRUE(sender.has_value());
  EXPECT_TRUE(sender->is_null());
  EXPECT_EQ(sender->address(), "");
  EXPECT_EQ(null_path, " SIZE=1");
  std::string_view postmaster = "<postmaster>";
  EXPECT_EQ(parse_path(postmaster, PathRole::sender).error(), PathError::no_domain);
}

TEST(SmtpPath, LimitsAreInclusive) {
  const std::string local(64, 'l');
  std::string domain;
  while (domain.size() < 180) {
    domain += "abcdefgh.";
  }
  domain += std::string(256 - 2 - 65 - domain.size(), 'x');
  std::string text = '<' + local + '@' + domain + '>';
  ASSERT_EQ(text.size(), 256U);
  std::string_view view = text;
  EXPECT_TRUE(parse_path(view, PathRole::sender).has_value());
}

TEST(SmtpPath, SaysWhenUtf8IsNeeded) {
  EXPECT_FALSE(parse_address("a@b")->needs_smtputf8());
  EXPECT_TRUE(parse_address("\xC3\xB6@b")->needs_smtputf8());
  EXPECT_TRUE(parse_address("o@\xC3\xB6")->needs_smtputf8());
}

TEST(SmtpPath, AddressRefusesWhatFollows) {
  EXPECT_FALSE(parse_address("a@b ").has_value());
  EXPECT_FALSE(parse_address("a@b>").has_value());
  EXPECT_FALSE(parse_address("postmaster").has_value());
}

TEST(SmtpPath, JudgesHeloNames) {
  for (const char* good : {"mail.example.org", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]",
                           "WIN_PC", "a-", "2001:db8::1"}) {
    EXPECT_TRUE(is_helo_name(good)) << good;
  }
  for (const char* bad :
       {"", "[192.0.2.300]", "a b", "a(b)", "a;b", "a\rb", "<a>", "b\xC3\xBC", "["}) {
    EXPECT_FALSE(is_helo_name(bad)) << bad;
  }
  EXPECT_FALSE(is_helo_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace postrider::smtp
