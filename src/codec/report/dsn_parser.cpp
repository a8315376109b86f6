#include "entity.hpp"

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/content_type.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/report/dsn_parser.hpp>

namespace postrider::report {

namespace {

bool is_status(const mime::ContentType& type) {
  return type.is("message", "delivery-status") || type.is("message", "global-delivery-status");
}

}  // namespace

Result<ParsedDsn, DsnParseError> parse_dsn(std::string_view message) {
  const auto section = mime::scan_header(message);
  const mime::HeaderField* field = section ? section->find("Content-Type") : nullptr;
  const auto type = field == nullptr ? std::nullopt : mime::parse_content_type(field->value);
  if (!type || !type->is("multipart", "report") ||
      !equals_ignoring_case(type->parameter("report-type").value_or(""), "delivery-status")) {
    return failure(DsnParseError::not_a_report);
  }
  ParsedDsn dsn;
  bool has_status = false;
  for (const std::string_view part : mime::split_multipart(
           message.substr(section->body_offset()), type->parameter("boundary").value_or(""))) {
    auto entity = read_entity(part);
    if (!entity) {
      continue;
    }
    if (!has_status && is_status(entity->type)) {
      auto status = parse_delivery_status(entity->body);
      if (!status) {
        return failure(DsnParseError::unreadable_report);
      }
      dsn.status = std::move(*status);
      has_status = true;
    } else if (!has_status && dsn.words.empty() && entity->type.type == "text") {
      dsn.words = std::move(entity->body);
    } else if (has_status && !dsn.original && (entity->is_whole_message() || entity->is_header())) {
      dsn.original_is_full = entity->is_whole_message();
      dsn.original = std::move(entity->body);
    }
  }
  if (!has_status) {
    return failure(DsnParseError::unreadable_report);
  }
  return dsn;
}

}  // namespace postrider::report
