#include <postrider/codec/smtp/dot_stuffing.hpp>

namespace postrider::smtp {

void append_dot_stuffed(std::string_view octets, bool& at_line_start, std::string& out) {
  if (octets.empty()) {
    return;
  }
  if (at_line_start && octets.front() == '.') {
    out += '.';
  }
  // Searching the pair keeps the common case one fast pass and one copy.
  std::size_t from = 0;
  for (std::size_t at = octets.find("\n."); at != std::string_view::npos;
       at = octets.find("\n.", from)) {
    out += octets.substr(from, at + 1 - from);
    out += '.';
    from = at + 1;
  }
  out += octets.substr(from);
  at_line_start = octets.back() == '\n';
}

}  // namespace postrider::smtp
