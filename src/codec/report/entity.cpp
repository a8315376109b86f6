#include "entity.hpp"

#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

namespace postrider::report {

bool Entity::is_whole_message() const {
  return type.is("message", "rfc822") || type.is("message", "global");
}

bool Entity::is_header() const {
  return type.is("text", "rfc822-headers") || type.is("message", "global-headers");
}

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

}  // namespace postrider::report
