#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>

#include <postrider/base/assert.hpp>
#include <postrider/base/json.hpp>
#include <postrider/base/utf8.hpp>

namespace postrider {

namespace {

void append_control(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

// What stands in a string as it is: nearly every octet of an event log.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> out{};
  for (std::size_t octet = 0x20; octet < 0x7F; ++octet) {
    out[octet] = octet != '"' && octet != '\\';
  }
  return out;
}();

bool is_plain(char c) {
  return plain[static_cast<unsigned char>(c)];
}

void append_number(std::string& out, auto number) {
  char digits[20];  // of the longest, sign included
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end.ptr);
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && is_plain(text[end])) {
      ++end;
    }
    out += text.substr(at, end - at);
    at = end;
    if (at == text.size()) {
      break;
    }
    const Utf8Step step = decode_utf8(text.substr(at));
    if (!step.code_point) {
      out += "\xEF\xBF\xBD";
    } else if (text[at] == '"' || text[at] == '\\') {
      out += '\\';
      out += text[at];
    } else if (*step.code_point < 0x20 || *step.code_point == 0x7F) {
      append_control(out, text[at]);
    } else {
      out += text.substr(at, step.octets);
    }
    at += step.octets;
  }
  out += '"';
}

}  // namespace

void JsonWriter::begin(char bracket, bool is_object) {
  separate();
  check(depth_ < max_depth, "JSON nested deeper than any of ours");
  objects_ = objects_ << 1 | (is_object ? 1U : 0U);
  ++depth_;
  out_ += bracket;
  need_comma_ = false;
}

void JsonWriter::end(char bracket, bool is_object) {
  check(depth_ > 0 && in_object() == is_object, "JSON closes what is not open");
  check(!after_key_, "a JSON key without its value");
  objects_ >>= 1;
  --depth_;
  out_ += bracket;
  need_comma_ = true;
}

// Before each value.
void JsonWriter::separate() {
  check(!in_object() || after_key_, "a JSON value where a key must stand");
  if (need_comma_ && !after_key_ && depth_ > 0) {
    out_ += ',';
  }
  after_key_ = false;
  need_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  begin('{', true);
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  end('}', true);
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  begin('[', false);
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  end(']', false);
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  check(in_object() && !after_key_, "a JSON key where none may stand");
  if (need_comma_) {
    out_ += ',';
  }
  append_string(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool yes) {
  return raw(yes ? "true" : "false");
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) {
    return null();
  }
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace postrider
