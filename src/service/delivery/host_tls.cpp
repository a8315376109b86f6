#include "host_tls.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/net/tls_dane.hpp>
#include <postrider/net/tlsa_lookup.hpp>

namespace postrider::delivery {

namespace {

using policy::TlsLevel;
using report::TlsFailureType;
using report::TlsPolicyType;
using Check = HostTls::Check;

constexpr smtp::EnhancedCode requiretls_unsupported{5, 7, 30};  // RFC 8689 7

HostTls plan_by_level(const policy::TlsPolicy& policy) {
  HostTls out;
  out.is_off = policy.level == TlsLevel::off && !policy.is_mandatory();
  out.is_mandatory = policy.is_mandatory();
  if (policy.level == TlsLevel::verified) {
    out.check = Check::pkix;
  } else if (policy.level == TlsLevel::fingerprint) {
    out.check = Check::fingerprint;
  }
  return out;
}

std::string key_of_records(const std::vector<dns::Tlsa>& records) {
  std::vector<std::string> texts;
  for (const dns::Tlsa& record : records) {
    texts.push_back(fmt::format("{} {} {} {}", record.usage, record.selector, record.matching_type,
                                encode_hex(record.data)));
  }
  std::ranges::sort(texts);
  std::string all;
  for (const std::string& text : texts) {
    all += text + "\n";
  }
  return "dane " + encode_hex(sha256(all).view().substr(0, 16));
}

// What MTA-STS adds for this host, where DANE says nothing (RFC 8461 2: DANE wins).
std::optional<TlsObjection> apply_sts(HostTls& plan, const policy::StsPolicy& sts,
                                      const std::string& host) {
  plan.report_as = TlsPolicyType::sts;
  const bool is_named = sts.permits(host);
  if (sts.mode == policy::StsMode::testing) {
    plan.is_sts_testing = true;
    plan.is_sts_name_wrong = !is_named;
    return std::nullopt;
  }
  if (!is_named) {
    return TlsObjection{{4, 7, 5},
                        "the domain's MTA-STS policy does not name " + host +
                            " among its hosts: nothing is sent there",
                        TlsFailureType::validation_failure,
                        false,
                        TlsPolicyType::sts};
  }
  if (plan.check == Check::nothing) {
    plan.check = Check::pkix;
  }
  return std::nullopt;
}

// RFC 8689 4.2.1: the host must be known by DNSSEC or MTA-STS, and prove who it is.
std::optional<TlsObjection> apply_require_tls(HostTls& plan, const Target& target,
                                              const std::string& host) {
  const policy::TlsPolicy& policy = target.tls;
  const bool by_sts = policy.sts && policy.sts->permits(host);
  if (!target.is_authentic && !by_sts) {
    return TlsObjection{requiretls_unsupported,
                        "the message requires TLS (REQUIRETLS), and the domain says by neither "
                        "DNSSEC nor MTA-STS who its hosts are",
                        TlsFailureType::dane_required, true};
  }
  if (plan.check == Check::nothing) {
    plan.check = Check::pkix;
  }
  plan.wants_requiretls = true;
  return std::nullopt;
}

std::string key_of(const HostTls& plan, const policy::TlsPolicy& policy) {
  switch (plan.check) {
    case Check::dane:
      return key_of_records(plan.records);
    case Check::pkix:
      return "pkix";
    case Check::fingerprint: {
      std::string all;
      for (const std::string& fingerprint : policy.fingerprints) {
        all += fingerprint;
      }
      return "fingerprint " + encode_hex(sha256(all).view().substr(0, 16));
    }
    case Check::nothing:
      break;
  }
  return plan.is_sts_testing ? "sts-testing" : "nothing";
}

}  // namespace

engine::Task<Result<HostTls, TlsObjection>> plan_host_tls(net::Resolver& resolver,
                                                          const Target& target, std::string host,
                                                          std::uint16_t port, engine::Until until) {
  const policy::TlsPolicy& policy = target.tls;
  HostTls plan = plan_by_level(policy);
  if (policy.dane) {
    net::TlsaAnswer found = co_await net::find_tlsa(resolver, host, port, until);
    using State = net::TlsaAnswer::State;
    if (found.state == State::temporary_failure || found.state == State::bogus) {
      co_return failure(
          TlsObjection{{4, 7, 5},
                       fmt::format("the TLSA records of {} can't be had ({}), so that "
                                   "nobody knows whether it is the right host",
                                   host, found.reason),
                       TlsFailureType::dnssec_invalid,
                       false,
                       TlsPolicyType::tlsa});
    }
    if (found.state == State::found) {
      plan.check = Check::dane;
      plan.is_mandatory = true;
      plan.report_as = TlsPolicyType::tlsa;
      plan.records = std::move(found.records);
      plan.references = std::move(found.reference_names);
    }
  }
  if (plan.check != Check::dane && policy.sts) {
    if (auto objection = apply_sts(plan, *policy.sts, host)) {
      co_return failure(*std::move(objection));
    }
  }
  if (policy.require_tls) {
    if (auto objection = apply_require_tls(plan, target, host)) {
      co_return failure(*std::move(objection));
    }
  }
  plan.key = key_of(plan, policy);
  co_return plan;
}

namespace {

JudgedSession judge_dane(const HostTls& plan, const Target& target, const net::TlsSession& session,
                         WallTime now) {
  JudgedSession out;
  net::DaneResult result =
      net::verify_dane(session.peer_chain(), plan.records, plan.references, now);
  if (result.verdict == net::DaneVerdict::no_match) {
    // RFC 7672 3.2.2: the certificate may also name the recipients' domain. Such a connection is
    // nobody else's.
    std::vector<std::string> names = plan.references;
    names.push_back(target.domain);
    if (net::verify_dane(session.peer_chain(), plan.records, names, now).verdict ==
        net::DaneVerdict::matched) {
      out.only_for_domain = true;
      return out;
    }
    out.objection =
        TlsObjection{{4, 7, 5}, "DANE: " + result.text, TlsFailureType::validation_failure, false};
  } else if (result.verdict == net::DaneVerdict::unusable) {
    TlsObjection remark{{4, 7, 5}, "DANE: " + result.text, TlsFailureType::tlsa_invalid, false};
    // RFC 7672 3.1.3: encrypted is enough, but not for who requires a proof (RFC 8689 4.2.1).
    (plan.wants_requiretls ? out.objection : out.remark) = std::move(remark);
  }
  return out;
}

std::optional<TlsObjection> remark_on_testing(const HostTls& plan, const std::string& host,
                                              const net::TlsSession& session,
                                              const net::TrustAnchors* anchors) {
  if (plan.is_sts_name_wrong) {
    return TlsObjection{{4, 7, 5},
                        "the MTA-STS policy does not name the host",
                        TlsFailureType::validation_failure,
                        false};
  }
  if (anchors == nullptr) {
    return std::nullopt;
  }
  const auto verified = anchors->verify(session.peer_chain(), host);
  return verified
             ? std::nullopt
             : std::optional(TlsObjection{
                   {4, 7, 5}, verified.error().text, failure_type(verified.error().kind), false});
}

}  // namespace

JudgedSession judge_session(const HostTls& plan, const Target& target, const std::string& host,
                            const net::TlsSession& session, const net::TrustAnchors* anchors,
                            WallTime now) {
  JudgedSession out;
  const auto& chain = session.peer_chain();
  switch (plan.check) {
    case Check::dane:
      return judge_dane(plan, target, session, now);
    case Check::fingerprint: {
      const Sha256Digest digest = chain.empty() ? Sha256Digest{} : sha256(chain.front());
      if (chain.empty() || std::ranges::find(target.tls.fingerprints, digest.view()) ==
                               target.tls.fingerprints.end()) {
        out.objection =
            TlsObjection{{4, 7, 5},
                         "the server's certificate is none of those that the policy names",
                         TlsFailureType::certificate_not_trusted,
                         false};
      }
      return out;
    }
    case Check::pkix:  // the handshake has checked it
    case Check::nothing:
      break;
  }
  if (plan.is_sts_testing) {
    out.remark = remark_on_testing(plan, host, session, anchors);
  }
  return out;
}

report::TlsFailureType failure_type(std::optional<net::TlsErrorKind> kind) {
  switch (kind.value_or(net::TlsErrorKind::protocol)) {
    case net::TlsErrorKind::certificate_expired:
      return TlsFailureType::certificate_expired;
    case net::TlsErrorKind::certificate_name:
      return TlsFailureType::certificate_host_mismatch;
    case net::TlsErrorKind::certificate_untrusted:
      return TlsFailureType::certificate_not_trusted;
    default:
      return TlsFailureType::validation_failure;
  }
}

}  // namespace postrider::delivery
