#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/flags.hpp>

namespace postrider::imap {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 5> system_flags = {{
    {"\\Answered", SystemFlag::answered},
    {"\\Flagged", SystemFlag::flagged},
    {"\\Deleted", SystemFlag::deleted},
    {"\\Seen", SystemFlag::seen},
    {"\\Draft", SystemFlag::draft},
}};

constexpr std::array<std::pair<std::string_view, SpecialUse>, 8> special_uses = {{
    {"\\All", SpecialUse::all},
    {"\\Archive", SpecialUse::archive},
    {"\\Drafts", SpecialUse::drafts},
    {"\\Flagged", SpecialUse::flagged},
    {"\\Junk", SpecialUse::junk},
    {"\\Sent", SpecialUse::sent},
    {"\\Trash", SpecialUse::trash},
    {"\\Important", SpecialUse::important},
}};

}  // namespace

std::optional<std::uint8_t> parse_system_flag(std::string_view name) {
  for (const auto& [text, bit] : system_flags) {
    if (equals_ignoring_case(text, name)) {
      return bit;
    }
  }
  return std::nullopt;
}

bool is_keyword(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
  });
}

void encode_flags(const Flags& flags, std::string& out) {
  const std::size_t begin = out.size();
  for (const auto& [text, bit] : system_flags) {
    if ((flags.system & bit) != 0) {
      out += out.size() == begin ? "" : " ";
      out += text;
    }
  }
  if ((flags.system & SystemFlag::recent) != 0) {
    out += out.size() == begin ? "\\Recent" : " \\Recent";
  }
  for (const std::string& keyword : flags.keywords) {
    out += out.size() == begin ? "" : " ";
    out += keyword;
  }
}

std::string_view name_of(SpecialUse use) {
  const auto row =
      std::ranges::find(special_uses, use, &std::pair<std::string_view, SpecialUse>::second);
  return row == special_uses.end() ? std::string_view() : row->first;
}

std::optional<SpecialUse> parse_special_use(std::string_view name) {
  for (const auto& [text, use] : special_uses) {
    if (equals_ignoring_case(text, name)) {
      return use;
    }
  }
  return std::nullopt;
}

}  // namespace postrider::imap
