#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/structure.hpp>

namespace postrider::mime {
namespace {

// RFC 2046 5.1.1: two hyphens, 70 characters at most, two hyphens, and blanks that gateways add.
constexpr std::size_t boundary_octets_max = 70;
constexpr std::size_t delimiter_octets_max = 998;

std::string field_text(const HeaderSection& header, std::string_view name) {
  const HeaderField* field = header.find(name);
  return field == nullptr ? std::string() : unfold(field->value);
}

bool is_blank(std::string_view text) {
  return trim_wsp(text).empty();
}

// A field, or the continuation of one.
bool is_header_line(std::string_view line) {
  if (is_wsp(line.front())) {
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view name = line.substr(0, line.find_first_of(" \t:"));
  return is_blank(line.substr(name.size(), colon - name.size())) &&
         std::ranges::all_of(name, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool is_identity(std::string_view encoding) {
  return encoding.empty() || encoding == "7bit" || encoding == "8bit" || encoding == "binary";
}

}  // namespace

struct StructureScanner::Impl {
  explicit Impl(const StructureLimits& given) : limits(given) { begin_entity(0, false); }

  // One of the entities that stand inside one another where we are.
  struct Open {
    std::uint32_t index = 0;
    std::string boundary;  // empty: no multipart, or its close delimiter has come
    std::uint64_t lines_before = 0;
    bool keeps_header = false;
    bool in_digest = false;
  };

  void feed(std::string_view octets);
  void end_line(std::string_view line, std::size_t line_break, bool is_whole);
  bool on_delimiter(std::string_view line);
  bool on_header_line(std::string_view line, std::size_t line_break);
  void end_header(std::uint64_t body_begin);
  void read_fields(Entity& entity, Open& open);
  void begin_entity(std::uint32_t parent, bool keeps_header);
  void close_above(std::size_t level);
  [[nodiscard]] Entity& entity(const Open& open) { return structure.entities[open.index]; }
  [[nodiscard]] bool has_room() const {
    return open_entities.size() < limits.depth && structure.entities.size() < limits.entities &&
           kept < limits.kept_octets;
  }

  StructureLimits limits;
  Structure structure;
  std::vector<Open> open_entities;
  bool in_header = true;
  std::string header;       // of the entity that has begun
  std::uint64_t kept = 0;   // octets that the structure keeps
  std::string line_so_far;  // of the line that has begun; its beginning, if it is long
  std::uint64_t line_octets = 0;
  std::uint64_t line_begin = 0;
  std::size_t last_break = 0;  // octets of the line break before this line
  std::uint64_t lines = 0;     // line breaks so far
};

void StructureScanner::Impl::begin_entity(std::uint32_t parent, bool keeps_header) {
  const auto index = static_cast<std::uint32_t>(structure.entities.size());
  Entity fresh;
  fresh.parent = parent;
  fresh.header_begin = fresh.body_begin = line_begin;
  const bool in_digest = !structure.entities.empty() &&
                         structure.entities[parent].kind == EntityKind::multipart &&
                         structure.entities[parent].content_type.subtype == "digest";
  structure.entities.push_back(std::move(fresh));
  if (index != 0) {
    structure.entities[parent].children.push_back(index);
  }
  open_entities.push_back({.index = index,
                           .boundary = {},
                           .lines_before = lines,
                           .keeps_header = keeps_header || index == 0,
                           .in_digest = in_digest});
  in_header = true;
  header.clear();
}

void StructureScanner::Impl::feed(std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t lf = octets.find('\n');
    const std::string_view piece = octets.substr(0, lf);
    const std::size_t room = std::max<std::size_t>(limits.header_octets, delimiter_octets_max + 2);
    const std::size_t taken = std::min(piece.size(), room - std::min(room, line_so_far.size()));
    line_octets += piece.size();
    if (lf == std::string_view::npos) {
      line_so_far.append(piece, 0, taken);
      return;
    }
    octets.remove_prefix(lf + 1);
    std::string_view line = piece;
    if (!line_so_far.empty()) {
      line_so_far.append(piece, 0, taken);
      line = line_so_far;
    }
    const bool is_whole = line.size() == line_octets;
    const bool has_cr = is_whole && line.ends_with('\r');
    line.remove_suffix(has_cr ? 1 : 0);
    end_line(line, has_cr ? 2 : 1, is_whole);
    line_so_far.clear();
  }
}

void StructureScanner::Impl::end_line(std::string_view line, std::size_t line_break,
                                      bool is_whole) {
  const std::uint64_t after = line_begin + line_octets + (line_break > 0 ? 1 : 0);
  bool is_delimiter = is_whole && line.starts_with("--") && on_delimiter(line);
  lines += line_break > 0 ? 1 : 0;
  if (!is_delimiter && in_header) {
    if (line.empty()) {
      line_begin = after;
      end_header(after);
    } else {
      is_delimiter = on_header_line(line, line_break);
    }
  }
  line_begin = after;
  line_octets = 0;
  last_break = line_break;
  if (is_delimiter && in_header) {
    Open& fresh = open_entities.back();
    entity(fresh).header_begin = entity(fresh).body_begin = after;
    fresh.lines_before = lines;
  }
}

// True: there was no blank line, and this is the delimiter of the multipart that has begun.
bool StructureScanner::Impl::on_header_line(std::string_view line, std::size_t line_break) {
  if (!is_header_line(line)) {
    // The blank line is missing: this one belongs to the body.
    lines -= line_break > 0 ? 1 : 0;
    end_header(line_begin);
    const bool is_delimiter = !in_header && line.starts_with("--") && on_delimiter(line);
    lines += line_break > 0 ? 1 : 0;
    // Of a message in a message it may be a field.
    return is_delimiter || (in_header && on_header_line(line, line_break));
  }
  if (header.size() + line.size() + 2 > limits.header_octets) {
    structure.is_cut = true;
    return false;
  }
  header.append(line).append("\r\n");
  return false;
}

void StructureScanner::Impl::end_header(std::uint64_t body_begin) {
  in_header = false;
  Open& open = open_entities.back();
  Entity& current = entity(open);
  current.body_begin = body_begin;
  open.lines_before = lines;
  read_fields(current, open);
  header.clear();
  const bool is_message =
      current.content_type.is("message", "rfc822") || current.content_type.is("message", "global");
  if (current.content_type.type == "multipart") {
    const auto boundary = current.content_type.parameter("boundary");
    if (boundary && !boundary->empty() && boundary->size() <= boundary_octets_max) {
      if (has_room()) {
        current.kind = EntityKind::multipart;
        open.boundary = *boundary;
      } else {
        structure.is_cut = true;
      }
    }
  } else if (is_message && is_identity(current.encoding)) {
    if (has_room()) {
      current.kind = EntityKind::message;
      const std::uint32_t index = open.index;
      const std::uint64_t line_was = std::exchange(line_begin, body_begin);
      begin_entity(index, true);
      line_begin = line_was;
    } else {
      structure.is_cut = true;
    }
  }
}

void StructureScanner::Impl::read_fields(Entity& current, Open& open) {
  current.content_type = open.in_digest ? ContentType{"message", "rfc822", {}}
                                        : ContentType{"text", "plain", {{"charset", "us-ascii"}}};
  const HeaderLimits all{.max_octets = limits.header_octets,
                         .max_fields = limits.header_octets,
                         .max_line_octets = limits.header_octets};
  const auto fields = scan_header(header, all);
  if (!fields) {
    structure.is_cut = true;
    return;
  }
  if (auto type = parse_content_type(field_text(*fields, "Content-Type"))) {
    current.content_type = *std::move(type);
  }
  current.encoding = to_lower(trim_wsp(field_text(*fields, "Content-Transfer-Encoding")));
  current.disposition = parse_content_disposition(field_text(*fields, "Content-Disposition"));
  current.id = field_text(*fields, "Content-ID");
  current.description = field_text(*fields, "Content-Description");
  current.md5 = field_text(*fields, "Content-MD5");
  current.language = field_text(*fields, "Content-Language");
  current.location = field_text(*fields, "Content-Location");
  kept += header.size();
  if (open.keeps_header) {
    current.header = header;
  }
}

// False: it is none of ours.
bool StructureScanner::Impl::on_delimiter(std::string_view line) {
  if (line.size() > delimiter_octets_max) {
    return false;
  }
  const std::string_view rest = line.substr(2);
  for (std::size_t level = open_entities.size(); level-- > 0;) {
    const std::string& boundary = open_entities[level].boundary;
    if (boundary.empty() || !rest.starts_with(boundary)) {
      continue;
    }
    const std::string_view behind = rest.substr(boundary.size());
    const bool closes = behind.starts_with("--") && is_blank(behind.substr(2));
    if (!closes && !is_blank(behind)) {
      continue;
    }
    close_above(level);
    if (closes) {
      open_entities[level].boundary.clear();
      in_header = false;
    } else if (structure.entities.size() < limits.entities && kept < limits.kept_octets) {
      begin_entity(open_entities[level].index, false);
    } else {
      structure.is_cut = true;
      in_header = false;
    }
    return true;
  }
  return false;
}

// Ends what stands inside the entity of that level; at a delimiter, or at the end of all.
void StructureScanner::Impl::close_above(std::size_t level) {
  while (open_entities.size() > level + 1) {
    if (in_header) {
      // The last line break belongs to the delimiter here too.
      const std::uint64_t begin = entity(open_entities.back()).header_begin;
      end_header(line_begin >= begin + last_break ? line_begin - last_break : begin);
      continue;  // it may have opened another
    }
    const Open& open = open_entities.back();
    Entity& ended = entity(open);
    const bool strips = line_begin >= ended.body_begin + last_break;
    ended.end = strips ? line_begin - last_break : ended.body_begin;
    if (!strips && structure.entities[ended.parent].kind == EntityKind::message &&
        line_begin >= ended.header_begin + last_break) {
      // Its blank line is the break that belongs to the delimiter: the part ends before it.
      ended.end = ended.body_begin = std::min(ended.body_begin, line_begin - last_break);
    }
    const std::uint64_t breaks = lines - open.lines_before;
    ended.body_lines = breaks - (strips && last_break > 0 && breaks > 0 ? 1 : 0);
    open_entities.pop_back();
  }
}

StructureScanner::StructureScanner(const StructureLimits& limits)
    : impl_(std::make_unique<Impl>(limits)) {}
StructureScanner::StructureScanner(StructureScanner&&) noexcept = default;
StructureScanner& StructureScanner::operator=(StructureScanner&&) noexcept = default;
StructureScanner::~StructureScanner() = default;

void StructureScanner::feed(std::string_view octets) {
  impl_->feed(octets);
}

Structure StructureScanner::finish() {
  Impl& scan = *impl_;
  if (scan.line_octets > 0) {
    const std::string line = std::exchange(scan.line_so_far, {});
    scan.end_line(line, 0, line.size() == scan.line_octets);
  }
  // The end of all is no delimiter: the last line break belongs to what it ends.
  scan.last_break = 0;
  while (scan.in_header) {
    scan.end_header(scan.line_begin);
  }
  scan.close_above(0);
  Entity& whole = scan.structure.entities.front();
  whole.end = scan.line_begin;
  whole.body_lines = scan.lines - scan.open_entities.front().lines_before;
  return std::move(scan.structure);
}

Structure scan_structure(std::string_view message, const StructureLimits& limits) {
  StructureScanner scanner(limits);
  scanner.feed(message);
  return scanner.finish();
}

}  // namespace postrider::mime
