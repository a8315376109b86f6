#include <gtest/gtest.h>

#include <postrider/base/address_literal.hpp>

namespace postrider {
namespace {

TEST(AddressLiteral, ReadsBothForms) {
  EXPECT_EQ(parse_address_literal("[192.0.2.1]"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(parse_address_literal("[IPv6:2001:db8::1]"), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(parse_address_literal("[ipv6:2001:DB8::1]"), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(parse_address_literal("[IPv6:::ffff:192.0.2.1]"), IpAddress::parse("192.0.2.1"));
}

TEST(AddressLiteral, RefusesTheRest) {
  for (const std::string text :
       {"", "[", "[]", "192.0.2.1", "[192.0.2.1", "[192.0.2]", "[192.0.2.256]", "[2001:db8::1]",
        "[IPv6:192.0.2.1]", "[IPv6:2001:db8::1%eth0]", "[IPv6:]", "[ 192.0.2.1]", "[x400:whatever]",
        "[192.0.2.1]]"}) {
    EXPECT_EQ(parse_address_literal(text), std::nullopt) << text;
  }
}

TEST(AddressLiteral, EncodedReadsBack) {
  for (const std::string text : {"192.0.2.1", "2001:db8::1"}) {
    const auto address = IpAddress::parse(text);
    EXPECT_EQ(parse_address_literal(encode_address_literal(*address)), address);
  }
}

}  // namespace
}  // namespace postrider
