#include <algorithm>

#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {
namespace {

void append_text(std::string_view text, std::string& out) {
  if (text.empty()) {
    text = "Done";  // RFC 9051 9: resp-text is never empty
  }
  const std::size_t begin = out.size();
  out += text;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  // A text that begins so would be read as a code.
  if (out[begin] == '[') {
    out.insert(begin, " ");
  }
  out += "\r\n";
}

void append_code(std::string_view code, std::string& out) {
  if (!code.empty()) {
    out.append("[").append(code).append("] ");
  }
}

}  // namespace

void encode_status(std::string_view tag, const Status& status, std::string& out) {
  constexpr std::string_view words[] = {" OK ", " NO ", " BAD "};
  out.append(tag).append(words[static_cast<std::size_t>(status.kind)]);
  append_code(status.code, out);
  append_text(status.text, out);
}

void encode_bye(std::string_view code, std::string_view text, std::string& out) {
  out += "* BYE ";
  append_code(code, out);
  append_text(text, out);
}

void encode_continuation(std::string_view text, std::string& out) {
  out.append("+ ").append(text).append("\r\n");
}

}  // namespace postrider::imap
