#include <algorithm>
#include <utility>

#include <postrider/base/address_literal.hpp>
#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::net {

namespace {

using HostsResult = Result<MailHosts, MailHostsError>;

std::unexpected<MailHostsError> failed(MailHostsFailure kind, std::string text) {
  return failure(MailHostsError{.kind = kind, .text = std::move(text)});
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[random.below(left)]);
  }
}

bool is_own(const MailHostsQuery& query, std::string_view name) {
  return std::ranges::any_of(
      query.own_names, [name](const std::string& own) { return equals_ignoring_case(own, name); });
}

// Why no mail can go to this target; empty if it can.
std::string_view why_unusable(std::string_view host) {
  if (host.empty()) {
    return "a null MX beside others";
  }
  if (host == "localhost" || host.ends_with(".localhost")) {
    return "it names every host itself";
  }
  if (IpAddress::parse(host)) {
    return "an address in place of a name";
  }
  return dns::is_host_name(host) ? "" : "not a host name";
}

// The usable targets, each once with its best preference, the best first.
std::vector<MailHost> usable_hosts(const DnsAnswer& answer, std::vector<std::string>& dropped) {
  std::vector<MailHost> hosts;
  for (const dns::Record& record : answer.records) {
    const auto& mx = std::get<dns::Mx>(record.data);
    if (const std::string_view why = why_unusable(mx.host); !why.empty()) {
      dropped.push_back("\"" + quoted_for_log(mx.host.empty() ? "." : mx.host) +
                        "\": " + std::string(why));
      continue;
    }
    const auto known = std::ranges::find(hosts, mx.host, &MailHost::name);
    if (known == hosts.end()) {
      hosts.push_back({.name = mx.host, .preference = mx.preference});
    } else {
      known->preference = std::min(known->preference, mx.preference);
    }
  }
  return hosts;
}

std::vector<MailHost> in_order(std::vector<MailHost> hosts, Random& random) {
  shuffle(hosts, random);
  std::ranges::sort(hosts, {}, &MailHost::preference);  // shuffled: equals stay random
  if (hosts.size() > mx_hosts_max) {
    hosts.resize(mx_hosts_max);
  }
  return hosts;
}

std::string site_of(const std::vector<MailHost>& hosts) {
  std::vector<std::string> names;
  for (const MailHost& host : hosts) {
    names.push_back(host.name);
  }
  return site_key(std::move(names));
}

bool is_null_mx(const DnsAnswer& answer) {
  return std::ranges::all_of(answer.records, [](const dns::Record& record) {
    return std::get<dns::Mx>(record.data).host.empty();
  });
}

// RFC 5321 5.1: hosts at our own preference and behind it would send the mail back to us.
std::vector<MailHost> before_us(std::vector<MailHost> hosts, const MailHostsQuery& query) {
  std::uint32_t ours = 0x10000;
  for (const MailHost& host : hosts) {
    if (is_own(query, host.name)) {
      ours = std::min<std::uint32_t>(ours, host.preference);
    }
  }
  std::erase_if(hosts, [ours](const MailHost& host) { return host.preference >= ours; });
  return hosts;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : "; ") + text;
  }
  return out;
}

HostsResult from_mx(const DnsAnswer& answer, const MailHostsQuery& query, Random& random) {
  if (is_null_mx(answer)) {
    return failed(MailHostsFailure::null_mx, query.domain + " takes no mail (null MX)");
  }
  MailHosts result;
  result.security = answer.security;
  result.why_insecure = answer.reason;
  std::vector<MailHost> usable = usable_hosts(answer, result.dropped);
  if (usable.empty()) {
    return failed(MailHostsFailure::no_hosts,
                  "no MX of " + query.domain + " is a host: " + joined(result.dropped));
  }
  result.hosts = in_order(before_us(std::move(usable), query), random);
  if (result.hosts.empty()) {
    return failed(MailHostsFailure::loops_to_us,
                  "mail for " + query.domain + " loops back to us: we are its best MX");
  }
  result.site = site_of(result.hosts);
  return result;
}

