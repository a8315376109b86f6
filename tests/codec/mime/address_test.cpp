#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {
namespace {

Mailbox box(std::string name, std::string local, std::string domain) {
  return {
      .display_name = std::move(name), .local_part = std::move(local), .domain = std::move(domain)};
}

Mailbox routed(Mailbox mailbox, std::string route) {
  mailbox.route = std::move(route);
  return mailbox;
}
Mailbox commented(Mailbox mailbox, std::string comment) {
  mailbox.comment = std::move(comment);
  return mailbox;
}

TEST(AddressList, ParsesMailboxes) {
  const std::pair<const char*, Mailbox> rows[] = {
      {"a@b.example", box("", "a", "b.example")},
      {" John Doe <jdoe@machine.example>", box("John Doe", "jdoe", "machine.example")},
      {"\"Joe Q. Public\" <john.q.public@example.com>",
       box("Joe Q. Public", "john.q.public", "example.com")},
      {"Joe Q. Public <a@b>", box("Joe Q. Public", "a", "b")},
      {"\"Giant; \\\"Big\\\" Box\" <x@y.example>", box("Giant; \"Big\" Box", "x", "y.example")},
      {"<boss@nil.test>", box("", "boss", "nil.test")},
      {"\"quoted local\"@example.org", box("", "quoted local", "example.org")},
      {"\"\"@example.org", box("", "", "example.org")},
      {"a@[192.0.2.1]", box("", "a", "[192.0.2.1]")},
      {"a@[IPv6:2001:db8::1]", box("", "a", "[IPv6:2001:db8::1]")},
      // RFC 5322 A.5, comments and folding
      {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
       box("Pete", "pete", "silly.test")},
      {"Chris <c@(Chris's host.)public.example>", box("Chris", "c", "public.example")},
      {"Mary\r\n Smith <mary @ example . net>", box("Mary Smith", "mary", "example.net")},
      {"(a (nested) comment) a@b.example (and (one) more)",
       commented(box("", "a", "b.example"), "and (one) more")},
      {"a@b (Ed \"O\" \\) J)", commented(box("", "a", "b"), "Ed \"O\" ) J")},
      {"a@[192.0.2.1] ( x ) (y)", commented(box("", "a", "[192.0.2.1]"), "x")},
      {"a . \"b c\" . d@e", box("", "a.b c.d", "e")},
      // RFC 5322 4.4, obs-route
      {"X <@a.example,@b.example:c@d.example>",
       routed(box("X", "c", "d.example"), "@a.example,@b.example")},
      {"<@a.example , , @b.example : c@d.example>",
       routed(box("", "c", "d.example"), "@a.example,@b.example")},
      // RFC 6532
      {"\xC3\xA4 \xC3\xB6 <\xC3\xBC@\xC3\x9F.example>",
       box("\xC3\xA4 \xC3\xB6", "\xC3\xBC", "\xC3\x9F.example")},
      {"=?UTF-8?Q?a?= <a@b>", box("=?UTF-8?Q?a?=", "a", "b")},
  };
  for (const auto& [text, mailbox] : rows) {
    const auto parsed = parse_mailbox(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, mailbox) << text;
  }
}

TEST(AddressList, ParsesListsAndGroups) {
  const auto list = parse_address_list(
      ",, a@b, A Group:Ed Jones <joe@where.test>,,john@jdoe.test (c); , \"Empty group\":;,c@d,");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 4U);
  EXPECT_EQ((*list)[1].group_name, "A Group");
  EXPECT_TRUE((*list)[1].is_group);
  EXPECT_EQ((*list)[1].mailboxes.size(), 2U);
  EXPECT_TRUE((*list)[2].is_group);
  EXPECT_TRUE((*list)[2].mailboxes.empty());
  const auto all = flatten(*list);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2], commented(box("", "john", "jdoe.test"), "c"));
  EXPECT_EQ(all[3], box("", "c", "d"));
}

