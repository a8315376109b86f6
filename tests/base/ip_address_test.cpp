#include <gtest/gtest.h>
#include <unordered_set>

#include <postrider/base/ip_address.hpp>

namespace postrider {
namespace {

TEST(IpAddress, WritesRfc5952Text) {
  const std::pair<const char*, const char*> rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equal runs
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // a single zero group stays
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},  // the longest run
      {"0:0:1:0:0:0:0:0", "0:0:1::"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"fe80::abcd:0:0:0", "fe80::abcd:0:0:0"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"::ffff:192.0.2.1", "192.0.2.1"},  // mapped becomes IPv4
      {"::ffff:c000:201", "192.0.2.1"},
  };
  for (const auto& [input, expected] : rows) {
    const auto address = IpAddress::parse(input);
    ASSERT_TRUE(address) << input;
    EXPECT_EQ(address->text(), expected) << input;
    EXPECT_EQ(IpAddress::parse(address->text()), address) << input;
  }
}

TEST(IpAddress, RefusesWhatIsNotExactlyAnAddress) {
  for (const char* input : {
           "",
           " ",
           "1",
           "1.2.3",
           "1.2.3.4.5",
           "1.2.3.",
           ".1.2.3",
           "1..2.3",
           "01.2.3.4",
           "1.2.3.04",
           "256.1.1.1",
           "1.2.3.999",
           "0x1.2.3.4",
           "+1.2.3.4",
           "1.2.3.4 ",
           " 1.2.3.4",
           "1.2.3.4\n",
           ":",
           ":::",
           "1:::2",
           "::1::",
           "1:2:3:4:5:6:7",
           "1:2:3:4:5:6:7:8:9",
           "12345::",
           "::g",
           ":1:2:3:4:5:6:7",
           "1:2:3:4:5:6:7:",
           "1:2:3:4:5:6:7::8",
           "::1.2.3",
           "1.2.3.4::",
           "::1.2.3.4:5",
           "1:2:3:4:5:6:7:1.2.3.4",
           "[::1]",
           "fe80::1%eth0",
           "::ffff:1.2.3.256",
           "1:2:3:4:5:6:7:8::",
           "99999999999.1.1.1",
       }) {
    EXPECT_FALSE(IpAddress::parse(input)) << input;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, KnowsItsKind) {
  EXPECT_TRUE(IpAddress::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_TRUE(IpAddress().is_unspecified());
  EXPECT_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
  EXPECT_NE(*IpAddress::parse("::"), *IpAddress::parse("0.0.0.0"));
  EXPECT_EQ(IpAddress::loopback(IpFamily::v6).text(), "::1");
  const std::unordered_set<IpAddress> set{*IpAddress::parse("::1"), IpAddress::loopback()};
  EXPECT_EQ(set.size(), 2U);
}

TEST(SocketAddress, ReadsBackWhatItWrites) {
  for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:25", "0.0.0.0:0", "[::]:65535"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:025",
                           "192.0.2.1:-1", "2001:db8::1:25", "[192.0.2.1]:25", "[::1]", "[::1]25",
                           "[]:25", "::1]:25", "[::1:25", "localhost:25", "1.2.3.4:2 5"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(IpNetwork, ContainsByPrefix) {
  struct Row {
    const char* network;
    const char* address;
    bool inside;
  };
  for (const Row& row : {
           Row{"10.0.0.0/8", "10.255.255.255", true},
           Row{"10.0.0.0/8", "11.0.0.0", false},
           Row{"10.0.0.0/8", "a00::", false},
           Row{"0.0.0.0/0", "255.1.2.3", true},
           Row{"0.0.0.0/0", "::1", false},
           Row{"::/0", "2001:db8::1", true},
           Row{"192.0.2.128/25", "192.0.2.127", false},
           Row{"192.0.2.128/25", "192.0.2.128", true},
           Row{"192.0.2.1", "192.0.2.1", true},
           Row{"192.0.2.1", "192.0.2.0", false},
           Row{"2001:db8::/33", "2001:db8:7fff::1", true},
           Row{"2001:db8::/33", "2001:db8:8000::1", false},
           Row{"::ffff:10.0.0.0/104", "10.1.2.3", true},
       }) {
    const auto network = IpNetwork::parse(row.network);
    ASSERT_TRUE(network) << row.network;
    EXPECT_EQ(network->contains(*IpAddress::parse(row.address)), row.inside)
        << row.network << ' ' << row.address;
  }
}

TEST(IpNetwork, RefusesHostBitsAndBadPrefixes) {
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "/8", "10.0.0.0/8/8",
        "10/8", "10.0.0.0/-1", "2001:db8::1/64", "", "::ffff:10.0.0.0/8", "1.0.0.0/0"}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
  EXPECT_EQ(IpNetwork::parse("::ffff:10.0.0.0/104")->text(), "10.0.0.0/8");
  EXPECT_EQ(IpNetwork::parse("192.0.2.1/32")->text(), "192.0.2.1");
  EXPECT_EQ(IpNetwork::parse("2001:db8::/32")->text(), "2001:db8::/32");
}

}  // namespace
}  // namespace postrider
