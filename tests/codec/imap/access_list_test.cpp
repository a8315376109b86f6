// RFC 4314 2: what a list grants to whom.
#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/imap/access_list.hpp>

namespace postrider::imap {
namespace {

constexpr std::string_view ada = "ada@example.org";
constexpr std::string_view bob = "bob@example.org";

Rights rights(std::string_view letters) {
  return parse_rights(letters).value_or(Rights());
}
std::string of(const AccessList& list, std::string_view user) {
  return encode_rights(list.rights_of(user, ada));
}

TEST(AccessList, LettersAndTheTwoOldOnes) {
  EXPECT_EQ(encode_rights(rights("aetxkpiwsrl")), "lrswipkxtea");
  EXPECT_EQ(encode_rights(rights("c")), "kx");
  EXPECT_EQ(encode_rights(rights("d")), "te");
  EXPECT_EQ(encode_told_rights(rights("lrx")), "lrxc");
  EXPECT_EQ(encode_told_rights(rights("lrt")), "lrtd");
  EXPECT_EQ(encode_told_rights(rights("lr")), "lr");
  EXPECT_EQ(encode_told_rights(Rights::all()), "lrswipkxteacd");
  EXPECT_FALSE(parse_rights("lrq"));
  EXPECT_FALSE(parse_rights("L"));
  EXPECT_TRUE(parse_rights("")->is_empty());
}

TEST(AccessList, WithoutOneItIsTheOwnersAlone) {
  const AccessList none;
  EXPECT_EQ(none.rights_of(ada, ada), Rights::all());
  EXPECT_TRUE(none.rights_of(bob, ada).is_empty());
  EXPECT_EQ(none.encode(), "");
}

TEST(AccessList, GrantsAddUpAndDenialsTakeAway) {
  AccessList list;
  EXPECT_TRUE(list.set("anyone", rights("lr"), ada));
  EXPECT_TRUE(list.set(bob, rights("swi"), ada));
  EXPECT_EQ(of(list, bob), "lrswi");
  EXPECT_EQ(of(list, "eve@example.org"), "lr");
  EXPECT_TRUE(list.set("-" + std::string(bob), rights("rw"), ada));
  EXPECT_EQ(of(list, bob), "lsi");
  EXPECT_TRUE(list.set("-anyone", rights("l"), ada));
  EXPECT_EQ(of(list, bob), "si");
  EXPECT_EQ(of(list, "eve@example.org"), "r");
}

TEST(AccessList, TheOwnerKeepsTheKeys) {
  AccessList list;
  EXPECT_TRUE(list.set(ada, rights("r"), ada));
  EXPECT_EQ(of(list, ada), "lra");
  EXPECT_TRUE(list.set(ada, Rights(), ada));
  EXPECT_EQ(of(list, ada), "la");
  EXPECT_TRUE(list.set("-" + std::string(ada), Rights::all(), ada));
  EXPECT_EQ(of(list, ada), "la");
  EXPECT_TRUE(list.set(ada, Rights::all(), ada));
  EXPECT_EQ(of(list, ada), "la");  // still denied
  EXPECT_TRUE(list.set("-" + std::string(ada), Rights(), ada));
  EXPECT_EQ(list.encode(), "");
}

TEST(AccessList, IsReadAsItWasWritten) {
  AccessList list;
  EXPECT_TRUE(list.set("a b@example.org", rights("lr"), ada));
  EXPECT_TRUE(list.set("-anyone", rights("x"), ada));
  EXPECT_TRUE(list.set(ada, Rights(), ada));
  EXPECT_EQ(list.encode(), "lr a b@example.org\nx -anyone\n ada@example.org\n");
  const auto read = AccessList::parse(list.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries(), list.entries());
  EXPECT_EQ(read->told(ada).front(), AccessList::Entry(ada, rights("la")));
  EXPECT_EQ(read->told(ada).size(), 3U);
  for (const char* bad : {"lr x", "x\n", "q x\n", "lr \n", "lr -\n", "lr x\nr x\n", "lr \x01\n"}) {
    EXPECT_FALSE(AccessList::parse(bad)) << bad;
  }
}

TEST(AccessList, HasAnEnd) {
  AccessList list;
  for (std::size_t i = 0; i < access_entries_max; ++i) {
    EXPECT_TRUE(list.set("u" + std::to_string(i), rights("l"), ada));
  }
  EXPECT_FALSE(list.set("one more", rights("l"), ada));
  EXPECT_TRUE(list.set("u0", rights("lr"), ada));  // one that is there
  EXPECT_FALSE(list.set("one more", rights("l"), ada));
  EXPECT_TRUE(list.set("u0", Rights(), ada));
  EXPECT_FALSE(list.set(std::string(identifier_octets_max + 1, 'x'), rights("l"), ada));
  EXPECT_FALSE(list.set("a\nb", rights("l"), ada));
  EXPECT_TRUE(list.set("one more", rights("l"), ada));
}

}  // namespace
}  // namespace postrider::imap
