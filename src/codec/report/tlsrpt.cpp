#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/codec/report/tlsrpt.hpp>

namespace postrider::report {

namespace {

// "2026-11-22T00:00:00Z": whole seconds, as the examples of RFC 8460 have it.
std::string encode_seconds(WallTime time) {
  return encode_rfc3339(std::chrono::floor<std::chrono::seconds>(time)).substr(0, 19) + "Z";
}

void optional_member(JsonWriter& json, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    json.member(name, value);
  }
}

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) {
    json.value(value);
  }
  json.end_array();
}

void write_detail(JsonWriter& json, const TlsFailureDetail& detail) {
  json.begin_object().member("result-type", describe(detail.type));
  optional_member(json, "sending-mta-ip", detail.sending_ip);
  optional_member(json, "receiving-mx-hostname", detail.receiving_host);
  optional_member(json, "receiving-mx-helo", detail.receiving_helo);
  optional_member(json, "receiving-ip", detail.receiving_ip);
  json.member("failed-session-count", detail.sessions);
  optional_member(json, "failure-reason-code", detail.reason);
  json.end_object();
}

void write_policy(JsonWriter& json, const TlsPolicyReport& policy) {
  json.begin_object().key("policy").begin_object();
  json.member("policy-type", describe(policy.type));
  if (!policy.text.empty()) {
    strings(json, "policy-string", policy.text);
  }
  json.member("policy-domain", policy.domain);
  if (!policy.mx.empty()) {
    strings(json, "mx-host", policy.mx);
  }
  json.end_object().key("summary").begin_object();
  json.member("total-successful-session-count", policy.successful);
  json.member("total-failure-session-count", policy.failed).end_object();
  if (!policy.details.empty()) {
    json.key("failure-details").begin_array();
    for (const TlsFailureDetail& detail : policy.details) {
      write_detail(json, detail);
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

std::string_view describe(TlsFailureType type) {
  switch (type) {
    case TlsFailureType::starttls_not_supported:
      return "starttls-not-supported";
    case TlsFailureType::certificate_host_mismatch:
      return "certificate-host-mismatch";
    case TlsFailureType::certificate_expired:
      return "certificate-expired";
    case TlsFailureType::certificate_not_trusted:
      return "certificate-not-trusted";
    case TlsFailureType::validation_failure:
      return "validation-failure";
    case TlsFailureType::tlsa_invalid:
      return "tlsa-invalid";
    case TlsFailureType::dnssec_invalid:
      return "dnssec-invalid";
    case TlsFailureType::dane_required:
      return "dane-required";
    case TlsFailureType::sts_policy_fetch_error:
      return "sts-policy-fetch-error";
    case TlsFailureType::sts_policy_invalid:
      return "sts-policy-invalid";
    case TlsFailureType::sts_webpki_invalid:
      return "sts-webpki-invalid";
  }
  return "validation-failure";
}

std::string_view describe(TlsPolicyType type) {
  switch (type) {
    case TlsPolicyType::no_policy_found:
      return "no-policy-found";
    case TlsPolicyType::tlsa:
      return "tlsa";
    case TlsPolicyType::sts:
      return "sts";
  }
  return "no-policy-found";
}

std::string encode_tls_report(const TlsReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("organization-name", report.organization);
  json.key("date-range").begin_object();
  json.member("start-datetime", encode_seconds(report.begin));
  json.member("end-datetime", encode_seconds(report.end)).end_object();
  json.member("contact-info", report.contact).member("report-id", report.id);
  json.key("policies").begin_array();
  for (const TlsPolicyReport& policy : report.policies) {
    write_policy(json, policy);
  }
  json.end_array().end_object();
  return out;
}

std::string tls_report_file_name(std::string_view sender, std::string_view domain,
                                 const TlsReport& report) {
  std::string id;
  for (const char c : report.id.substr(0, report.id.find('@'))) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
    id += is_plain ? c : '-';
  }
  return fmt::format("{}!{}!{}!{}!{}.json.gz", sender, domain, unix_seconds(report.begin),
                     unix_seconds(report.end), id);
}

}  // namespace postrider::report
