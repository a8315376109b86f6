#include <postrider/policy/reverse_name.hpp>

namespace postrider::policy {
namespace {

std::string labels_of(const IpAddress& address) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  if (address.family() == IpFamily::v4) {
    for (std::size_t i = 4; i-- > 0;) {
      out += std::to_string(address.octets()[i]) + '.';
    }
    return out;
  }
  for (std::size_t i = 16; i-- > 0;) {
    const std::uint8_t octet = address.octets()[i];
    out += {hex[octet & 0xf], '.', hex[octet >> 4], '.'};
  }
  return out;
}

}  // namespace

std::string reverse_name(const IpAddress& address) {
  return reverse_name(address, address.family() == IpFamily::v4 ? "in-addr.arpa" : "ip6.arpa");
}

std::string reverse_name(const IpAddress& address, const std::string& zone) {
  return labels_of(address) + zone;
}

}  // namespace postrider::policy
