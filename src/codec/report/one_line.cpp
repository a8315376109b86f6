#include "one_line.hpp"

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>

namespace postrider::report {

namespace {

constexpr std::size_t longest_word = 900;

}  // namespace

std::string one_line(std::string_view text, bool utf8_allowed) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = decode_utf8(text.substr(at));
    at += step.octets;
    if (!step.code_point || (*step.code_point >= 0x80 && !utf8_allowed)) {
      out += '?';
    } else if (*step.code_point < 0x20 || *step.code_point == 0x7F) {
      if (!out.ends_with(' ')) {
        out += ' ';
      }
    } else {
      append_utf8(out, *step.code_point);
    }
  }
  return with_short_words(trim_wsp(out));
}

std::string with_short_words(std::string_view text) {
  std::string out;
  std::size_t word = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t octets = decode_utf8(text.substr(at)).octets;
    if (word + octets > longest_word && text[at] != ' ') {
      out += ' ';
      word = 0;
    }
    word = text[at] == ' ' ? 0 : word + octets;
    out += text.substr(at, octets);
    at += octets;
  }
  return out;
}

}  // namespace postrider::report
