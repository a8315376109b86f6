#include <algorithm>
#include <utility>

#include <postrider/engine/when_all.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::net {

namespace {

// A mail host at such an address is a mistake, or a way to make us talk to ourselves (0.0.0.0).
bool is_nobodys(const IpAddress& address) {
  if (address.is_unspecified()) {
    return true;
  }
  const std::uint8_t first = address.octets()[0];
  return address.family() == IpFamily::v4 ? first == 0 || first >= 224 : first == 0xFF;
}

std::vector<IpAddress> usable_addresses(const SharedAnswer& answer, Random& random,
                                        std::string& reason) {
  std::vector<IpAddress> addresses;
  if (!answer || answer->status != DnsStatus::found) {
    return addresses;
  }
  for (const dns::Record& record : answer->records) {
    const auto& address = std::get<IpAddress>(record.data);
    if (is_nobodys(address)) {
      reason = address.text() + " is nobody's address";
    } else {
      addresses.push_back(address);
    }
  }
  for (std::size_t left = addresses.size(); left > 1; --left) {
    std::swap(addresses[left - 1], addresses[random.below(left)]);
  }
  return addresses;
}

std::vector<IpAddress> interleaved(const std::vector<IpAddress>& v6,
                                   const std::vector<IpAddress>& v4) {
  std::vector<IpAddress> all;
  const std::size_t turns = std::max(v6.size(), v4.size());
  for (std::size_t i = 0; i < turns; ++i) {
    for (const auto* family : {&v6, &v4}) {
      if (i < family->size() && all.size() < host_addresses_max) {
        all.push_back((*family)[i]);
      }
    }
  }
  return all;
}

// Of two answers without a usable address, the one that the host's fate hangs on: while one family
// may still turn up there is hope, and a name that one server knows exists.
const SharedAnswer& decisive(const SharedAnswer& a, const SharedAnswer& b) {
  const auto rank = [](const SharedAnswer& answer) {
    return !answer                                          ? 0
           : answer->security == DnsSecurity::bogus         ? 4
           : answer->status == DnsStatus::temporary_failure ? 3
           : answer->status == DnsStatus::no_such_name      ? 1
                                                            : 2;
  };
  return rank(a) >= rank(b) ? a : b;
}

HostAddresses merge(const SharedAnswer& v6, const SharedAnswer& v4, Random& random) {
  HostAddresses result;
  result.addresses = interleaved(usable_addresses(v6, random, result.reason),
                                 usable_addresses(v4, random, result.reason));
  if (!result.addresses.empty()) {
    result.status = DnsStatus::found;
    result.security = DnsSecurity::secure;
    result.reason.clear();
    for (const SharedAnswer& answer : {v6, v4}) {
      if (answer && answer->status == DnsStatus::found) {
        result.security = dns::worst(result.security, answer->security);
        result.reason = result.reason.empty() ? answer->reason : result.reason;
      }
    }
    return result;
  }
  const SharedAnswer& answer = decisive(v6, v4);
  if (!answer) {
    result.status = DnsStatus::no_data;
    result.reason = "no address family is in use";
    return result;
  }
  // Found, but nobody's: as if there were none.
  result.status = answer->status == DnsStatus::found ? DnsStatus::no_data : answer->status;
  result.security = answer->security;
  // That nothing is signed is no reason why there is nothing.
  if (result.reason.empty() && answer->security != DnsSecurity::insecure) {
    result.reason = answer->reason;
  }
  return result;
}

engine::Task<SharedAnswer> no_answer() {
  co_return nullptr;
}

}  // namespace

engine::Task<HostAddresses> find_addresses(Resolver& resolver, Random& random, std::string host,
                                           AddressFamilies families, engine::Until until) {
  if (const auto address = IpAddress::parse(host)) {
    const bool wanted = address->family() == IpFamily::v4 ? families.v4 : families.v6;
    HostAddresses result;
    result.status = wanted ? DnsStatus::found : DnsStatus::no_data;
    if (wanted) {
      result.addresses.push_back(*address);
    } else {
      result.reason = "its address family is not in use";
    }
    co_return result;
  }
  auto [v6, v4] = co_await engine::when_all(
      families.v6 ? resolver.lookup(host, dns::RecordType::aaaa, until) : no_answer(),
      families.v4 ? resolver.lookup(host, dns::RecordType::a, until) : no_answer());
  co_return merge(v6, v4, random);
}

}  // namespace postrider::net
