#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/http/parser.hpp>

namespace postrider::http {

namespace {

// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || marks.find(c) != marks.npos;
  });
}

// RFC 9110 5.5: visible octets, space and tab.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == '\t' || (octet >= 0x20 && octet != 0x7F);
  });
}

bool lists_token(std::string_view value, std::string_view token) {
  return std::ranges::any_of(split(value, ','), [&](std::string_view item) {
    return equals_ignoring_case(trim_wsp(item), token);
  });
}

}  // namespace

bool MessageParser::fail(std::uint16_t status, std::string text) {
  state_ = ParseState::failed;
  error_status_ = status;
  error_text_ = std::move(text);
  return false;
}

void MessageParser::restart() {
  state_ = ParseState::more;
  step_ = Step::start_line;
  line_.clear();
  header_octets_ = 0;
  wanted_ = 0;
  fields_.clear();
  body_.clear();
  http_1_0_ = false;
}

bool MessageParser::keep_alive() const {
  for (const auto& [name, value] : fields_) {
    if (name == "connection") {
      if (lists_token(value, "close")) {
        return false;
      }
      if (http_1_0_ && lists_token(value, "keep-alive")) {
        return true;
      }
    }
  }
  return !http_1_0_;
}

std::size_t MessageParser::feed(std::string_view octets) {
  std::size_t taken = 0;
  while (taken < octets.size() && state_ == ParseState::more) {
    const auto rest = octets.substr(taken);
    const bool body =
        step_ == Step::sized_body || step_ == Step::chunk_data || step_ == Step::close_body;
    taken += body ? take_body(rest) : take_line(rest);
  }
  return taken;
}

void MessageParser::on_end_of_stream() {
  if (state_ != ParseState::more) {
    return;
  }
  if (step_ == Step::close_body) {
    finish();
  } else {
    fail(400, "the connection ended within a message");
  }
}

std::size_t MessageParser::take_line(std::string_view octets) {
  const auto end = octets.find('\n');
  const auto part = octets.substr(0, end == octets.npos ? octets.size() : end + 1);
  const bool start = step_ == Step::start_line;
  const auto limit = start ? limits_.start_line_octets : limits_.header_octets;
  if (!start) {
    header_octets_ += part.size();
  }
  if ((start ? line_.size() + part.size() : header_octets_) > limit) {
    fail(start ? 414 : 431, start ? "the request line is too long" : "the header is too large");
    return part.size();
  }
  line_ += part;
  if (end == octets.npos) {
    return part.size();
  }
  std::string_view line = line_;
  line.remove_suffix(1);
  // RFC 9112 2.2 lets a recipient take a bare LF; refusing it leaves no two readings of a message.
  if (!line.ends_with('\r')) {
    fail(400, "a line ends in a bare LF");
    return part.size();
  }
  line.remove_suffix(1);
  if (line.find_first_of(std::string_view("\r\0", 2)) != line.npos) {
    fail(400, "a bare CR or NUL stands in a line");
    return part.size();
  }
  on_line(line);
  line_.clear();
  return part.size();
}

bool MessageParser::on_line(std::string_view line) {
  switch (step_) {
    case Step::start_line:
      if (line.empty()) {
        return true;  // RFC 9112 2.2: empty lines before a request are skipped
      }
      step_ = Step::fields;
      return on_start_line(line);
    case Step::fields:
      return line.empty() ? on_fields_end() : on_field(line);
    case Step::chunk_size:
      return on_chunk_size(line);
    case Step::chunk_end:
      step_ = Step::chunk_size;
      return line.empty() || fail(400, "a chunk is longer than it says");
    case Step::trailers:
      if (line.empty()) {
        finish();
      }
      return true;  // trailers are read and dropped
    default:
      return fail(500, "a line where none belongs");
  }
}

bool MessageParser::on_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) {
    return fail(400, "a header field has no proper name");  // also folding and space before ':'
  }
  const auto value = trim_wsp(line.substr(colon + 1));
  if (!is_field_value(value)) {
    return fail(400, "a header field holds control characters");
  }
  if (fields_.size() == limits_.fields) {
    return fail(431, "too many header fields");
  }
  fields_.push_back({to_lower(line.substr(0, colon)), std::string(value)});
  return true;
}

