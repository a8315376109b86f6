#include <postrider/base/address_literal.hpp>
#include <postrider/base/text.hpp>

namespace postrider {

std::optional<IpAddress> parse_address_literal(std::string_view text) {
  constexpr std::string_view v6_tag = "IPv6:";
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return std::nullopt;
  }
  text = text.substr(1, text.size() - 2);
  const bool v6 = starts_with_ignoring_case(text, v6_tag);
  if (v6) {
    text.remove_prefix(v6_tag.size());
  }
  // Which form it is, the text says: a mapped address is an IPv6 text and an IPv4 address.
  return v6 == text.contains(':') ? IpAddress::parse(text) : std::nullopt;
}

std::string encode_address_literal(const IpAddress& address) {
  return (address.family() == IpFamily::v6 ? "[IPv6:" : "[") + address.text() + ']';
}

}  // namespace postrider
