// Reports on TLS of others (RFC 8460 4.4), as they send them.
#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <simdjson.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/report/tlsrpt.hpp>

namespace postrider::report {

namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;
namespace limits = tls_report_limits;

std::string cut(std::string_view text) {
  std::size_t end = std::min(text.size(), limits::text_octets);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;  // no character is cut in two
  }
  return std::string(text.substr(0, end));
}

// What is not there, or is of another type, is empty: reporters leave out much.
std::string text_of(Object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? cut(text) : std::string();
}

std::vector<std::string> texts_of(Object object, std::string_view name) {
  std::vector<std::string> out;
  if (std::string text = text_of(object, name); !text.empty()) {
    out.push_back(std::move(text));  // some write one text in place of a list of one
    return out;
  }
  Array items;
  if (object[name].get(items) != simdjson::SUCCESS) {
    return out;
  }
  for (const Element item : items) {
    if (std::string_view text; item.get(text) == simdjson::SUCCESS && out.size() < limits::texts) {
      out.push_back(cut(text));
    }
  }
  return out;
}

// nullopt: no count, but something else.
std::optional<std::uint64_t> count_of(Object object, std::string_view name) {
  const auto node = object[name];
  if (node.error() != simdjson::SUCCESS || node.is_null()) {
    return 0;
  }
  std::uint64_t count = 0;
  // Sums of these stay sums.
  return node.get(count) == simdjson::SUCCESS ? std::optional(std::min(count, limits::sessions))
                                              : std::nullopt;
}

std::optional<Object> object_of(Object object, std::string_view name) {
  Object out;
  return object[name].get(out) == simdjson::SUCCESS ? std::optional(out) : std::nullopt;
}

std::optional<TlsFailureDetail> read_detail(Element node) {
  Object object;
  if (node.get(object) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  TlsFailureDetail out;
  const std::string type = text_of(object, "result-type");
  out.reason = text_of(object, "failure-reason-code");
  bool is_known = false;
  for (std::uint8_t i = 0; i < tls_failure_types; ++i) {
    if (equals_ignoring_case(type, describe(static_cast<TlsFailureType>(i)))) {
      out.type = static_cast<TlsFailureType>(i);
      is_known = true;
    }
  }
  if (!is_known && out.reason.empty()) {
    out.reason = type;  // a registry may grow (RFC 8460 6.6)
  }
  out.sending_ip = text_of(object, "sending-mta-ip");
  out.receiving_host = text_of(object, "receiving-mx-hostname");
  out.receiving_helo = text_of(object, "receiving-mx-helo");
  out.receiving_ip = text_of(object, "receiving-ip");
  const auto sessions = count_of(object, "failed-session-count");
  if (!sessions) {
    return std::nullopt;
  }
  out.sessions = *sessions;
  return out;
}

std::optional<TlsPolicyReport> read_policy(Element node, std::size_t& details) {
  Object object;
  if (node.get(object) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  const auto policy = object_of(object, "policy");
  const auto summary = object_of(object, "summary");
  if (!policy || !summary) {
    return std::nullopt;
  }
  TlsPolicyReport out;
  const std::string type = text_of(*policy, "policy-type");
  for (const TlsPolicyType known : {TlsPolicyType::tlsa, TlsPolicyType::sts}) {
    out.type = equals_ignoring_case(type, describe(known)) ? known : out.type;
  }
  out.domain = text_of(*policy, "policy-domain");
  out.text = texts_of(*policy, "policy-string");
  out.mx = texts_of(*policy, "mx-host");
  const auto successful = count_of(*summary, "total-successful-session-count");
  const auto failed = count_of(*summary, "total-failure-session-count");
  if (!successful || !failed) {
    return std::nullopt;
  }
  out.successful = *successful;
  out.failed = *failed;
  Array list;
  if (object["failure-details"].get(list) == simdjson::SUCCESS) {
    for (const Element item : list) {
      auto detail = read_detail(item);
      if (!detail || ++details > limits::details) {
        return std::nullopt;
      }
      out.details.push_back(*std::move(detail));
    }
  }
  return out;
}

}  // namespace

Result<TlsReport, std::string> parse_tls_report(std::string_view json) {
  if (json.size() > limits::octets) {
    return failure(std::string("the report is too long"));
  }
  if (json.starts_with("\xEF\xBB\xBF")) {
    json.remove_prefix(3);
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  Object object;
  if (const auto error = parser.parse(padded).get(object); error != simdjson::SUCCESS) {
    return failure(fmt::format("the report is no JSON object: {}", simdjson::error_message(error)));
  }
  TlsReport out;
  out.organization = text_of(object, "organization-name");
  out.contact = text_of(object, "contact-info");
  out.id = text_of(object, "report-id");
  const auto range = object_of(object, "date-range");
  const auto begin = range ? parse_rfc3339(text_of(*range, "start-datetime")) : std::nullopt;
  const auto end = range ? parse_rfc3339(text_of(*range, "end-datetime")) : std::nullopt;
  if (!begin || !end || *end < *begin) {
    return failure(std::string("the report names no time that it is of"));
  }
  out.begin = *begin;
  out.end = *end;
  Array list;
  if (object["policies"].get(list) != simdjson::SUCCESS || list.size() == 0) {
    return failure(std::string("the report has no policies"));
  }
  std::size_t details = 0;
  for (const Element item : list) {
    auto policy = read_policy(item, details);
    if (!policy || out.policies.size() == limits::policies) {
      return failure(std::string("a policy of the report can't be read, or there are too many"));
    }
    out.policies.push_back(*std::move(policy));
  }
  if (out.id.empty() || out.organization.empty()) {
    return failure(std::string("the report does not say whose it is, or which"));
  }
  return out;
}

}  // namespace postrider::report
