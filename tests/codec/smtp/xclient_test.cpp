#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/smtp/xclient.hpp>

namespace postrider::smtp {
namespace {

TEST(Xclient, ReadsWhatIsSaidAndLeavesTheRest) {
  const auto all = parse_xclient(
      "NAME=Spike.Example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=client+2Eexample "
      "DESTADDR=198.51.100.1 DESTPORT=25 LOGIN=[UNAVAILABLE]");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->name, "spike.example");
  EXPECT_EQ(all->address, IpAddress::parse("192.0.2.7"));
  EXPECT_EQ(all->port, 4711);
  EXPECT_EQ(all->extended, true);
  EXPECT_EQ(all->helo, "client.example");
  const auto some = parse_xclient("addr=ipv6:2001:db8::1");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->address, IpAddress::parse("2001:db8::1"));
  EXPECT_FALSE(some->name || some->port || some->helo || some->extended);
  const auto nothing = parse_xclient("ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL] PORT=[UNAVAILABLE]");
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->is_address_unknown);
  EXPECT_FALSE(nothing->address);
  EXPECT_EQ(nothing->name, "");
  EXPECT_EQ(nothing->port, 0);
}

TEST(Xclient, RefusesWhatIsNotOffered) {
  for (const std::string argument :
       {"", " ", "ADDR", "ADDR=", "=x", "ADDR=1.2.3", "ADDR=1.2.3.4 addr=1.2.3.4", "PORT=65536",
        "PORT=-1", "PROTO=LMTP", "HELO=a b", "HELO=a+0D+0AMAIL", "HELO=a+0", "NAME=a(b",
        "LOGIN=user", "UNKNOWN=1", "ADDR=1.2.3.4 junk", "DESTADDR=x", "DESTPORT=x"}) {
    EXPECT_FALSE(parse_xclient(argument)) << argument;
  }
}

}  // namespace
}  // namespace postrider::smtp
