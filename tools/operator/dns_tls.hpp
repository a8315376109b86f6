#pragma once

#include "server_sts.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/json.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/mail_hosts.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_trust.hpp>
#include <postrider/net/tlsa_lookup.hpp>
#include <postrider/policy/tls_policy.hpp>

namespace postrider::tools {

// What `postrider dns` needs to know of the configuration to say what TLS would be.
struct DnsTlsOrder {
  policy::TlsPolicy configured;  // delivery.tls, or the [[policy]] that fits
  bool has_rule = false;         // a [[policy]] fits: what the domain publishes does not count
  bool dane = true;
  bool mta_sts = true;
  std::uint16_t mta_sts_port = 443;
  std::uint16_t port = 25;
  std::string hostname = "localhost";                // for EHLO
  std::shared_ptr<const net::TrustAnchors> anchors;  // shared with contexts; null: none here
  std::optional<ServerSts> server_sts;               // of the server that runs, if one does
  bool connect = false;                              // and try a handshake with each host
};

struct HostTlsView {
  std::string host;
  net::TlsaAnswer::State tlsa = net::TlsaAnswer::State::none;
  std::string tlsa_why;              // of none and the failures
  std::vector<std::string> records;  // "3 1 1 8d02..."
  std::string policy;     // "dane", "mta-sts enforce", "opportunistic", "never used: ..."
  std::string handshake;  // with --connect; empty: not tried
};

struct DomainTlsView {
  std::string sts;  // "enforce", "testing", "none"; empty: the domain has none
  std::string sts_id;
  std::string sts_max_age;
  std::string sts_why;  // why there is none, or it can't be had
  std::vector<std::string> sts_mx;
  std::optional<ServerSts> server_sts;
  std::string policy;  // what results for the domain as a whole
  std::string why;
  std::string reports;  // where TLS reports go; empty: nowhere
  std::vector<HostTlsView> hosts;
};

// Asks DNS, the policy host and, if wanted, each host. The resolver outlives the Task.
[[nodiscard]] engine::Task<DomainTlsView> look_at_tls(engine::Reactor& reactor,
                                                      net::Resolver& resolver, std::string domain,
                                                      net::MailHosts hosts, DnsTlsOrder order);
// Members of the object that is open: the domain's, or one host's.
void encode_domain_tls(const DomainTlsView& view, JsonWriter& json);
void encode_host_tls(const HostTlsView& host, JsonWriter& json);
[[nodiscard]] std::string describe_tls(const DomainTlsView& view);

}  // namespace postrider::tools
