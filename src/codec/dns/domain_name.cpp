#include "ldns_records.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>

namespace postrider::dns {

namespace {

bool is_host_label(std::string_view label) {
  const auto is_allowed = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= label_octets_max && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, is_allowed);
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view text) {
  if (text.empty()) {
    return std::string();
  }
  const RdfHandle name = to_rdf(text);
  return name ? std::optional(to_text(*name)) : std::nullopt;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > host_name_octets_max) {
    return false;
  }
  std::string_view last;
  for (const std::string_view label : split(text, '.')) {
    if (!is_host_label(label)) {
      return false;
    }
    last = label;
  }
  // No top-level domain is a number (RFC 3696 2): such a name is an address that somebody mistook
  // for a name.
  return !std::ranges::all_of(last, is_ascii_digit);
}

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
  if (v6 != text.contains(':')) {
    return std::nullopt;
  }
  return IpAddress::parse(text);
}

std::string encode_address_literal(const IpAddress& address) {
  return (address.family() == IpFamily::v6 ? "[IPv6:" : "[") + address.text() + "]";
}

}  // namespace postrider::dns
