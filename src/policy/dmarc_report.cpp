#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/policy/dmarc_report.hpp>

namespace postrider::policy {

namespace {

using report::DmarcDisposition;
using report::DmarcRow;

std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == address.npos ? std::string() : to_lower(address.substr(at + 1));
}

DmarcDisposition disposition_of(dmarc::Policy policy) {
  switch (policy) {
    case dmarc::Policy::none:
      return DmarcDisposition::none;
    case dmarc::Policy::quarantine:
      return DmarcDisposition::quarantine;
    case dmarc::Policy::reject:
      return DmarcDisposition::reject;
  }
  return DmarcDisposition::none;
}

// What follows from DMARC here, and why that is not what the record asks for.
void set_applied(DmarcRow& row, const SenderAuthResult& found, const Evidence& evidence,
                 const InboundRules& rules) {
  const dmarc::Outcome& outcome = found.dmarc;
  if (outcome.result == dmarc::Result::pass) {
    row.disposition = DmarcDisposition::pass;
    return;
  }
  if (outcome.policy == dmarc::Policy::none) {
    return;
  }
  if (rules.dmarc != Judging::enforce) {
    row.overrides.push_back({"local_policy", "not enforced here"});
    return;
  }
  if (outcome.disposition != dmarc::Policy::none &&
      is_vouched_for(found, evidence.chain(), rules.arc_trusted)) {
    row.overrides.push_back({"local_policy", "arc=pass"});
    return;
  }
  row.disposition = disposition_of(outcome.disposition);
  if (outcome.disposition != outcome.policy) {
    row.overrides.push_back({"policy_test_mode", ""});
  }
}

report::DmarcPublished published_of(const dmarc::Outcome& outcome) {
  const dmarc::Record& record = *outcome.record;
  const auto text_of = [](const std::optional<dmarc::Policy>& policy) {
    return policy ? std::string(dmarc::name_of(*policy)) : std::string();
  };
  return {.domain = outcome.record_domain,
          .policy = text_of(record.policy),
          .subdomain_policy = text_of(record.subdomain_policy),
          .nonexistent_policy = text_of(record.nonexistent_policy),
          .dkim_alignment = record.strict_dkim ? "s" : "r",
          .spf_alignment = record.strict_spf ? "s" : "r",
          .failure_options = record.failure_options,
          .testing = record.testing,
          .discovery = "treewalk"};
}

// All that makes a row another.
std::string key_of(const DmarcRow& row) {
  std::string out;
  const auto add = [&out](std::string_view text) {
    out += text;
    out += '\n';
  };
  add(row.source_ip);
  add(row.header_from);
  add(row.envelope_from);
  add(report::describe(row.disposition));
  add(row.dkim_aligned ? "d" : "-");
  add(row.spf_aligned ? "s" : "-");
  for (const report::DmarcOverride& why : row.overrides) {
    add(why.type);
    add(why.comment);
  }
  for (const report::DmarcSignature& signature : row.signatures) {
    add(signature.domain);
    add(signature.selector);
    add(signature.result);
  }
  add(row.spf_scope);
  add(row.spf_domain);
  add(row.spf_result);
  return out;
}

void add_row(DmarcDayCounts& counts, std::string key, const DmarcRow& row) {
  const auto place = counts.rows.find(key);
  if (place != counts.rows.end()) {
    place->second.count += row.count;
  } else if (counts.rows.size() < dmarc_count_limits::rows) {
    counts.rows.emplace(std::move(key), row);
  }
}

}  // namespace

std::optional<DmarcFact> dmarc_fact(const SenderAuthResult& found, const SenderAuthRequest& request,
                                    const Evidence& evidence, const InboundRules& rules) {
  const dmarc::Outcome& outcome = found.dmarc;
  const bool is_known =
      outcome.result == dmarc::Result::pass || outcome.result == dmarc::Result::fail;
  if (!is_known || !outcome.record || outcome.record->aggregate_uris.empty() || !request.ip ||
      rules.dmarc == Judging::off) {
    return std::nullopt;
  }
  DmarcFact out{outcome.record_domain, published_of(outcome), {}};
  DmarcRow& row = out.row;
  row.source_ip = request.ip->text();
  row.count = 1;
  row.dkim_aligned = outcome.dkim_aligned;
  row.spf_aligned = outcome.spf_aligned;
  set_applied(row, found, evidence, rules);
  row.header_from = outcome.author_domain;
  row.envelope_from = domain_of(request.mail_from);
  for (const DkimJudgement& judgement : found.dkim) {
    if (!judgement.domain.empty() && row.signatures.size() < dmarc_count_limits::signatures) {
      row.signatures.push_back(
          {judgement.domain, judgement.selector, std::string(name_of(judgement.result))});
    }
  }
  // RFC 9990: the scope that counted.
  const bool is_null = request.mail_from.empty();
  if (const auto& spf = is_null ? found.spf_helo : found.spf_mail_from) {
    row.spf_domain = is_null ? to_lower(request.helo) : row.envelope_from;
    row.spf_scope = is_null ? "helo" : "mfrom";
    row.spf_result = std::string(spf::name_of(spf->result));
  }
  return out;
}

void DmarcDay::add(Counts& counts, const Fact& fact) {
  counts.published = fact.published;
  add_row(counts, key_of(fact.row), fact.row);
}

void DmarcDay::merge(Counts& into, const Counts& more) {
  into.published = more.published;
  for (const auto& [key, row] : more.rows) {
    add_row(into, key, row);
  }
}

std::string DmarcDay::encode(const Counts& counts) {
  report::DmarcReport out;
  out.published = counts.published;
  for (const auto& [key, row] : counts.rows) {
    out.rows.push_back(row);
  }
  return report::encode_dmarc_report(out);
}

std::optional<DmarcDayCounts> DmarcDay::parse(std::string_view octets) {
  auto read = report::parse_dmarc_report(octets);
  if (!read) {
    return std::nullopt;
  }
  DmarcDayCounts out;
  out.published = std::move(read->published);
  for (const DmarcRow& row : read->rows) {
    add_row(out, key_of(row), row);
  }
  return out;
}

}  // namespace postrider::policy
