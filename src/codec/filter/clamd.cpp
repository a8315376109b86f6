#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/filter/clamd.hpp>

namespace postrider::filter {
namespace {

constexpr std::size_t text_octets_max = 200;

void append_length(std::uint32_t length, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(length >> shift);
  }
}

}  // namespace

void append_clamd_begin(std::string& out) {
  out.append("zINSTREAM\0", 10);
}

void append_clamd_chunk(std::string_view octets, std::string& out) {
  check(!octets.empty() && octets.size() <= UINT32_MAX, "an empty chunk would end the stream");
  append_length(static_cast<std::uint32_t>(octets.size()), out);
  out += octets;
}

void append_clamd_end(std::string& out) {
  append_length(0, out);
}

std::optional<ClamdReply> parse_clamd_reply(std::string_view octets) {
  const std::size_t end = octets.find('\0');
  if (end == octets.npos) {
    return octets.size() > clamd_reply_octets_max
               ? std::optional(ClamdReply{ClamdVerdict::error, "the reply is too long"})
               : std::nullopt;
  }
  std::string_view line = octets.substr(0, end);
  while (line.ends_with('\n') || line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  constexpr std::string_view stream = "stream: ";
  constexpr std::string_view found = " FOUND";
  if (line == "stream: OK") {
    return ClamdReply{ClamdVerdict::clean, {}};
  }
  if (line.starts_with(stream) && line.ends_with(found) &&
      line.size() > stream.size() + found.size()) {
    line.remove_prefix(stream.size());
    line.remove_suffix(found.size());
    return ClamdReply{ClamdVerdict::found, quoted_for_log(line, text_octets_max)};
  }
  if (line.starts_with("INSTREAM size limit exceeded")) {
    return ClamdReply{ClamdVerdict::too_large, "larger than the scanner takes"};
  }
  return ClamdReply{ClamdVerdict::error, quoted_for_log(line, text_octets_max)};
}

}  // namespace postrider::filter
