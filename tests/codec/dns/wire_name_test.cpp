#include <gtest/gtest.h>
#include <vector>

#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {
namespace {

WireName name(std::string_view text) {
  return WireName::from_text(text).value();
}

// RFC 4034 6.1's own example.
TEST(WireName, CanonicalOrder) {
  const std::vector<WireName> ordered{
      WireName(),          name("example"),        name("a.example"), name("yljkjljk.a.example"),
      name("Z.a.example"), name("zABC.a.EXAMPLE"), name("z.example"), name("\\001.z.example"),
      name("*.z.example"), name("\\200.z.example")};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(ordered[i] < ordered[j], i < j) << i << " " << j;
      EXPECT_EQ(ordered[i] == ordered[j], i == j);
    }
  }
}

TEST(WireName, Labels) {
  const WireName wild = name("*.A.b.example");
  EXPECT_EQ(wild.labels(), 4U);
  EXPECT_EQ(wild.signed_labels(), 3U);
  EXPECT_EQ(wild.first_label(), "*");
  EXPECT_EQ(wild.parent(), name("a.b.example"));
  EXPECT_EQ(wild.last(2), name("b.example"));
  EXPECT_EQ(wild.last(0), WireName());
  EXPECT_EQ(wild.last(9), wild);
  EXPECT_EQ(WireName().labels(), 0U);
  EXPECT_EQ(WireName().parent(), WireName());
  EXPECT_EQ(WireName().first_label(), "");
  EXPECT_EQ(WireName().shown(), ".");
  EXPECT_EQ(name("a.b").wildcard(), name("*.a.b"));
}

TEST(WireName, Below) {
  EXPECT_TRUE(name("a.b.example").is_below(name("b.example")));
  EXPECT_TRUE(name("b.example").is_at_or_below(name("b.example")));
  EXPECT_FALSE(name("b.example").is_below(name("b.example")));
  EXPECT_TRUE(name("example").is_below(WireName()));
  EXPECT_FALSE(name("xb.example").is_at_or_below(name("b.example")));
  // The octets of "\1b\7example" inside of a label.
  EXPECT_FALSE(name("a\\001b.example").is_at_or_below(name("b.example")));
  EXPECT_EQ(common_ancestor(name("a.b.c"), name("x.b.c")), name("b.c"));
  EXPECT_EQ(common_ancestor(name("a"), name("b")), WireName());
}

TEST(WireName, Renamed) {
  EXPECT_EQ(name("new.test").with_prefix_of(name("x.y.old.example"), name("old.example")),
            name("x.y.new.test"));
  EXPECT_EQ(name("new.test").with_prefix_of(name("x.example"), name("old.example")), std::nullopt);
  const std::string label(63, 'l');
  const WireName deep = name(label + "." + label + "." + label);
  EXPECT_EQ(deep.with_prefix_of(name(label + ".old"), name("old")), std::nullopt);
  EXPECT_EQ(name(label + "." + label + "." + label + "." + std::string(60, 'l')).wildcard(),
            std::nullopt);
}

TEST(WireName, Reading) {
  using namespace std::string_view_literals;
  EXPECT_EQ(WireName::read("\1A\2bC\0rest"sv), name("a.bc"));
  EXPECT_EQ(WireName::read("\0"sv), WireName());
  for (const std::string_view bad :
       {""sv, "\1"sv, "\1a"sv, "\2a\0"sv, "\xC0\x0C"sv, "\1a\xC0\0"sv, "\x40"sv}) {
    EXPECT_EQ(WireName::read(bad), std::nullopt);
  }
  const std::string label = "\x3F" + std::string(63, 'l');
  const std::string longest = label + label + label + "\x3D" + std::string(61, 'l') + '\0';
  EXPECT_EQ(longest.size(), 255U);
  EXPECT_TRUE(WireName::read(longest));
  EXPECT_FALSE(WireName::read(label + label + label + "\x3E" + std::string(62, 'l') + '\0'));
  EXPECT_EQ(name("A\\.b.example").text(), "a\\.b.example");
}

}  // namespace
}  // namespace postrider::dns
