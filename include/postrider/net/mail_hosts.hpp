#pragma once

#include <string>
#include <variant>
#include <vector>

#include <postrider/net/resolver.hpp>

namespace postrider::net {

// Of an answer, the hosts in front by preference are used; of a host, the addresses drawn first.
inline constexpr std::size_t mx_hosts_max = 32;
inline constexpr std::size_t host_addresses_max = 32;

// RFC 5321 5.1: where mail for a domain goes.
struct MailHost {
  std::string name;  // lower case; the address text for a literal
  std::uint16_t preference = 0;
};

struct MailHosts {
  std::vector<MailHost> hosts;  // in order of preference, shuffled among equals
  bool implicit = false;        // no MX: the domain itself (RFC 5321 5.1)
  // Of the MX answer; without MX, of what says so and of the addresses: the worse.
  DnsSecurity security = DnsSecurity::indeterminate;
  std::string why_insecure;          // for people; empty if secure
  std::string site;                  // key of the set of hosts: equal sets, equal key
  std::vector<std::string> dropped;  // targets that are no host, and why: for people
};

enum class MailHostsFailure : std::uint8_t {
  null_mx,         // RFC 7505: 556 5.1.10, permanent
  no_such_domain,  // NXDOMAIN: 5.1.2, permanent
  no_hosts,        // neither MX nor address: 5.4.4, permanent
  loops_to_us,     // we are the best host left: 5.4.6, permanent
  temporary,       // DNS: 4.4.3, defer
  bogus,           // DNSSEC says forged: 4.7.5, defer
};
struct MailHostsError {
  MailHostsFailure kind{};
  std::string text;
  DnsSecurity security = DnsSecurity::indeterminate;  // of the answer that says so
};

struct MailHostsQuery {
  std::string domain;  // A-labels, or "[192.0.2.1]", "[IPv6:2001:db8::1]"
  std::vector<std::string>
      own_names;  // names of ours: hosts at or behind our preference are dropped
};

// Targets that no mail can go to are dropped: "." beside others (RFC 7505 3 forbids the mixture),
// localhost, addresses in place of names, what is no host name. Errors: text says which and why.
// Limits: mx_hosts_max of the answer are used, in order of preference.
engine::Task<Result<MailHosts, MailHostsError>> find_mail_hosts(Resolver& resolver, Random& random,
                                                                MailHostsQuery query,
                                                                engine::Until until);

struct HostAddresses {
  std::vector<IpAddress>
      addresses;  // IPv6 and IPv4 interleaved, IPv6 first (RFC 8305 4), shuffled within
  DnsStatus status = DnsStatus::temporary_failure;    // of the better family
  DnsSecurity security = DnsSecurity::indeterminate;  // of those found, the worse
  std::string reason;                                 // why there are none, or why not secure
};
struct AddressFamilies {
  bool v4 = true;
  bool v6 = true;
};
// The key of a set of hosts, in any order: their names, or a digest of them when they are many.
[[nodiscard]] std::string site_key(std::vector<std::string> names);

// A and AAAA side by side. An address text is its own answer. Left out: addresses that are nobody's
// (unspecified, multicast, broadcast). Limits: host_addresses_max.
engine::Task<HostAddresses> find_addresses(Resolver& resolver, Random& random, std::string host,
                                           AddressFamilies families, engine::Until until);

}  // namespace postrider::net
