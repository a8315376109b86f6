#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/section.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::imap {
namespace {

using mime::Entity;
using mime::EntityKind;

// The part that a path leads to. A message that is no multipart is its own part 1.
std::optional<std::uint32_t> find_part(const std::vector<Entity>& entities,
                                       std::span<const std::uint32_t> path) {
  std::uint32_t at = 0;
  bool as_message = true;  // not yet as a part
  for (const std::uint32_t number : path) {
    if (!as_message && entities[at].kind == EntityKind::message && !entities[at].children.empty()) {
      at = entities[at].children.front();
      as_message = true;
    }
    const Entity& entity = entities[at];
    if (entity.kind == EntityKind::multipart && !entity.children.empty()) {
      if (number > entity.children.size()) {
        return std::nullopt;
      }
      at = entity.children[number - 1];
    } else if (!as_message || number != 1) {
      return std::nullopt;
    }
    as_message = false;
  }
  return at;
}

}  // namespace

std::optional<SectionPlace> find_section(const mime::Structure& structure, const Section& section) {
  const std::vector<Entity>& entities = structure.entities;
  if (entities.empty()) {
    return std::nullopt;
  }
  const auto part = find_part(entities, section.part);
  if (!part) {
    return std::nullopt;
  }
  const Entity& entity = entities[*part];
  const bool is_whole = section.part.empty();
  switch (section.text) {
    case Section::Text::whole:
      return SectionPlace{is_whole ? entity.header_begin : entity.body_begin, entity.end, *part};
    case Section::Text::mime:
      return SectionPlace{entity.header_begin, entity.body_begin, *part};
    case Section::Text::header:
    case Section::Text::header_fields:
    case Section::Text::header_fields_not:
    case Section::Text::text:
      break;
  }
  std::uint32_t message = *part;
  if (!is_whole) {
    if (entity.kind != EntityKind::message || entity.children.empty()) {
      return std::nullopt;
    }
    message = entity.children.front();
  }
  const Entity& inner = entities[message];
  return section.text == Section::Text::text
             ? SectionPlace{inner.body_begin, inner.end, message}
             : SectionPlace{inner.header_begin, inner.body_begin, message};
}

std::string filter_header(std::string_view header, std::span<const std::string> names,
                          bool negate) {
  std::string out;
  if (const auto section = mime::scan_header(header)) {
    for (const mime::HeaderField& field : section->fields()) {
      const bool named = std::ranges::any_of(names, [&field](const std::string& name) {
        return equals_ignoring_case(name, field.name);
      });
      if (named != negate) {
        out += field.raw;
        out += field.raw.ends_with("\r\n") ? "" : "\r\n";
      }
    }
  }
  return out + "\r\n";
}

OctetRange clip(const std::optional<Partial>& partial, std::uint64_t octets) {
  if (!partial) {
    return {0, octets};
  }
  const std::uint64_t offset = std::min(partial->offset, octets);
  return {offset, std::min(partial->octets, octets - offset)};
}

}  // namespace postrider::imap
