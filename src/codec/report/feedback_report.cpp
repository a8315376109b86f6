#include "entity.hpp"

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/report/feedback_report.hpp>

namespace postrider::report {

namespace {

std::string without_brackets(std::string text) {
  if (text.size() >= 2 && text.starts_with('<') && text.ends_with('>')) {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

void add(std::vector<std::string>& values, std::string value) {
  if (!value.empty() && values.size() < max_feedback_values) {
    values.push_back(std::move(value));
  }
}

// RFC 5965 3.1, 3.2.
void read_field(const mime::HeaderField& field, FeedbackReport& report) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  std::string value = mime::unfold(field.value);
  if (is("Feedback-Type")) {
    report.feedback_type = to_lower(value);
  } else if (is("User-Agent")) {
    report.user_agent = std::move(value);
  } else if (is("Original-Envelope-Id")) {
    report.original_envelope_id = std::move(value);
  } else if (is("Original-Mail-From")) {
    report.original_mail_from = without_brackets(std::move(value));
  } else if (is("Original-Rcpt-To")) {
    add(report.original_recipients, without_brackets(std::move(value)));
  } else if (is("Reported-Domain")) {
    add(report.reported_domains, to_lower(value));
  } else if (is("Reported-URI")) {
    add(report.reported_uris, std::move(value));
  } else if (is("Authentication-Results")) {
    add(report.authentication_results, std::move(value));
  } else if (is("Arrival-Date") || is("Received-Date")) {
    if (const auto date = mime::parse_date(value)) {
      report.arrival_date = date->time;
    }
  } else if (is("Source-IP")) {
    report.source_ip = IpAddress::parse(value);
  } else if (is("Reporting-MTA")) {
    report.reporting_mta = std::string(trim_wsp(std::string_view(value).substr(
        value.find(';') == std::string::npos ? 0 : value.find(';') + 1)));
  } else if (is("Incidents")) {
    report.incidents = parse_decimal(value).value_or(1);
  }
}

bool read_report(std::string_view body, FeedbackReport& report) {
  // Its only part is fields; some senders end them without a line break.
  const auto section = mime::scan_header(body);
  if (!section) {
    return false;
  }
  for (const mime::HeaderField& field : section->fields()) {
    read_field(field, report);
  }
  return !report.feedback_type.empty() && section->has("Version");
}

}  // namespace

Result<FeedbackReport, FeedbackError> parse_feedback_report(std::string_view message) {
  const auto section = mime::scan_header(message);
  const mime::HeaderField* field = section ? section->find("Content-Type") : nullptr;
  const auto type = field == nullptr ? std::nullopt : mime::parse_content_type(field->value);
  if (!type || !type->is("multipart", "report") ||
      !equals_ignoring_case(type->parameter("report-type").value_or(""), "feedback-report")) {
    return failure(FeedbackError::not_a_report);
  }
  FeedbackReport report;
  bool has_report = false;
  for (const std::string_view part : mime::split_multipart(
           message.substr(section->body_offset()), type->parameter("boundary").value_or(""))) {
    auto entity = read_entity(part);
    if (!entity) {
      continue;
    }
    if (!has_report && entity->type.is("message", "feedback-report")) {
      if (!read_report(entity->body, report)) {
        return failure(FeedbackError::unreadable_report);
      }
      has_report = true;
    } else if (!has_report && report.words.empty() && entity->type.type == "text") {
      report.words = std::move(entity->body);
    } else if (has_report && !report.original &&
               (entity->is_whole_message() || entity->is_header())) {
      report.original_is_full = entity->is_whole_message();
      report.original = std::move(entity->body);
    }
  }
  if (!has_report) {
    return failure(FeedbackError::unreadable_report);
  }
  return report;
}

}  // namespace postrider::report
