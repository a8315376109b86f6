#include <cstddef>

#include <postrider/base/text.hpp>
#include <postrider/policy/answer_pattern.hpp>

namespace postrider::policy {
namespace {

std::optional<std::size_t> parse_octet(std::string_view text) {
  const auto number = parse_decimal(text);
  return text.size() <= 3 && number && *number <= 255 ? number : std::nullopt;
}

// "2", "2..99"
bool add_range(std::string_view text, std::bitset<256>& to) {
  const std::size_t dots = text.find("..");
  const auto low = parse_octet(text.substr(0, dots));
  const auto high = dots == text.npos ? low : parse_octet(text.substr(dots + 2));
  if (!low || !high || *low > *high) {
    return false;
  }
  for (std::size_t octet = *low; octet <= *high; ++octet) {
    to.set(octet);
  }
  return true;
}

// One octet of the pattern, cut off the front of `text`.
bool take_octet(std::string_view& text, std::bitset<256>& to) {
  if (!text.starts_with('[')) {
    const std::size_t end = text.find('.');
    const auto octet = parse_octet(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end);
    return octet && (to.set(*octet), true);
  }
  const std::size_t end = text.find(']');
  if (end == text.npos) {
    return false;
  }
  for (const std::string_view range : split(text.substr(1, end - 1), ';')) {
    if (!add_range(range, to)) {
      return false;
    }
  }
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::optional<AnswerPattern> AnswerPattern::parse(std::string_view text) {
  AnswerPattern out;
  for (std::size_t i = 0; i < out.octets_.size(); ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) {
        return std::nullopt;
      }
      text.remove_prefix(1);
    }
    if (!take_octet(text, out.octets_[i])) {
      return std::nullopt;
    }
  }
  return text.empty() ? std::optional(out) : std::nullopt;
}

bool AnswerPattern::matches(const IpAddress& answer) const {
  if (answer.family() != IpFamily::v4) {
    return false;
  }
  for (std::size_t i = 0; i < octets_.size(); ++i) {
    if (!octets_[i].test(answer.octets()[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace postrider::policy
