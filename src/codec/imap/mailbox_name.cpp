#include <algorithm>
#include <cstdlib>
#include <memory>
#include <uninorm.h>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool stands_for_itself(char32_t c) {
  return c >= 0x20 && c <= 0x7E;
}

// The bits of a shifted section, UTF-16 in, letters out.
class ShiftWriter {
 public:
  explicit ShiftWriter(std::string& out) : out_(out) {}
  void put(char32_t code_point) {
    if (code_point >= 0x10000) {
      unit(0xD800 + ((code_point - 0x10000) >> 10));
      unit(0xDC00 + ((code_point - 0x10000) & 0x3FF));
    } else {
      unit(code_point);
    }
  }
  void finish() {
    if (count_ > 0) {
      out_ += alphabet[(bits_ << (6 - count_)) & 63];
    }
    out_ += '-';
  }

 private:
  void unit(char32_t value) {
    bits_ = (bits_ << 16) | value;
    for (count_ += 16; count_ >= 6; count_ -= 6) {
      out_ += alphabet[(bits_ >> (count_ - 6)) & 63];
    }
    bits_ &= (1U << count_) - 1;
  }
  std::string& out_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

// The inside of "&...-". False: not UTF-16 in that alphabet, or what needs no shifting.
bool decode_shifted(std::string_view letters, std::string& out) {
  std::uint32_t bits = 0;
  unsigned count = 0;
  char32_t high = 0;
  for (const char letter : letters) {
    const std::size_t value = alphabet.find(letter);
    if (value == alphabet.npos) {
      return false;
    }
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 16) {
      continue;
    }
    count -= 16;
    const char32_t unit = (bits >> count) & 0xFFFF;
    bits &= (1U << count) - 1;
    const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (is_low != (high != 0) || (high == 0 && stands_for_itself(unit))) {
      return false;
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      high = unit;
      continue;
    }
    append_utf8(out, high == 0 ? unit : 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
    high = 0;
  }
  return high == 0 && count < 6 && bits == 0;
}

struct Freed {
  void operator()(std::uint8_t* octets) const { std::free(octets); }
};

std::optional<std::string> normalized(std::string_view utf8) {
  if (is_ascii(utf8)) {
    return std::string(utf8);
  }
  std::size_t size = 0;
  const std::unique_ptr<std::uint8_t, Freed> octets(
      u8_normalize(UNINORM_NFC, reinterpret_cast<const std::uint8_t*>(utf8.data()), utf8.size(),
                   nullptr, &size));
  if (!octets) {
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(octets.get()), size);
}

bool has_control(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    const Utf8Step step = decode_utf8(utf8.substr(at));
    const char32_t c = step.code_point.value_or(0);
    // C0, DEL, C1, and the separators that RFC 9051 5.1 (by RFC 5198 2) keeps out of names.
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
      return true;
    }
    at += step.octets;
  }
  return false;
}

}  // namespace

std::string encode_modified_utf7(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    Utf8Step step = decode_utf8(utf8.substr(at));
    char32_t c = step.code_point.value_or(0xFFFD);
    if (stands_for_itself(c)) {
      out += static_cast<char>(c);
      out += c == '&' ? "-" : "";
      at += step.octets;
      continue;
    }
    out += '&';
    ShiftWriter shift(out);
    while (!stands_for_itself(c)) {
      shift.put(c);
      at += step.octets;
      if (at == utf8.size()) {
        break;
      }
      step = decode_utf8(utf8.substr(at));
      c = step.code_point.value_or(0xFFFD);
    }
    shift.finish();
  }
  return out;
}

std::optional<std::string> decode_modified_utf7(std::string_view text) {
  std::string out;
  bool after_shift = false;
  for (std::size_t at = 0; at < text.size();) {
    if (!stands_for_itself(static_cast<unsigned char>(text[at]))) {
      return std::nullopt;
    }
    if (text[at] != '&') {
      out += text[at++];
      after_shift = false;
      continue;
    }
    const std::size_t end = text.find('-', at);
    if (end == text.npos) {
      return std::nullopt;
    }
    const std::string_view letters = text.substr(at + 1, end - at - 1);
    if (letters.empty()) {
      out += '&';
      after_shift = false;
    } else if (after_shift || !decode_shifted(letters, out)) {  // two in a row would be one
      return std::nullopt;
    } else {
      after_shift = true;
    }
    at = end + 1;
  }
  return out;
}

std::optional<std::string> canonical_mailbox_name(std::string_view utf8) {
  if (utf8.ends_with(hierarchy_separator)) {
    utf8.remove_suffix(1);
  }
  // NFC makes no text longer than three times (UAX 15): don't normalise what can't fit.
  if (utf8.empty() || utf8.size() > mailbox_name_octets_max || !is_utf8(utf8) ||
      has_control(utf8)) {
    return std::nullopt;
  }
  auto name = normalized(utf8);
  if (!name || name->size() > mailbox_name_octets_max || name->starts_with(hierarchy_separator) ||
      name->ends_with(hierarchy_separator) || name->contains("//")) {
    return std::nullopt;
  }
  constexpr std::string_view inbox = "INBOX";
  if (starts_with_ignoring_case(*name, inbox) &&
      (name->size() == inbox.size() || (*name)[inbox.size()] == hierarchy_separator)) {
    std::ranges::copy(inbox, name->begin());
  }
  return name;
}

}  // namespace postrider::imap
