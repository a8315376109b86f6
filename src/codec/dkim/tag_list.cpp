#include <algorithm>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

namespace postrider::dkim {

namespace {

constexpr std::string_view white_space = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

bool is_tag_name(std::string_view text) {
  return !text.empty() && is_ascii_alpha(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_';
  });
}

// RFC 6376 3.2, tval, and RFC 8616 for what is not ASCII.
bool is_tag_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet > 0x20 && octet != 0x7F) || white_space.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<std::string_view> TagList::find(std::string_view name) const {
  const auto it = std::ranges::find(tags_, name, &Tag::name);
  return it == tags_.end() ? std::nullopt : std::optional(it->value);
}

std::optional<TagList> parse_tag_list(std::string_view text) {
  std::vector<Tag> tags;
  while (true) {
    const std::size_t end = text.find(';');
    const std::string_view spec = text.substr(0, end);
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos) {
      // Only behind the last semicolon may nothing stand.
      if (end != std::string_view::npos || tags.empty() || !trim(spec).empty()) {
        return std::nullopt;
      }
      return TagList(std::move(tags));
    }
    const Tag tag{trim(spec.substr(0, equals)), trim(spec.substr(equals + 1))};
    if (!is_tag_name(tag.name) || !is_tag_value(tag.value) || tags.size() == max_tags ||
        std::ranges::find(tags, tag.name, &Tag::name) != tags.end()) {
      return std::nullopt;
    }
    tags.push_back(tag);
    if (end == std::string_view::npos) {
      return TagList(std::move(tags));
    }
    text.remove_prefix(end + 1);
  }
}

std::string without_white_space(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  std::ranges::copy_if(value, std::back_inserter(out),
                       [](char c) { return white_space.find(c) == std::string_view::npos; });
  return out;
}

}  // namespace postrider::dkim
