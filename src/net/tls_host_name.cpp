#include <algorithm>
#include <arpa/inet.h>
#include <string>

#include <postrider/base/der.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_certificate.hpp>

namespace postrider::net {
namespace {

// The octets of an address in text form; empty for a name.
std::string address_octets(std::string_view host) {
  const std::string text(host);
  std::string octets(16, '\0');
  if (inet_pton(AF_INET, text.c_str(), octets.data()) == 1) {
    octets.resize(4);
    return octets;
  }
  return inet_pton(AF_INET6, text.c_str(), octets.data()) == 1 ? octets : std::string();
}

std::string_view without_root_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool is_within(std::string_view host, std::string_view subtree) {
  if (subtree.starts_with('.')) {
    subtree.remove_prefix(1);
  }
  if (subtree.empty() || equals_ignoring_case(host, subtree)) {
    return true;
  }
  return host.size() > subtree.size() && host[host.size() - subtree.size() - 1] == '.' &&
         equals_ignoring_case(host.substr(host.size() - subtree.size()), subtree);
}

struct Subtrees {
  std::vector<std::string_view> dns_names;
  bool has_addresses = false;
  bool is_readable = true;
};

// GeneralSubtrees: a list of { base GeneralName, minimum [0], maximum [1] }.
Subtrees read_subtrees(std::string_view content) {
  Subtrees subtrees;
  DerReader reader(content);
  while (!reader.at_end()) {
    const auto subtree = reader.next(der_tag::sequence);
    const auto base = subtree ? DerReader(subtree->content).next() : std::nullopt;
    if (!base) {
      subtrees.is_readable = false;
      break;
    }
    if (base->tag == der_tag::context_primitive(2)) {
      subtrees.dns_names.push_back(base->content);
    } else if (base->tag == der_tag::context_primitive(7)) {
      subtrees.has_addresses = true;
    }
  }
  return subtrees;
}

}  // namespace

bool presents_host(std::string_view presented, std::string_view host) {
  const auto pattern = without_root_dot(presented);
  host = without_root_dot(host);
  if (!pattern.starts_with("*.")) {
    return !pattern.empty() && equals_ignoring_case(pattern, host);
  }
  const auto rest = pattern.substr(1);
  const auto first_dot = host.find('.');
  // A whole top-level domain is nobody's.
  return first_dot != std::string_view::npos && first_dot > 0 && rest.substr(1).contains('.') &&
         equals_ignoring_case(rest, host.substr(first_dot));
}

bool is_certificate_for(const CertificateView& certificate, std::string_view host) {
  if (const auto octets = address_octets(host); !octets.empty()) {
    return std::ranges::find(certificate.addresses, std::string_view(octets)) !=
           certificate.addresses.end();
  }
  host = without_root_dot(host);
  return !host.empty() &&
         std::ranges::any_of(certificate.dns_names, [host](std::string_view pattern) {
           return presents_host(pattern, host);
         });
}

bool permits_host(std::string_view name_constraints, std::string_view host) {
  if (name_constraints.empty()) {
    return true;
  }
  const auto constraints = DerReader(name_constraints).next(der_tag::sequence);
  if (!constraints) {
    return false;
  }
  DerReader lists(constraints->content);
  const auto permitted_list = lists.next(der_tag::context(0));
  const auto excluded_list = lists.next(der_tag::context(1));
  const auto permitted = read_subtrees(permitted_list ? permitted_list->content : "");
  const auto excluded = read_subtrees(excluded_list ? excluded_list->content : "");
  if (!lists.at_end() || !permitted.is_readable || !excluded.is_readable) {
    return false;
  }
  if (!address_octets(host).empty()) {
    return !permitted.has_addresses && !excluded.has_addresses;
  }
  host = without_root_dot(host);
  const auto holds_host = [host](std::string_view subtree) { return is_within(host, subtree); };
  return (permitted.dns_names.empty() || std::ranges::any_of(permitted.dns_names, holds_host)) &&
         std::ranges::none_of(excluded.dns_names, holds_host);
}

}  // namespace postrider::net
