#include <fmt/format.h>
#include <iterator>

#include <postrider/codec/pop3/message_writer.hpp>
#include <postrider/codec/smtp/dot_stuffing.hpp>

namespace postrider::pop3 {

void MessageWriter::begin(std::uint64_t octets, std::string& out) const {
  if (lines_) {
    out += "+OK The top of it follows\r\n";
  } else {
    fmt::format_to(std::back_inserter(out), "+OK {} octets\r\n", octets);
  }
}

void MessageWriter::append(std::string_view octets, std::string& out) {
  const std::size_t wanted = lines_ ? wanted_of(octets) : octets.size();
  smtp::append_dot_stuffed(octets.substr(0, wanted), at_line_start_, out);
}

// How much of it stands in the header, or in the lines that are still wanted.
std::size_t MessageWriter::wanted_of(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size() && !full_) {
    if (!in_header_ && *lines_ == 0) {
      full_ = true;
      break;
    }
    const std::size_t end = octets.find('\n', at);
    const std::string_view part = octets.substr(at, end == octets.npos ? end : end - at);
    line_is_empty_ = line_is_empty_ && (part.empty() || part == "\r");
    if (end == octets.npos) {
      return octets.size();
    }
    at = end + 1;
    if (!in_header_) {
      --*lines_;
    } else if (line_is_empty_) {
      in_header_ = false;
    }
    line_is_empty_ = true;
  }
  return at;
}

void MessageWriter::end(std::string& out) const {
  out += at_line_start_ ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace postrider::pop3
