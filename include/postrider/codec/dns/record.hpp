#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <postrider/base/ip_address.hpp>

namespace postrider::dns {

enum class RecordType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  dname = 39,
  ds = 43,
  rrsig = 46,
  nsec = 47,
  dnskey = 48,
  nsec3 = 50,
  tlsa = 52,
};
[[nodiscard]] std::string_view describe(RecordType type);

// Names are lower-case presentation text without the final dot ("mx1.example.org"; the root is ""),
// special octets escaped as RFC 1035 5.1 says.
struct Mx {
  std::uint16_t preference = 0;
  std::string host;
  friend bool operator==(const Mx&, const Mx&) = default;
};
struct Tlsa {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching_type = 0;
  std::string data;  // octets
  friend bool operator==(const Tlsa&, const Tlsa&) = default;
};
struct Soa {
  std::string primary;
  std::uint32_t minimum = 0;
  friend bool operator==(const Soa&, const Soa&) = default;
};
struct Txt {
  std::string text;  // the character-strings joined
  friend bool operator==(const Txt&, const Txt&) = default;
};
struct HostName {  // CNAME, NS, PTR
  std::string name;
  friend bool operator==(const HostName&, const HostName&) = default;
};
struct Opaque {  // everything else, as wire RDATA
  std::string rdata;
  friend bool operator==(const Opaque&, const Opaque&) = default;
};

struct Record {
  std::string owner;
  RecordType type{};
  std::uint32_t ttl = 0;
  std::variant<IpAddress, Mx, Tlsa, Soa, Txt, HostName, Opaque> data;
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace postrider::dns
