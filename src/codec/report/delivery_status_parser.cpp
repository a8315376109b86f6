#include <postrider/base/text.hpp>
#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/report/delivery_status.hpp>
#include <postrider/codec/report/limits.hpp>

namespace postrider::report {

namespace {

struct Typed {
  std::string type;
  std::string value;
};

std::optional<std::string> text_of(const mime::HeaderSection& block, std::string_view name) {
  const mime::HeaderField* field = block.find(name);
  if (field == nullptr) {
    return std::nullopt;
  }
  std::string text = mime::unfold(field->value);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// "type; value" (RFC 3464 2.1.2).
std::optional<Typed> typed_of(const mime::HeaderSection& block, std::string_view name) {
  const auto text = text_of(block, name);
  const std::size_t semicolon = text ? text->find(';') : std::string::npos;
  if (semicolon == std::string::npos) {
    return std::nullopt;
  }
  Typed typed{std::string(trim_wsp(std::string_view(*text).substr(0, semicolon))),
              std::string(trim_wsp(std::string_view(*text).substr(semicolon + 1)))};
  return typed.value.empty() ? std::nullopt : std::optional(std::move(typed));
}

std::optional<std::string> value_of(const mime::HeaderSection& block, std::string_view name) {
  auto typed = typed_of(block, name);
  return typed ? std::optional(std::move(typed->value)) : std::nullopt;
}

std::optional<WallTime> date_of(const mime::HeaderSection& block, std::string_view name) {
  const mime::HeaderField* field = block.find(name);
  const auto date = field == nullptr ? std::nullopt : mime::parse_date(field->value);
  return date ? std::optional(date->time) : std::nullopt;
}

std::optional<DsnAddress> address_of(const mime::HeaderSection& block, std::string_view name) {
  auto typed = typed_of(block, name);
  if (!typed) {
    return std::nullopt;
  }
  if (equals_ignoring_case(typed->type, "utf-8")) {
    auto decoded = decode_utf8_addr(typed->value);
    return decoded ? std::optional(DsnAddress{"utf-8", std::move(*decoded)}) : std::nullopt;
  }
  return DsnAddress{to_lower(typed->type), std::move(typed->value)};
}

std::optional<Action> action_of(const mime::HeaderSection& block) {
  const auto text = text_of(block, "Action").value_or("");
  // A comment may follow.
  const std::string_view word = std::string_view(text).substr(0, text.find_first_of(" \t("));
  for (const Action action :
       {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded}) {
    if (equals_ignoring_case(word, name_of(action))) {
      return action;
    }
  }
  return std::nullopt;
}

// class.subject.detail (RFC 3463 2); what stands behind it is a comment.
std::string status_of(const mime::HeaderSection& block, Action action) {
  const auto text = text_of(block, "Status").value_or("");
  std::string code = text.substr(0, text.find_first_of(" \t("));
  const auto parts = split(code, '.');
  bool good = parts.size() == 3 && (parts[0] == "2" || parts[0] == "4" || parts[0] == "5");
  for (const std::string_view part : parts) {
    good = good && part.size() <= 3 && parse_decimal(part);
  }
  if (good) {
    return code;
  }
  switch (action) {
    case Action::failed:
      return "5.0.0";
    case Action::delayed:
      return "4.0.0";
    default:
      return "2.0.0";
  }
}

std::optional<RecipientStatus> parse_recipient(const mime::HeaderSection& block) {
  RecipientStatus recipient;
  recipient.original = address_of(block, "Original-Recipient");
  const auto final = address_of(block, "Final-Recipient");
  const auto action = action_of(block);
  if (!action || (!final && !recipient.original)) {
    return std::nullopt;
  }
  recipient.final = final ? *final : *recipient.original;
  recipient.action = *action;
  recipient.status = status_of(block, *action);
  recipient.remote_mta = value_of(block, "Remote-MTA");
  if (auto diagnostic = typed_of(block, "Diagnostic-Code")) {
    recipient.diagnostic_type = to_lower(diagnostic->type);
    recipient.diagnostic = std::move(diagnostic->value);
  }
  recipient.last_attempt = date_of(block, "Last-Attempt-Date");
  recipient.final_log_id = text_of(block, "Final-Log-ID");
  recipient.will_retry_until = date_of(block, "Will-Retry-Until");
  return recipient;
}

}  // namespace

Result<DeliveryStatus, DeliveryStatusError> parse_delivery_status(std::string_view body) {
  DeliveryStatus status;
  bool first = true;
  while (!body.empty()) {
    if (body.starts_with("\r\n")) {
      body.remove_prefix(2);  // more blank lines than one
      continue;
    }
    const auto block = mime::scan_header(body);
    if (!block || block->end() == mime::HeaderEnd::malformed_line) {
      return failure(DeliveryStatusError::malformed);
    }
    body.remove_prefix(block->body_offset());
    if (first) {
      first = false;
      status.envelope_id = text_of(*block, "Original-Envelope-Id");
      status.reporting_mta = value_of(*block, "Reporting-MTA").value_or("");
      status.received_from_mta = value_of(*block, "Received-From-MTA");
      status.arrival_date = date_of(*block, "Arrival-Date");
      // Some programs put the only recipient's fields into the first block.
      if (!block->has("Action")) {
        continue;
      }
    }
    if (auto recipient = parse_recipient(*block)) {
      if (status.recipients.size() == max_parsed_recipients) {
        break;
      }
      status.recipients.push_back(std::move(*recipient));
    }
  }
  if (status.recipients.empty()) {
    return failure(DeliveryStatusError::no_recipients);
  }
  return status;
}

}  // namespace postrider::report
