#include <algorithm>
#include <utility>

#include <postrider/codec/smtp/limits.hpp>
#include <postrider/codec/smtp/reply.hpp>

namespace postrider::smtp {
namespace {

// RFC 5321 4.2: textstring is HT, SP and graphic characters. CR and LF above all may not get
// through: they would be replies of their own.
void append_safe(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out.push_back(octet < 0x20 || octet == 0x7f ? ' ' : c);
  }
}

// The next piece of at most `limit` octets, cut at a blank if there is one, and never inside a
// UTF-8 sequence.
std::string_view take_piece(std::string_view& line, std::size_t limit) {
  if (line.size() <= limit) {
    return std::exchange(line, {});
  }
  std::size_t cut = line.substr(0, limit + 1).rfind(' ');
  if (cut == std::string_view::npos || cut == 0) {
    cut = limit;
    while (cut > 1 && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) {
      --cut;
    }
  }
  const std::string_view piece = line.substr(0, cut);
  line.remove_prefix(cut < line.size() && line[cut] == ' ' ? cut + 1 : cut);
  return piece;
}

}  // namespace

std::string EnhancedCode::text() const {
  if (!is_given()) {
    return {};
  }
  return std::to_string(klass) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

void encode_reply(const Reply& reply, std::string& out) {
  const std::string code = std::to_string(reply.code);
  std::string enhanced = reply.enhanced.text();
  if (!enhanced.empty() && !reply.text.empty()) {
    enhanced += ' ';
  }
  const std::size_t room =
      reply_line_octets_max - std::min<std::size_t>(enhanced.size() + code.size() + 3, 100);
  std::string_view rest = reply.text;
  bool last = false;
  while (!last) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    const bool more_lines = end != std::string_view::npos;
    rest.remove_prefix(more_lines ? end + 1 : rest.size());
    do {
      const std::string_view piece = take_piece(line, room);
      last = line.empty() && !more_lines;
      out += code;
      out += last ? ' ' : '-';
      out += enhanced;
      append_safe(piece, out);
      out += "\r\n";
    } while (!line.empty());
  }
}

}  // namespace postrider::smtp
