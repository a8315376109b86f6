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

}  // namespace postrider::dns
