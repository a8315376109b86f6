#include <algorithm>
#include <fmt/format.h>

#include <postrider/base/text.hpp>
#include <postrider/policy/inbound_verdict.hpp>

namespace postrider::policy {
namespace {

// ARC-Authentication-Results begin with their instance (RFC 8617 4.1.1): "i=1; mx.example.org;
// ...".
std::string_view without_instance(std::string_view results) {
  const std::string_view trimmed = trim_wsp(results);
  const std::size_t end = trimmed.find(';');
  return trimmed.starts_with("i") && end != trimmed.npos ? trimmed.substr(end + 1) : trimmed;
}

bool says_dmarc_passed(std::string_view results, std::string_view author_domain) {
  const auto parsed = mime::parse_authentication_results(without_instance(results));
  if (!parsed) {
    return false;
  }
  return std::ranges::any_of(parsed->results, [&](const mime::AuthenticationResult& result) {
    const auto names_author = [&](const mime::AuthenticationProperty& property) {
      return property.type == "header" && property.name == "from" &&
             equals_ignoring_case(property.value, author_domain);
    };
    return result.method == "dmarc" && result.result == "pass" &&
           std::ranges::any_of(result.properties, names_author);
  });
}

InboundVerdict by_dmarc(const SenderAuthResult& found, const Evidence& evidence,
                        const InboundRules& rules) {
  const dmarc::Outcome& outcome = found.dmarc;
  if (outcome.result != dmarc::Result::fail || outcome.disposition == dmarc::Policy::none) {
    return {};
  }
  const std::string what = fmt::format("DMARC of {}: {}", outcome.author_domain, outcome.reason);
  if (is_vouched_for(found, evidence.chain(), rules.arc_trusted)) {
    return {InboundAction::accept, {}, what + ", overridden by a trusted ARC chain"};
  }
  if (outcome.disposition == dmarc::Policy::reject) {
    return {InboundAction::reject, "5.7.1", what};
  }
  return {InboundAction::junk, {}, what};
}

InboundVerdict by_spf(const SenderAuthResult& found) {
  if (!found.spf_mail_from || found.spf_mail_from->result != spf::Result::fail) {
    return {};
  }
  const spf::Outcome& outcome = *found.spf_mail_from;
  // RFC 7208 6.2: what the domain itself says of it is said for it, not as ours.
  std::string reason = fmt::format("SPF of {}: {}", outcome.domain, outcome.reason);
  if (!outcome.explanation.empty()) {
    reason +=
        fmt::format("; {} explains: {}", outcome.domain, quoted_for_log(outcome.explanation, 200));
  }
  return {InboundAction::reject, "5.7.23", std::move(reason)};  // RFC 7372 3.2
}

}  // namespace

// Each hand is trusted, and the first one saw the message as its author sent it.
bool is_vouched_for(const SenderAuthResult& found, const arc::Chain& chain,
                    const std::vector<std::string>& trusted) {
  if (found.arc.status != arc::Status::pass || chain.sets.empty()) {
    return false;
  }
  const auto is_trusted = [&trusted](const arc::Set& set) {
    return std::ranges::find(trusted, to_lower(set.seal.domain)) != trusted.end();
  };
  return std::ranges::all_of(chain.sets, is_trusted) &&
         says_dmarc_passed(chain.sets.front().results, found.dmarc.author_domain);
}

InboundVerdict judge_inbound(const SenderAuthResult& found, const Evidence& evidence,
                             const InboundRules& rules) {
  InboundVerdict verdict;
  if (rules.dmarc == Judging::enforce) {
    verdict = by_dmarc(found, evidence, rules);
  }
  // A message that passes DMARC by its signature was forwarded: SPF of the reverse-path is then no
  // word against it (RFC 9989).
  const bool is_passed = rules.dmarc != Judging::off && found.dmarc.result == dmarc::Result::pass;
  if (rules.spf == Judging::enforce && verdict.action != InboundAction::reject && !is_passed) {
    if (InboundVerdict by_policy = by_spf(found); by_policy.action != InboundAction::accept) {
      verdict = std::move(by_policy);
    }
  }
  return verdict;
}

}  // namespace postrider::policy
