#include <fmt/format.h>

#include <postrider/policy/sender_auth.hpp>

namespace postrider::policy {

namespace {

using mime::AuthenticationResult;

AuthenticationResult report_spf(const spf::Outcome& outcome, const char* identity,
                                const std::string& name) {
  return {.method = "spf",
          .result = std::string(spf::name_of(outcome.result)),
          .comment = outcome.reason,
          .reason = {},
          .properties = {{"smtp", identity, name}}};
}

AuthenticationResult report_dkim(const DkimJudgement& judgement) {
  AuthenticationResult result{.method = "dkim",
                              .result = std::string(name_of(judgement.result)),
                              .comment = {},
                              .reason = {},
                              .properties = {}};
  if (judgement.result != DkimResult::pass) {
    result.reason = judgement.reason;
  } else if (judgement.unsigned_octets > 0) {
    result.comment = fmt::format("{} octets of the body are not signed", judgement.unsigned_octets);
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      result.properties.push_back({"header", name, value});
    }
  };
  add("d", judgement.domain);
  add("i", judgement.identity);
  add("s", judgement.selector);
  add("a", judgement.algorithm);
  add("b", judgement.signature_begin);
  return result;
}

AuthenticationResult report_dmarc(const dmarc::Outcome& outcome) {
  AuthenticationResult result{.method = "dmarc",
                              .result = std::string(dmarc::name_of(outcome.result)),
                              .comment = {},
                              .reason = {},
                              .properties = {}};
  if (outcome.record) {
    result.comment = fmt::format("p={} dis={}", dmarc::name_of(outcome.policy),
                                 dmarc::name_of(outcome.disposition));
  }
  if (!outcome.author_domain.empty()) {
    result.properties.push_back({"header", "from", outcome.author_domain});
  }
  return result;
}

AuthenticationResult report_arc(const SenderAuthResult& judged, const SenderAuthRequest& request) {
  AuthenticationResult result{.method = "arc",
                              .result = std::string(arc::name_of(judged.arc.status)),
                              .comment = {},
                              .reason = {},
                              .properties = {}};
  if (judged.arc.status != arc::Status::pass && judged.arc.status != arc::Status::none) {
    result.reason = judged.arc.reason;
  }
  if (request.ip) {
    result.properties.push_back({"smtp", "remote-ip", request.ip->text()});  // RFC 8617 10.2
  }
  return result;
}

}  // namespace

mime::AuthenticationResults to_authentication_results(const SenderAuthResult& result,
                                                      const SenderAuthRequest& request,
                                                      std::string_view authserv_id) {
  mime::AuthenticationResults report{.authserv_id = std::string(authserv_id)};
  if (result.spf_mail_from && !request.mail_from.empty()) {
    report.results.push_back(report_spf(*result.spf_mail_from, "mailfrom", request.mail_from));
  }
  if (result.spf_helo) {
    report.results.push_back(report_spf(*result.spf_helo, "helo", request.helo));
  }
  for (const DkimJudgement& judgement : result.dkim) {
    report.results.push_back(report_dkim(judgement));
  }
  if (result.dkim.empty()) {
    report.results.push_back(
        {.method = "dkim", .result = "none", .comment = {}, .reason = {}, .properties = {}});
  }
  report.results.push_back(report_dmarc(result.dmarc));
  if (result.arc.status != arc::Status::none) {
    report.results.push_back(report_arc(result, request));
  }
  return report;
}

}  // namespace postrider::policy