TEST(AddressList, RefusesTheRest) {
  for (const char* text : {"",
                           " ",
                           ",",
                           "a",
                           "a@",
                           "@b",
                           "a@b@c",
                           "a b@c",
                           "a@b c@d",
                           "<a@b",
                           "a@b>",
                           "<>",
                           "A <>",
                           "a..b@c",
                           ".a@b",
                           "a.@b",
                           "a@.b",
                           "a@b.",
                           "a@b..c",
                           "a@[1.2.3.4",
                           "a@[1\\].2]",
                           "a@[[1]",
                           "a@1.2.3.4]",
                           "a@b;",
                           "G: a@b",
                           ":;",
                           "G: a@b;;",
                           "G: H: a@b;;",
                           "\"a@b",
                           "a@\"b\"",
                           "a@b (unclosed",
                           "a@b )",
                           "a@b \\",
                           "a@b\r\nc@d",
                           "a@b\r",
                           "a\n@b",
                           "<@a:>",
                           "<@a,b:c@d>",
                           "<@a c@d>",
                           "a\tb@c",
                           "\"a\"b@c",
                           "a@b <c@d>",
                           "[a]@b",
                           "a@b, ;"}) {
    EXPECT_FALSE(parse_address_list(text)) << text;
  }
  EXPECT_FALSE(parse_address_list(std::string_view("a\0@b", 4)));
  EXPECT_FALSE(parse_address_list(std::string_view("\"a\0\"@b", 6)));
  EXPECT_EQ(parse_address_list("\xE4@b").error().kind, AddressErrorKind::not_utf8);
  EXPECT_EQ(parse_address_list("ab@c d").error().offset, 5U);
  EXPECT_FALSE(parse_mailbox("a@b, c@d"));
  EXPECT_FALSE(parse_mailbox("G:a@b;"));
}

TEST(AddressList, HoldsItsBudgets) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + std::string(depth, ')') + "a@b";
  };
  EXPECT_TRUE(parse_address_list(nested(max_comment_depth)));
  EXPECT_EQ(parse_address_list(nested(max_comment_depth + 1)).error().kind,
            AddressErrorKind::too_deep);
  EXPECT_EQ(parse_address_list(std::string(1'000'000, '(')).error().kind,
            AddressErrorKind::too_deep);
  std::string many;
  for (std::size_t i = 0; i < max_addresses; ++i) {
    many += "a@b,";
  }
  EXPECT_EQ(parse_address_list(many)->size(), max_addresses);
  EXPECT_EQ(parse_address_list(many + "a@b").error().kind, AddressErrorKind::too_many_addresses);
  EXPECT_EQ(parse_address_list("g:" + many + "a@b;").error().kind,
            AddressErrorKind::too_many_addresses);
}

TEST(AddressList, EncodesWithQuotesWhereTheyAreNeeded) {
  EXPECT_EQ(encode_mailbox(box("", "a", "b"), false), "a@b");
  EXPECT_EQ(encode_mailbox(box("Mail Delivery System", "MAILER-DAEMON", "b"), false),
            "Mail Delivery System <MAILER-DAEMON@b>");
  EXPECT_EQ(encode_mailbox(box("Doe, \"J\" \\", "a b", "c"), false),
            "\"Doe, \\\"J\\\" \\\\\" <\"a b\"@c>");
  EXPECT_EQ(encode_mailbox(box("\xC3\xA4", "a", "b"), false), "=?UTF-8?B?w6Q=?= <a@b>");
  EXPECT_EQ(encode_mailbox(box("\xC3\xA4", "\xC3\xA4", "b"), true), "\xC3\xA4 <\xC3\xA4@b>");
  EXPECT_EQ(encode_mailbox(box("x\r\nBcc: y", "a", "b"), false), "\"x  Bcc: y\" <a@b>");
  EXPECT_EQ(encode_mailbox(box("=?UTF-8?Q?x?=", "a", "b"), false), "\"=?UTF-8?Q?x?=\" <a@b>");
  EXPECT_EQ(box("", "a..b", "c").addr_spec(), "\"a..b\"@c");
  EXPECT_EQ(box("", "", "c").addr_spec(), "\"\"@c");
  EXPECT_EQ(Mailbox().addr_spec(), "");
}

TEST(AddressList, RoundTrips) {
  SeededRandom random(22);
  const auto text = [&](std::string_view alphabet, std::size_t most) {
    std::string out;
    for (auto n = random.below(most) + 1; n > 0; --n) {
      out += alphabet[random.below(alphabet.size())];
    }
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const Mailbox mailbox{text("aB. \"\\,<>@:;()?=", 8), text("aB. \"\\,<>@:;()", 6),
                          text("ab-", 5)};
    const std::string encoded = encode_mailbox(mailbox, random.below(2) == 0);
    const auto back = parse_mailbox(encoded);
    ASSERT_TRUE(back) << "seed 22: " << encoded;
    ASSERT_EQ(*back, mailbox) << "seed 22: " << encoded;
  }
}

}  // namespace
}  // namespace postrider::mime
