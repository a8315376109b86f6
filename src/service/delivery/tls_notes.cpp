#include "attempt.hpp"

#include <fmt/core.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>

// What an attempt adds to the TLS reports of its domain (RFC 8460).
namespace postrider::delivery {

namespace {

using report::TlsFailureType;
using report::TlsPolicyType;

// RFC 8460 4.4: the policy as it was applied.
void describe_policy(policy::TlsSessionFact& fact, const OpenRequest& request) {
  const policy::TlsPolicy& policy = request.target->tls;
  fact.type = request.tls.report_as;
  if (fact.type == TlsPolicyType::tlsa) {
    for (const dns::Tlsa& record : request.tls.records) {
      fact.policy_text.push_back(fmt::format("{} {} {} {}", record.usage, record.selector,
                                             record.matching_type, encode_hex(record.data)));
    }
  } else if (fact.type == TlsPolicyType::sts && policy.sts) {
    const std::string text = policy::encode_sts_policy(*policy.sts);
    for (const std::string_view line : split(text, '\n')) {
      if (!line.empty()) {
        fact.policy_text.emplace_back(line);
      }
    }
    fact.policy_mx = policy.sts->mx;
  }
}

TlsFailureType type_of(policy::StsFetchFailure failure) {
  switch (failure) {
    case policy::StsFetchFailure::unreachable:
      return TlsFailureType::sts_policy_fetch_error;
    case policy::StsFetchFailure::certificate:
      return TlsFailureType::sts_webpki_invalid;
    case policy::StsFetchFailure::invalid:
      return TlsFailureType::sts_policy_invalid;
  }
  return TlsFailureType::sts_policy_fetch_error;
}

}  // namespace

void Attempt::note_tls(const OpenRequest& request, const Result<Opening, OpenFailure>& opened) {
  const Target& target = *item_.target;
  if (doors_.reports == nullptr || !target.wants_reports || request.plain) {
    return;
  }
  policy::TlsSessionFact fact;
  fact.domain = target.domain;
  describe_policy(fact, request);
  fact.host = request.candidate.host;
  fact.receiving_ip = request.candidate.address.ip.text();
  if (!opened) {
    if (!opened.error().tls_type || opened.error().was_cancelled) {
      return;  // no word was spoken about TLS
    }
    fact.failure = opened.error().tls_type;
    fact.reason = opened.error().reply.text;
  } else {
    fact.sending_ip = opened->client->source;
    if (opened->client->tls.empty()) {
      fact.failure = TlsFailureType::starttls_not_supported;
    } else if (opened->remark) {
      fact.failure = opened->remark->type;
      fact.reason = opened->remark->text;
    }
  }
  if (!fact.failure && target.sts_failure && fact.type == TlsPolicyType::no_policy_found) {
    fact.type = TlsPolicyType::sts;
    fact.failure = type_of(target.sts_failure->kind);
    fact.reason = target.sts_failure->text;
  }
  doors_.reports->count(fact);
}

}  // namespace postrider::delivery
