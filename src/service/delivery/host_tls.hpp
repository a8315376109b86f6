#pragma once

#include "item.hpp"

#include <optional>
#include <string>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/report/tlsrpt.hpp>
#include <postrider/codec/smtp/reply.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_session.hpp>
#include <postrider/net/tls_trust.hpp>

namespace postrider::delivery {

// What TLS with one host of a target must be: the target's policy, and what the host's TLSA records
// say (RFC 7672 2.2). Precedence: docs/tls_policy.md.
struct HostTls {
  enum class Check : std::uint8_t {
    nothing,      // whoever answers
    pkix,         // a chain to our trust anchors, for the host's name
    dane,         // one of `records`
    fingerprint,  // one of the policy's
  };
  Check check = Check::nothing;
  bool is_off = false;
  bool is_mandatory = false;
  bool wants_requiretls = false;        // RFC 8689: the host must offer it
  bool is_sts_testing = false;          // PKIX and the name are looked at, for the report only
  bool is_sts_name_wrong = false;       // in testing: the policy does not name the host
  std::vector<dns::Tlsa> records;       // dane
  std::vector<std::string> references;  // dane: names of the host, without the recipients' domain
  report::TlsPolicyType report_as = report::TlsPolicyType::no_policy_found;
  // Sessions are resumed only between equal ones.
  std::string key;
};

// Why a host must not be used under the policy, or a session was not what it asks for.
struct TlsObjection {
  smtp::EnhancedCode enhanced{4, 7, 5};
  std::string text;
  report::TlsFailureType type = report::TlsFailureType::validation_failure;
  bool is_permanent = false;  // the message can't have what it requires (RFC 8689)
  // Whose policy it breaks (RFC 8460 4.4), where the plan does not get to say it.
  report::TlsPolicyType report_as = report::TlsPolicyType::no_policy_found;
};

// Looks the host's TLSA records up where the policy says so.
[[nodiscard]] engine::Task<Result<HostTls, TlsObjection>> plan_host_tls(net::Resolver& resolver,
                                                                        const Target& target,
                                                                        std::string host,
                                                                        std::uint16_t port,
                                                                        engine::Until until);

struct JudgedSession {
  std::optional<TlsObjection> objection;  // nothing may be sent
  std::optional<TlsObjection> remark;     // for the report; mail goes on
  // The certificate names the recipients' domain and not the host: good for them alone.
  bool only_for_domain = false;
};
// After a handshake, for what the handshake itself has not checked. `anchors` may be null.
// Cost: up to some signature checks; call it in a heavy step.
[[nodiscard]] JudgedSession judge_session(const HostTls& plan, const Target& target,
                                          const std::string& host, const net::TlsSession& session,
                                          const net::TrustAnchors* anchors, WallTime now);

// RFC 8460 4.3, from what the TLS library found.
[[nodiscard]] report::TlsFailureType failure_type(std::optional<net::TlsErrorKind> kind);

}  // namespace postrider::delivery
