#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/filter/proxy_header.hpp>

namespace postrider::filter {
namespace {

using namespace std::string_literals;

SocketAddress at(std::string_view text) {
  return *SocketAddress::parse(text);
}

// By an implementation of CRC-32C apart from the one under test.
constexpr std::uint32_t crc_of_the_header = 0x127ae801;
const std::string v2_signature = "\r\n\r\n\0\r\nQUIT\n"s;

ProxyHeaderFound must_parse(const std::string& octets) {
  const auto parsed = parse_proxy_header(octets);
  EXPECT_TRUE(parsed && *parsed) << octets;
  return parsed && *parsed ? **parsed : ProxyHeaderFound{};
}

ProxyFailure must_fail(const std::string& octets) {
  const auto parsed = parse_proxy_header(octets);
  EXPECT_FALSE(parsed) << octets;
  return parsed ? ProxyFailure::none_there : parsed.error();
}

TEST(ProxyHeader, ReadsVersion1) {
  const std::string v4 = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 25\r\n";
  const auto found = must_parse(v4 + "EHLO x\r\n");
  EXPECT_EQ(found.octets, v4.size());
  EXPECT_EQ(found.header.source, at("192.0.2.1:4711"));
  EXPECT_EQ(found.header.destination, at("198.51.100.1:25"));
  EXPECT_EQ(must_parse("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n").header.source,
            at("[2001:db8::1]:1"));
  EXPECT_FALSE(must_parse("PROXY UNKNOWN\r\n").header.source);
  EXPECT_FALSE(must_parse("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n").header.source);
}

TEST(ProxyHeader, RefusesVersion1ThatIsNone) {
  for (const std::string line :
       {"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 25 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 04711 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n"}) {
    EXPECT_EQ(must_fail(line), ProxyFailure::malformed) << line;
  }
  EXPECT_EQ(must_fail("PROXY UNKNOWN " + std::string(100, 'x') + "\r\n"), ProxyFailure::too_long);
}

TEST(ProxyHeader, RefusesWhatIsNoHeader) {
  for (const std::string other : {"EHLO x\r\n"s, "PROXI TCP4"s, "\r\n\r\n\0\r\nQUIX"s, "\x16\x03"s,
                                  "proxy TCP4 "s, " PROXY"s}) {
    EXPECT_EQ(must_fail(other), ProxyFailure::none_there) << other;
  }
}

TEST(ProxyHeader, ReadsVersion2) {
  const std::string octets = encode_proxy_v2(at("192.0.2.1:4711"), at("198.51.100.1:25"));
  const auto found = must_parse(octets + "rest");
  EXPECT_EQ(found.octets, octets.size());
  EXPECT_EQ(found.header.source, at("192.0.2.1:4711"));
  EXPECT_EQ(found.header.destination, at("198.51.100.1:25"));
  // A health check speaks for itself, whatever addresses it gives.
  EXPECT_FALSE(must_parse(v2_signature + "\x20\x00\x00\x00"s).header.source);
  EXPECT_FALSE(must_parse(v2_signature + "\x20\x11\x00\x0c"s + std::string(12, 'x')).header.source);
  // Neither UDP nor a Unix socket names a client that we could know.
  EXPECT_FALSE(must_parse(v2_signature + "\x21\x12\x00\x0c"s + std::string(12, 'x')).header.source);
  EXPECT_FALSE(
      must_parse(v2_signature + "\x21\x31\x00\xd8"s + std::string(216, 'x')).header.source);
}

TEST(ProxyHeader, RefusesVersion2ThatIsNone) {
  EXPECT_EQ(must_fail(v2_signature + "\x11\x11\x00\x0c"s + std::string(12, 'x')),
            ProxyFailure::malformed);
  EXPECT_EQ(must_fail(v2_signature + "\x22\x11\x00\x0c"s + std::string(12, 'x')),
            ProxyFailure::malformed);
  EXPECT_EQ(must_fail(v2_signature + "\x21\x11\x00\x0b"s + std::string(11, 'x')),
            ProxyFailure::malformed);
  EXPECT_EQ(must_fail(v2_signature + "\x21\x21\x00\x0c"s + std::string(12, 'x')),
            ProxyFailure::malformed);
  EXPECT_EQ(must_fail(v2_signature + "\x21\x11\xff\xff"s), ProxyFailure::too_long);
  // TLVs that end past the header.
  EXPECT_EQ(must_fail(v2_signature + "\x21\x11\x00\x0e"s + std::string(12, 'x') + "\x04\x00"s),
            ProxyFailure::malformed);
  EXPECT_EQ(must_fail(v2_signature + "\x21\x11\x00\x10"s + std::string(12, 'x') + "\x04\x00\x02x"s),
            ProxyFailure::malformed);
}

TEST(ProxyHeader, ChecksTheChecksumWhereThereIsOne) {
  std::string octets = v2_signature + "\x21\x11\x00\x13"s + "\xc0\x00\x02\x01\xc6\x33\x64\x01"s +
                       "\x12\x67\x00\x19"s + "\x03\x00\x04"s;
  const auto with = [&](std::uint32_t crc) {
    std::string out = octets;
    for (int shift = 24; shift >= 0; shift -= 8) {
      out += static_cast<char>(crc >> shift);
    }
    return out;
  };
  EXPECT_EQ(must_parse(with(crc_of_the_header)).header.source, at("192.0.2.1:4711"));
  EXPECT_EQ(must_fail(with(crc_of_the_header ^ 1)), ProxyFailure::malformed);
  octets[18] = '\x03';  // another address
  EXPECT_EQ(must_fail(with(crc_of_the_header)), ProxyFailure::malformed);
}

TEST(ProxyHeader, AnyCutWaitsForTheRest) {
  for (const auto& [source, destination] :
       {std::pair(at("192.0.2.1:1"), at("192.0.2.2:65535")),
        std::pair(at("[2001:db8::1]:0"), at("[2001:db8::2]:25"))}) {
    for (const std::string& whole :
         {encode_proxy_v1(source, destination), encode_proxy_v2(source, destination)}) {
      for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto parsed = parse_proxy_header(std::string_view(whole).substr(0, size));
        EXPECT_TRUE(parsed && !*parsed) << size;
      }
      const auto found = must_parse(whole);
      EXPECT_EQ(found.header, (ProxyHeader{source, destination}));
      EXPECT_EQ(found.octets, whole.size());
    }
  }
}

}  // namespace
}  // namespace postrider::filter
