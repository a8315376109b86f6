#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::mime {

namespace {

constexpr std::size_t usual_fields = 12;  // places made at once

// RFC 5322 2.2: printable ASCII without the colon.
bool is_name_char(char c) {
  return c > ' ' && c < 0x7F && c != ':';
}

struct NameEnd {
  std::size_t name_octets;
  std::size_t colon;
};

// "Name:", or "Name  :" (RFC 5322 4.5.8, obsolete). nullopt: the line begins no field.
std::optional<NameEnd> find_name(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && is_name_char(line[end])) {
    ++end;
  }
  std::size_t colon = end;
  while (colon < line.size() && is_wsp(line[colon])) {
    ++colon;
  }
  if (end == 0 || colon == line.size() || line[colon] != ':') {
    return std::nullopt;
  }
  return NameEnd{end, colon};
}

// A line that was cut before its colon.
bool may_become_name(std::string_view line) {
  const auto name_end = std::ranges::find_if_not(line, is_name_char);
  return std::all_of(name_end, line.end(), is_wsp);
}

struct Line {
  std::string_view text;   // without its CRLF
  std::size_t octets = 0;  // with it
};

Line line_at(std::string_view octets, std::size_t at) {
  const std::size_t end = octets.find("\r\n", at);
  if (end == std::string_view::npos) {
    return {octets.substr(at), octets.size() - at};
  }
  return {octets.substr(at, end - at), end - at + 2};
}

// The next line continues a field.
bool continues(std::string_view octets, std::size_t at) {
  return at < octets.size() && is_wsp(octets[at]);
}

std::string_view without_crlf(std::string_view text) {
  if (text.ends_with("\r\n")) {
    text.remove_suffix(2);
  }
  return text;
}

}  // namespace

Result<HeaderSection, HeaderError> scan_header(std::string_view octets,
                                               const HeaderLimits& limits) {
  HeaderSection section;
  section.fields_.reserve(std::min(usual_fields, limits.max_fields));
  // Nothing past the budget is looked at, so that a line without end costs no more than it. Four
  // octets more tell a header that just fits from one that goes on.
  const std::string_view window = octets.substr(0, std::min(octets.size(), limits.max_octets + 4));
  std::size_t at = 0;
  while (at < window.size()) {
    Line line = line_at(window, at);
    if (line.text.empty() && line.octets == 2) {
      section.end_ = HeaderEnd::blank_line;
      break;
    }
    const auto name = find_name(line.text);
    if (!name) {
      if (at + line.octets == window.size() && window.size() < octets.size() &&
          may_become_name(line.text)) {
        return failure(HeaderError::header_too_large);
      }
      section.end_ = HeaderEnd::malformed_line;
      break;
    }
    if (section.fields_.size() == limits.max_fields) {
      return failure(HeaderError::too_many_fields);
    }
    const std::size_t begin = at;
    while (true) {
      section.longest_line_octets_ = std::max(section.longest_line_octets_, line.text.size());
      if (line.text.size() > limits.max_line_octets) {
        return failure(HeaderError::line_too_long);
      }
      at += line.octets;
      if (!continues(window, at) || line.text.size() == line.octets) {
        break;
      }
      line = line_at(window, at);
    }
    const std::string_view raw = window.substr(begin, at - begin);
    section.fields_.push_back({.name = raw.substr(0, name->name_octets),
                               .value = without_crlf(raw.substr(name->colon + 1)),
                               .raw = raw,
                               .offset = begin});
  }
  if (at > limits.max_octets) {
    return failure(HeaderError::header_too_large);
  }
  section.header_octets_ = at;
  section.body_offset_ = section.end_ == HeaderEnd::blank_line ? at + 2 : at;
  return section;
}

const HeaderField* HeaderSection::find(std::string_view name) const {
  const auto it = std::ranges::find_if(
      fields_, [&](const HeaderField& field) { return equals_ignoring_case(field.name, name); });
  return it == fields_.end() ? nullptr : &*it;
}

std::size_t HeaderSection::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const HeaderField& field) { return equals_ignoring_case(field.name, name); }));
}

bool HeaderSection::has_8bit() const {
  return std::ranges::any_of(fields_,
                             [](const HeaderField& field) { return !is_ascii(field.raw); });
}

std::optional<std::size_t> find_blank_line(std::string_view octets, std::size_t from) {
  if (from == 0 && octets.starts_with("\r\n")) {
    return 0;
  }
  const std::size_t at = octets.find("\r\n\r\n", from);
  return at == std::string_view::npos ? std::nullopt : std::optional(at + 2);
}

std::string unfold(std::string_view value) {
  std::string line;
  line.reserve(value.size());
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t fold = value.find("\r\n", at);
    if (fold == std::string_view::npos) {
      line += value.substr(at);
      break;
    }
    line += value.substr(at, fold - at);
    at = fold + 2;
    // The scanner lets a CRLF stand in a value only before a blank; others' octets may differ.
    if (at < value.size() && !is_wsp(value[at])) {
      line += ' ';
    }
  }
  return std::string(trim_wsp(line));
}

}  // namespace postrider::mime
