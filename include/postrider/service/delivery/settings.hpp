#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/policy/retry_schedule.hpp>
#include <postrider/policy/route.hpp>
#include <postrider/policy/tls_policy.hpp>

namespace postrider::delivery {

// Every limit of delivery. Those of sites are for the whole process.
struct DeliverySettings {
  std::string hostname;                // EHLO name, and where reports come from
  std::string authserv_id;             // our name in Authentication-Results
  std::vector<std::string> own_names;  // further names of ours: MX loops end there (5.4.6)
  std::uint16_t port = 25;
  bool ipv4 = true;
  bool ipv6 = true;
  std::vector<IpAddress> sources;  // local addresses; a tenant keeps to one a family; none: any

  policy::RetrySettings retry;
  policy::RouteTable routes;
  policy::TlsPolicyTable tls;
  bool dane = true;  // TLSA records count where the answers are secure (RFC 7672)
  smtp::ClientTimeouts timeouts;

  std::uint32_t window = 20'000;            // deliveries in memory, per core
  std::uint64_t hot_octets = 64ULL << 20;   // message bodies kept from the commit, per core
  std::uint32_t connections = 2'000;        // per core
  std::uint32_t connections_per_site = 20;  // all cores
  std::uint32_t connections_at_start = 5;   // of a site that has not been seen to work, all cores
  std::uint32_t messages_per_connection = 1'000;
  std::uint32_t recipients_per_transaction = 100;  // RFC 5321 4.5.3.1.8
  std::uint32_t lookups = 200;                     // domains being resolved at a time, per core

  Duration idle_connection{std::chrono::seconds(10)};
  Duration connect_timeout{std::chrono::seconds(30)};
  Duration tls_timeout{std::chrono::seconds(60)};
  Duration dns_timeout{std::chrono::seconds(30)};
  Duration policy_timeout{std::chrono::seconds(65)};  // for a domain's MTA-STS policy
  // Further hosts are not begun once this has passed since the attempt began.
  Duration hosts_budget{std::chrono::minutes(6)};
  std::uint32_t hosts_max = 10;  // addresses tried in one attempt

  // A site none of whose hosts could be used is left alone for so long, doubled each time.
  Duration suspend_first{std::chrono::seconds(30)};
  Duration suspend_max{std::chrono::minutes(10)};
  // A host that failed is asked last so long; less if a retry comes sooner (demotion_time).
  Duration host_memory{std::chrono::minutes(5)};
  // An address family that a site has refused us on by policy is used last.
  Duration family_memory{std::chrono::hours(1)};
  // As is one that broke off when it may have taken a message: past that one's next attempts.
  Duration doubt_memory{std::chrono::hours(1)};
  Duration plain_memory{std::chrono::hours(1)};  // a host whose TLS is broken is spoken to in plain

  // A message that was being delivered when the process died, this often, is held.
  std::uint32_t crashes_before_hold = 10;
};

}  // namespace postrider::delivery
