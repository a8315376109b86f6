#include <array>
#include <utility>

#include <postrider/base/record_fields.hpp>
#include <postrider/codec/mime/structure_record.hpp>

namespace postrider::mime {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::uint64_t cut_flag = 1;

using Parameters = std::vector<std::pair<std::string, std::string>>;

// In the order of the record.
constexpr std::array text_fields = {&Entity::id, &Entity::description, &Entity::md5,
                                    &Entity::language, &Entity::location};

void write_parameters(FieldWriter& out, const Parameters& parameters) {
  out.number(parameters.size());
  for (const auto& [name, value] : parameters) {
    out.text(name).text(value);
  }
}

Parameters read_parameters(FieldReader& in) {
  Parameters parameters(in.count());
  for (auto& [name, value] : parameters) {
    name = in.text();
    value = in.text();
  }
  return parameters;
}

void write_entity(FieldWriter& out, const Entity& entity, std::uint32_t index,
                  std::uint64_t parent_body) {
  out.number(static_cast<std::uint64_t>(entity.kind)).number(index - entity.parent);
  out.number(entity.header_begin - parent_body);
  out.number(entity.body_begin - entity.header_begin).number(entity.end - entity.body_begin);
  out.number(entity.body_lines);
  out.text(entity.content_type.type).text(entity.content_type.subtype);
  write_parameters(out, entity.content_type.parameters);
  out.text(entity.encoding).flag(entity.disposition.has_value());
  if (entity.disposition) {
    out.text(entity.disposition->type);
    write_parameters(out, entity.disposition->parameters);
  }
  std::size_t fields = text_fields.size();
  while (fields > 0 && (entity.*text_fields[fields - 1]).empty()) {
    --fields;
  }
  out.number(fields);
  for (std::size_t i = 0; i < fields; ++i) {
    out.text(entity.*text_fields[i]);
  }
  out.text(entity.header);
}

// False: it does not fit what stands before it.
bool read_entity(FieldReader& in, std::vector<Entity>& entities) {
  const auto index = static_cast<std::uint32_t>(entities.size());
  Entity entity;
  entity.kind = static_cast<EntityKind>(in.number(static_cast<std::uint64_t>(EntityKind::message)));
  const std::uint64_t back = in.number();
  if (back > index || (back == 0) != (index == 0)) {
    return false;
  }
  entity.parent = index - static_cast<std::uint32_t>(back);
  constexpr std::uint64_t far = 1ULL << 40;  // sums of three stay far below 2^64
  entity.header_begin = (index == 0 ? 0 : entities[entity.parent].body_begin) + in.number(far);
  entity.body_begin = entity.header_begin + in.number(far);
  entity.end = entity.body_begin + in.number(far);
  entity.body_lines = in.number(far);
  entity.content_type.type = in.text();
  entity.content_type.subtype = in.text();
  entity.content_type.parameters = read_parameters(in);
  entity.encoding = in.text();
  if (in.flag()) {
    ContentDisposition disposition{.type = in.text(), .parameters = {}};
    disposition.parameters = read_parameters(in);
    entity.disposition = std::move(disposition);
  }
  const std::uint64_t fields = in.number(text_fields.size());
  for (std::size_t i = 0; i < fields; ++i) {
    entity.*text_fields[i] = in.text();
  }
  entity.header = in.text();
  if (index > 0) {
    const Entity& parent = entities[entity.parent];
    if (parent.kind == EntityKind::leaf || entity.end > parent.end) {
      return false;
    }
    entities[entity.parent].children.push_back(index);
  }
  entities.push_back(std::move(entity));
  return in.is_sound();
}

}  // namespace

std::string encode_structure(const Structure& structure) {
  FieldWriter out;
  out.number(version).number(structure.is_cut ? cut_flag : 0).number(structure.entities.size());
  for (std::uint32_t index = 0; index < structure.entities.size(); ++index) {
    const Entity& entity = structure.entities[index];
    write_entity(out, entity, index, index == 0 ? 0 : structure.entities[entity.parent].body_begin);
  }
  return out.take();
}

std::optional<Structure> decode_structure(std::string_view record) {
  FieldReader in(record);
  if (in.number() != version) {
    return std::nullopt;
  }
  Structure structure;
  structure.is_cut = in.number(cut_flag) == cut_flag;
  for (std::size_t left = in.count(); left > 0; --left) {
    if (!read_entity(in, structure.entities)) {
      return std::nullopt;
    }
  }
  if (!in.is_sound() || !in.is_at_end() || structure.entities.empty()) {
    return std::nullopt;
  }
  return structure;
}

}  // namespace postrider::mime
