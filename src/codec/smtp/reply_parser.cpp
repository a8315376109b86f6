#include <algorithm>
#include <limits>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>

namespace postrider::smtp {

namespace {

// RFC 3463 2: class "." subject "." detail; 1*1, 1*3 and 1*3 digits without leading zeros.
std::optional<EnhancedCode> parse_enhanced(std::string_view token) {
  const auto parts = split(token, '.');
  if (parts.size() != 3 || parts[0].size() != 1) {
    return std::nullopt;
  }
  std::uint16_t numbers[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto value = parse_decimal(parts[i]);
    if (!value || parts[i].size() > 3 || (parts[i].size() > 1 && parts[i].front() == '0')) {
      return std::nullopt;
    }
    numbers[i] = static_cast<std::uint16_t>(*value);
  }
  if (numbers[0] != 2 && numbers[0] != 4 && numbers[0] != 5) {
    return std::nullopt;
  }
  return EnhancedCode{static_cast<std::uint8_t>(numbers[0]), numbers[1], numbers[2]};
}

std::optional<std::uint16_t> parse_code(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_ascii_digit(line[1]) ||
      !is_ascii_digit(line[2])) {
    return std::nullopt;
  }
  // RFC 5321 4.2: a client must understand a code without text.
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
}

}  // namespace

std::string_view describe(ReplyError error) {
  switch (error) {
    case ReplyError::malformed:
      return "malformed reply";
    case ReplyError::code_changed:
      return "a reply with two codes";
    case ReplyError::too_long:
      return "a reply without end";
  }
  return "unknown";
}

void ReplyParser::reset() {
  line_.clear();
  lines_ = 0;
  reply_ = {};
}

Result<std::optional<Reply>, ReplyError> ReplyParser::feed(std::string_view& octets) {
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    const std::string_view part = octets.substr(0, end);
    if (line_.size() + part.size() > limits_.line_octets) {
      return failure(ReplyError::too_long);
    }
    line_ += part;
    if (end == std::string_view::npos) {
      octets = {};
      return std::nullopt;
    }
    octets.remove_prefix(end + 1);
    if (line_.ends_with('\r')) {
      line_.pop_back();
    }
    const auto is_last = take_line(line_);
    line_.clear();
    if (!is_last) {
      return failure(is_last.error());
    }
    if (*is_last) {
      lines_ = 0;
      return std::exchange(reply_, {});
    }
  }
  return std::nullopt;
}

Result<bool, ReplyError> ReplyParser::take_line(std::string_view line) {
  const auto code = parse_code(line);
  if (!code) {
    return failure(ReplyError::malformed);
  }
  if (lines_ > 0 && *code != reply_.code) {
    return failure(ReplyError::code_changed);
  }
  if (++lines_ > limits_.lines) {
    return failure(ReplyError::too_long);
  }
  reply_.code = *code;
  std::string_view text = line.size() > 4 ? line.substr(4) : std::string_view();
  const bool may_have_code = *code / 100 != 3 && (enhanced_offered_ || *code >= 400);
  const std::string_view token = text.substr(0, text.find(' '));
  if (const auto enhanced = may_have_code ? parse_enhanced(token) : std::nullopt;
      enhanced && enhanced->klass == *code / 100) {
    if (!reply_.enhanced.is_given()) {
      reply_.enhanced = *enhanced;
    }
    text.remove_prefix(std::min(text.size(), token.size() + 1));
  }
  if (lines_ > 1) {
    append_text("\n");
  }
  append_text(text);
  return line.size() == 3 || line[3] == ' ';
}

void ReplyParser::append_text(std::string_view text) {
  const std::size_t room = limits_.text_octets - std::min(limits_.text_octets, reply_.text.size());
  for (const char c : text.substr(0, room)) {
    const auto octet = static_cast<unsigned char>(c);
    reply_.text += (octet < 0x20 && c != '\n') || octet == 0x7f ? ' ' : c;
  }
}

}  // namespace postrider::smtp
