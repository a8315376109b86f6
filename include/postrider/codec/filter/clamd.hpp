#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::filter {

// ClamAV's INSTREAM, as clamd(8) describes it: a command, chunks with their length before them, an
// empty one, and one line that answers.
void append_clamd_begin(std::string& out);
// In: at least one octet, and fewer than 4 GiB.
void append_clamd_chunk(std::string_view octets, std::string& out);
void append_clamd_end(std::string& out);

inline constexpr std::size_t clamd_reply_octets_max = 1024;

enum class ClamdVerdict : std::uint8_t {
  clean,
  found,      // `text` names what
  too_large,  // past its StreamMaxLength: it has not seen all of it
  error,      // `text` says why
};
struct ClamdReply {
  ClamdVerdict verdict = ClamdVerdict::error;
  std::string text;  // one line, printable
  friend bool operator==(const ClamdReply&, const ClamdReply&) = default;
};
// The reply at the front of `octets`, up to its NUL. nullopt: it is not complete yet. What is too
// long, or no reply, is an error.
[[nodiscard]] std::optional<ClamdReply> parse_clamd_reply(std::string_view octets);

}  // namespace postrider::filter
