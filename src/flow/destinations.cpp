#include "destinations.hpp"

#include <map>
#include <set>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>

namespace postrider::flow {

std::string destination_domain(std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string_view domain = at == address.npos ? std::string_view() : address.substr(at + 1);
  if (domain.starts_with('[')) {
    return std::string(domain);
  }
  const auto name = dns::to_a_label(domain);
  // RCPT has refused what is no domain; whoever enqueues otherwise gets its failure at delivery.
  return name ? *name : to_lower(domain);
}

std::vector<store::Destination> group_by_domain(const std::vector<store::Recipient>& recipients) {
  std::vector<store::Destination> out;
  std::map<std::string, std::size_t> index;
  std::set<std::string> seen;
  for (const store::Recipient& recipient : recipients) {
    std::string domain = destination_domain(recipient.address);
    store::Recipient entry = recipient;
    entry.address.replace(entry.address.rfind('@') + 1, std::string::npos, domain);
    const char kind = static_cast<char>(entry.local.kind);
    if (recipients.size() > 1 &&
        !seen.insert(entry.address + '\0' + kind + entry.local.name).second) {
      continue;
    }
    if (entry.local.kind != store::LocalKind::none) {
      out.push_back({std::move(domain), {std::move(entry)}});
      continue;
    }
    const auto [at, is_new] = index.try_emplace(domain, out.size());
    if (is_new) {
      out.push_back({std::move(domain), {}});
    }
    out[at->second].recipients.push_back(std::move(entry));
  }
  return out;
}

}  // namespace postrider::flow