HostsResult single_host(std::string name, DnsSecurity security, std::string why_insecure = "") {
  MailHosts result;
  result.implicit = true;
  result.security = security;
  result.why_insecure = std::move(why_insecure);
  result.site = name;
  result.hosts.push_back({.name = std::move(name), .preference = 0});
  return result;
}

std::unexpected<MailHostsError> temporary(const MailHostsQuery& query, DnsSecurity security,
                                          const std::string& reason) {
  const bool is_bogus = security == DnsSecurity::bogus;
  return failure(
      MailHostsError{.kind = is_bogus ? MailHostsFailure::bogus : MailHostsFailure::temporary,
                     .text = "DNS of " + query.domain + ": " + reason,
                     .security = security});
}

// No MX: the domain is its own host, if it has an address (RFC 5321 5.1). The name after CNAMEs
// counts as the domain.
engine::Task<HostsResult> implicit_host(Resolver& resolver, Random& random,
                                        const MailHostsQuery& query, const DnsAnswer& no_mx,
                                        engine::Until until) {
  std::string name = no_mx.canonical_name;
  if (is_own(query, name) || is_own(query, query.domain)) {
    co_return failed(MailHostsFailure::loops_to_us,
                     "mail for " + query.domain + " loops back to us: it has no MX, and is us");
  }
  const HostAddresses found =
      co_await find_addresses(resolver, random, name, AddressFamilies{}, until);
  switch (found.status) {
    case DnsStatus::found:
      co_return single_host(std::move(name), dns::worst(no_mx.security, found.security),
                            no_mx.reason);
    case DnsStatus::no_such_name:
      co_return failed(MailHostsFailure::no_such_domain, query.domain + " does not exist");
    case DnsStatus::no_data:
      co_return failed(MailHostsFailure::no_hosts,
                       query.domain + " has neither MX nor address" +
                           (found.reason.empty() ? "" : " (" + found.reason + ")"));
    case DnsStatus::temporary_failure:
      break;
  }
  co_return temporary(query, found.security, found.reason);
}

// Of an answer that is about the MX alone.
HostsResult judge(const DnsAnswer& answer, const MailHostsQuery& query, Random& random) {
  if (answer.security != DnsSecurity::bogus && answer.status == DnsStatus::found) {
    return from_mx(answer, query, random);
  }
  if (answer.security != DnsSecurity::bogus && answer.status == DnsStatus::no_such_name) {
    return failed(MailHostsFailure::no_such_domain, query.domain + " does not exist");
  }
  return temporary(query, answer.security, answer.reason);
}

}  // namespace

std::string site_key(std::vector<std::string> names) {
  constexpr std::size_t readable_octets_max = 255;
  constexpr std::size_t digest_octets = 16;
  std::ranges::sort(names);
  const auto doubles = std::ranges::unique(names);
  names.erase(doubles.begin(), doubles.end());
  std::string key;
  for (const std::string& name : names) {
    key += (key.empty() ? "" : ",") + name;
  }
  if (key.size() <= readable_octets_max) {
    return key;
  }
  // ":" stands in no name: a digest is never taken for a set.
  return names.front() + "+" + std::to_string(names.size() - 1) + ":" +
         encode_hex(sha256(key).view().substr(0, digest_octets));
}

engine::Task<HostsResult> find_mail_hosts(Resolver& resolver, Random& random, MailHostsQuery query,
                                          engine::Until until) {
  if (const auto literal = parse_address_literal(query.domain)) {
    co_return single_host(literal->text(), DnsSecurity::indeterminate);
  }
  query.domain = to_lower(query.domain);
  if (!dns::is_host_name(query.domain)) {
    co_return failed(MailHostsFailure::no_such_domain,
                     "\"" + quoted_for_log(query.domain) + "\" is not a domain");
  }
  const SharedAnswer answer = co_await resolver.lookup(query.domain, dns::RecordType::mx, until);
  HostsResult result = answer->status == DnsStatus::no_data
                           ? co_await implicit_host(resolver, random, query, *answer, until)
                           : judge(*answer, query, random);
  if (!result && result.error().security == DnsSecurity::indeterminate) {
    result.error().security = answer->security;
  }
  co_return result;
}

}  // namespace postrider::net
