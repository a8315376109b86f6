#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/net/tlsa_lookup.hpp>

namespace postrider::net {

namespace {

using State = TlsaAnswer::State;

TlsaAnswer unusable(const DnsAnswer& answer) {
  TlsaAnswer result;
  result.state = answer.security == DnsSecurity::bogus ? State::bogus : State::temporary_failure;
  result.reason = answer.reason;
  return result;
}

TlsaAnswer none(std::string reason) {
  TlsaAnswer result;
  result.reason = std::move(reason);
  return result;
}

bool is_failure(const DnsAnswer& answer) {
  return answer.status == DnsStatus::temporary_failure || answer.security == DnsSecurity::bogus;
}

bool is_secure_found(const DnsAnswer& answer) {
  return answer.status == DnsStatus::found && answer.security == DnsSecurity::secure;
}

// Which names may hold the records, the preferred first; or, without any, why.
struct BaseDomains {
  std::vector<std::string> names;
  TlsaAnswer otherwise;
};

// An address answer that is not secure as a whole may still begin with a secure CNAME: then the
// records stand at the name itself (RFC 7672 2.2.2).
engine::Task<BaseDomains> judge_alias(Resolver& resolver, const std::string& host,
                                      engine::Until until) {
  const SharedAnswer alias = co_await resolver.lookup(host, dns::RecordType::cname, until);
  BaseDomains bases;
  if (is_failure(*alias)) {
    bases.otherwise = unusable(*alias);
  } else if (is_secure_found(*alias)) {
    bases.names.push_back(host);
  } else {
    bases.otherwise = none("the addresses of " + host + " are not secure");
  }
  co_return bases;
}

engine::Task<BaseDomains> find_bases(Resolver& resolver, const std::string& host,
                                     engine::Until until) {
  const auto [v6, v4] =
      co_await engine::when_all(resolver.lookup(host, dns::RecordType::aaaa, until),
                                resolver.lookup(host, dns::RecordType::a, until));
  BaseDomains bases;
  for (const SharedAnswer& answer : {v6, v4}) {
    if (answer->security == DnsSecurity::bogus) {
      bases.otherwise = unusable(*answer);
      co_return bases;
    }
  }
  for (const SharedAnswer& answer : {v6, v4}) {
    if (is_secure_found(*answer)) {
      bases.names.push_back(answer->canonical_name);
      if (answer->canonical_name != host) {
        bases.names.push_back(host);
      }
      co_return bases;
    }
  }
  for (const SharedAnswer& answer : {v6, v4}) {
    if (is_failure(*answer)) {
      bases.otherwise = unusable(*answer);
      co_return bases;
    }
  }
  const SharedAnswer& found = v6->status == DnsStatus::found ? v6 : v4;
  if (found->status == DnsStatus::found && found->canonical_name != host) {
    co_return co_await judge_alias(resolver, host, until);
  }
  bases.otherwise = none("the addresses of " + host + " are not secure");
  co_return bases;
}

TlsaAnswer found_at(const DnsAnswer& answer, const std::string& base, const std::string& host) {
  TlsaAnswer result;
  if (answer.records.size() > tlsa_records_max) {
    result.state = State::temporary_failure;
    result.reason = std::to_string(answer.records.size()) + " TLSA records at " + answer.name +
                    ", more than the " + std::to_string(tlsa_records_max) + " that are used";
    return result;
  }
  result.state = State::found;
  for (const dns::Record& record : answer.records) {
    result.records.push_back(std::get<dns::Tlsa>(record.data));
  }
  result.base_domain = base;
  result.reference_names.push_back(base);
  if (base != host) {
    result.reference_names.push_back(host);
  }
  return result;
}

}  // namespace

engine::Task<TlsaAnswer> find_tlsa(Resolver& resolver, std::string host, std::uint16_t port,
                                   engine::Until until) {
  host = to_lower(host);
  if (IpAddress::parse(host)) {
    co_return none("an address has no TLSA records");
  }
  BaseDomains bases = co_await find_bases(resolver, host, until);
  if (bases.names.empty()) {
    co_return std::move(bases.otherwise);
  }
  for (const std::string& base : bases.names) {
    const std::string owner = "_" + std::to_string(port) + "._tcp." + base;
    const SharedAnswer answer = co_await resolver.lookup(owner, dns::RecordType::tlsa, until);
    if (is_failure(*answer)) {
      co_return unusable(*answer);
    }
    if (is_secure_found(*answer)) {
      co_return found_at(*answer, base, host);
    }
  }
  co_return none("no secure TLSA record at _" + std::to_string(port) + "._tcp." +
                 bases.names.front());
}

}  // namespace postrider::net