bool MessageParser::on_fields_end() {
  std::optional<std::uint64_t> length;
  bool chunked = false;
  for (const auto& [name, value] : fields_) {
    if (name == "content-length") {
      const auto parsed = parse_decimal(value);
      if (!parsed || length) {
        return fail(400, "Content-Length is no number, or stands twice");
      }
      length = parsed;
    } else if (name == "transfer-encoding") {
      if (chunked || !equals_ignoring_case(value, "chunked")) {
        return fail(501, "only Transfer-Encoding: chunked is understood");
      }
      chunked = true;
    }
  }
  const auto rule = body_rule();
  if (chunked && (length || http_1_0_)) {
    return fail(400, "Transfer-Encoding with Content-Length or HTTP/1.0");
  }
  if (rule.forbidden) {
    finish();
  } else if (chunked) {
    step_ = Step::chunk_size;
  } else if (length && *length > limits_.body_octets) {
    return fail(413, "the body is too large");
  } else if (length && *length > 0) {
    wanted_ = static_cast<std::size_t>(*length);
    body_.reserve(wanted_);
    step_ = Step::sized_body;
  } else if (!length && rule.until_close) {
    step_ = Step::close_body;
  } else {
    finish();
  }
  return true;
}

bool MessageParser::on_chunk_size(std::string_view line) {
  std::size_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size(); ++digits) {
    const char c = ascii_lower(line[digits]);
    const bool decimal = is_ascii_digit(c);
    if (!decimal && (c < 'a' || c > 'f')) {
      break;
    }
    if (digits == 8) {
      return fail(413, "a chunk is too large");
    }
    size = size * 16 + static_cast<std::size_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  const auto rest = trim_wsp(line.substr(digits));
  if (digits == 0 || (!rest.empty() && rest.front() != ';')) {
    return fail(400, "a chunk has no size");
  }
  if (size > limits_.body_octets - body_.size()) {
    return fail(413, "the body is too large");
  }
  wanted_ = size;
  step_ = size == 0 ? Step::trailers : Step::chunk_data;
  return true;
}

std::size_t MessageParser::take_body(std::string_view octets) {
  if (step_ == Step::close_body) {
    if (octets.size() > limits_.body_octets - body_.size()) {
      fail(413, "the body is too large");
    } else {
      body_ += octets;
    }
    return octets.size();
  }
  const auto part = octets.substr(0, wanted_);
  body_ += part;
  wanted_ -= part.size();
  if (wanted_ == 0) {
    if (step_ == Step::chunk_data) {
      step_ = Step::chunk_end;
    } else {
      finish();
    }
  }
  return part.size();
}

bool RequestParser::on_start_line(std::string_view line) {
  const auto parts = split(line, ' ');
  if (parts.size() != 3 || !is_token(parts[0])) {
    return fail(400, "the request line is not METHOD TARGET HTTP/1.1");
  }
  if (parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0") {
    return fail(parts[2].starts_with("HTTP/") ? 505 : 400, "only HTTP/1.1 is spoken here");
  }
  if (!parts[1].starts_with('/') || !is_ascii(parts[1]) || !is_field_value(parts[1])) {
    return fail(400, "the target is not a path");
  }
  http_1_0_ = parts[2] == "HTTP/1.0";
  method_ = parts[0];
  target_ = parts[1];
  return true;
}

Request RequestParser::take() {
  const bool again = keep_alive();
  Request request{std::move(method_), std::move(target_), std::move(fields_), std::move(body_),
                  again};
  restart();
  return request;
}

bool ResponseParser::on_start_line(std::string_view line) {
  const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  const auto code = line.size() >= 12 ? parse_decimal(line.substr(9, 3)) : std::nullopt;
  if (!known || !code || *code < 100 || *code > 599 || (line.size() > 12 && line[12] != ' ')) {
    return fail(400, "the status line is not HTTP/1.1 CODE REASON");
  }
  http_1_0_ = line.starts_with("HTTP/1.0");
  status_ = static_cast<std::uint16_t>(*code);
  return true;
}

MessageParser::BodyRule ResponseParser::body_rule() const {
  return {.forbidden = to_head_ || status_ < 200 || status_ == 204 || status_ == 304,
          .until_close = true};
}

Response ResponseParser::take() {
  const bool again = keep_alive();
  Response response{status_, std::move(fields_), std::move(body_), again};
  restart();
  return response;
}

}  // namespace postrider::http
