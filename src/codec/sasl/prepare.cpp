#include <array>
#include <cstdint>
#include <cstdlib>
#include <uninorm.h>

#include <postrider/base/password_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::sasl {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// RFC 3454 C.1.2: blanks that become SP (RFC 4013 2.1).
constexpr std::array blanks = {
    Range{0x00a0, 0x00a0}, Range{0x1680, 0x1680}, Range{0x2000, 0x200a},
    Range{0x202f, 0x202f}, Range{0x205f, 0x205f}, Range{0x3000, 0x3000},
};

// RFC 3454 B.1: commonly mapped to nothing.
constexpr std::array nothing = {
    Range{0x00ad, 0x00ad}, Range{0x034f, 0x034f}, Range{0x1806, 0x1806}, Range{0x180b, 0x180d},
    Range{0x200b, 0x200d}, Range{0x2060, 0x2060}, Range{0xfe00, 0xfe0f}, Range{0xfeff, 0xfeff},
};

// RFC 4013 2.3: controls, private use, non-characters, surrogates, what is not for plain text, and
// what changes display or is deprecated, tags.
constexpr std::array prohibited = {
    Range{0x0000, 0x001f},   Range{0x007f, 0x009f},    Range{0x0340, 0x0341},
    Range{0x06dd, 0x06dd},   Range{0x070f, 0x070f},    Range{0x180e, 0x180e},
    Range{0x200e, 0x200f},   Range{0x2028, 0x202e},    Range{0x2061, 0x2064},
    Range{0x2066, 0x206f},   Range{0x2ff0, 0x2ffb},    Range{0xe000, 0xf8ff},
    Range{0xfdd0, 0xfdef},   Range{0xfff9, 0xffff},    Range{0x1d173, 0x1d17a},
    Range{0xe0000, 0xe007f}, Range{0xf0000, 0x10ffff},
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& table, char32_t code_point) {
  for (const Range& range : table) {
    if (code_point >= range.first && code_point <= range.last) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> map(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    if (!step.code_point) {
      return std::nullopt;
    }
    if (is_in(blanks, *step.code_point)) {
      out += ' ';
    } else if (!is_in(nothing, *step.code_point)) {
      out += text.substr(0, step.octets);
    }
    text.remove_prefix(step.octets);
  }
  return out;
}

std::optional<std::string> normalize(const std::string& text) {
  std::size_t octets = 0;
  std::uint8_t* made =
      u8_normalize(UNINORM_NFKC, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                   nullptr, &octets);
  if (made == nullptr) {
    return std::nullopt;
  }
  std::string out(reinterpret_cast<const char*>(made), octets);
  std::free(made);  // NOLINT: the library gives malloc's memory
  return out;
}

bool is_allowed(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    // The last two code points of each plane are no characters (RFC 3454 C.4).
    if (!step.code_point || is_in(prohibited, *step.code_point) ||
        (*step.code_point & 0xfffe) == 0xfffe) {
      return false;
    }
    text.remove_prefix(step.octets);
  }
  return true;
}

}  // namespace

std::optional<std::string> prepare(std::string_view text) {
  if (text.empty() || text.size() > password_limit_bytes) {
    return std::nullopt;
  }
  if (is_ascii(text)) {
    return is_allowed(text) ? std::optional<std::string>(text) : std::nullopt;
  }
  const auto mapped = map(text);
  if (!mapped || mapped->empty()) {
    return std::nullopt;
  }
  auto out = normalize(*mapped);
  return out && !out->empty() && is_allowed(*out) ? out : std::nullopt;
}

}  // namespace postrider::sasl
