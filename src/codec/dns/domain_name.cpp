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
  std::string_view label;
  for (std::size_t at = 0; at <= text.size(); at += label.size() + 1) {
    label = text.substr(at, text.find('.', at) - at);
    if (!is_host_label(label)) {
      return false;
    }
  }
  // No top-level domain is a number (RFC 3696 2): such a name is an address that somebody mistook
  // for a name.
  return !std::ranges::all_of(label, is_ascii_digit);
}

}  // namespace postrider::dns
