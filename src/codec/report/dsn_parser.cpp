#include <postrider/base/text.hpp>
#include <postrider/codec/mime/content_type.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/dsn_parser.hpp>

namespace postrider::report {

namespace {

struct Entity {
  mime::ContentType type;
  std::string body;  // decoded
};

std::optional<Entity> read_entity(std::string_view octets) {
  const auto section = mime::scan_header(octets);
  if (!section) {
    return std::nullopt;
  }
  const mime::HeaderField* type = section->find("Content-Type");
  const mime::HeaderField* encoding = section->find("Content-Transfer-Encoding");
  // RFC 2045 5.2: text/plain if it is not said.
  auto parsed = mime::parse_content_type(type == nullptr ? "text/plain" : type->value);
  auto body =
      mime::decode_transfer_encoding(encoding == nullptr ? "" : mime::unfold(encoding->value),
                                     octets.substr(section->body_offset()));
  if (!parsed || !body) {
    return std::nullopt;
  }
  return Entity{std::move(*parsed), std::move(*body)};
}

bool is_status(const mime::ContentType& type) {
  return type.is("message", "delivery-status") || type.is("message", "global-delivery-status");
}

bool is_whole_message(const mime::ContentType& type) {
  return type.is("message", "rfc822") || type.is("message", "global");
}

bool is_header(const mime::ContentType& type) {
  return type.is("text", "rfc822-headers") || type.is("message", "global-headers");
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
    } else if (has_status && !dsn.original &&
               (is_whole_message(entity->type) || is_header(entity->type))) {
      dsn.original_is_full = is_whole_message(entity->type);
      dsn.original = std::move(entity->body);
    }
  }
  if (!has_status) {
    return failure(DsnParseError::unreadable_report);
  }
  return dsn;
}

}  // namespace postrider::report
