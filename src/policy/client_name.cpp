#include <algorithm>
#include <utility>
#include <vector>

#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/policy/client_name.hpp>
#include <postrider/policy/reverse_name.hpp>

namespace postrider::policy {
namespace {

bool leads_to(const net::DnsAnswer& answer, const IpAddress& address) {
  return std::ranges::any_of(answer.records, [&address](const dns::Record& record) {
    const auto* found = std::get_if<IpAddress>(&record.data);
    return found != nullptr && *found == address;
  });
}

}  // namespace

std::string_view name_of(ClientNameStatus status) {
  switch (status) {
    case ClientNameStatus::confirmed:
      return "confirmed";
    case ClientNameStatus::unconfirmed:
      return "unconfirmed";
    case ClientNameStatus::none:
      return "none";
    case ClientNameStatus::unknown:
      return "unknown";
  }
  return "unknown";
}

engine::Task<ClientName> name_client(net::Resolver& resolver, IpAddress address,
                                     engine::Until until) {
  const auto pointers =
      co_await resolver.lookup(reverse_name(address), dns::RecordType::ptr, until);
  if (pointers->status == net::DnsStatus::temporary_failure) {
    co_return ClientName{};
  }
  std::vector<std::string> names;
  for (const dns::Record& record : pointers->records) {
    const auto* host = std::get_if<dns::HostName>(&record.data);
    // What is no host name could not be shown in Received.
    if (host != nullptr && dns::is_host_name(host->name) && names.size() < client_names_max) {
      names.push_back(host->name);
    }
  }
  if (names.empty()) {
    co_return ClientName{ClientNameStatus::none, {}};
  }
  const auto type = address.family() == IpFamily::v4 ? dns::RecordType::a : dns::RecordType::aaaa;
  std::vector<engine::Task<net::SharedAnswer>> lookups;
  lookups.reserve(names.size());
  for (const std::string& name : names) {
    lookups.push_back(resolver.lookup(name, type, until));
  }
  const auto answers = co_await engine::when_all(std::move(lookups));
  bool is_sure = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (leads_to(*answers[i], address)) {
      co_return ClientName{ClientNameStatus::confirmed, std::move(names[i])};
    }
    is_sure = is_sure && answers[i]->status != net::DnsStatus::temporary_failure;
  }
  co_return ClientName{is_sure ? ClientNameStatus::unconfirmed : ClientNameStatus::unknown, {}};
}

}  // namespace postrider::policy
