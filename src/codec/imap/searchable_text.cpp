#include <algorithm>

#include <postrider/codec/imap/searchable_text.hpp>
#include <postrider/codec/imap/text_match.hpp>

namespace postrider::imap {

std::vector<SearchablePart> searchable_parts(const mime::Structure& structure) {
  std::vector<SearchablePart> parts;
  const auto& entities = structure.entities;
  for (std::size_t i = 0; i < entities.size(); ++i) {
    const mime::Entity& entity = entities[i];
    const bool is_inner_message =
        i > 0 && entities[entity.parent].kind == mime::EntityKind::message;
    if (is_inner_message) {
      parts.push_back(
          {.begin = entity.header_begin,
           .end = std::min(entity.body_begin, entity.header_begin + searchable_header_octets_max),
           .is_header = true,
           .encoding = {},
           .charset = {}});
    }
    if (entity.kind == mime::EntityKind::leaf && entity.content_type.type == "text") {
      parts.push_back(
          {.begin = entity.body_begin,
           .end = entity.end,
           .is_header = false,
           .encoding = entity.encoding,
           .charset = std::string(entity.content_type.parameter("charset").value_or("us-ascii"))});
    }
  }
  return parts;
}

std::string searchable_text(const SearchablePart& part, std::string_view octets) {
  return part.is_header ? decoded_field(octets) : decoded_text(part.encoding, part.charset, octets);
}

std::string searchable_field(const mime::HeaderField& field) {
  return std::string(field.name) + ": " + decoded_field(mime::unfold(field.value));
}

}  // namespace postrider::imap
