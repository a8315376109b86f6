#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::imap {

// What listings show of a message, and what it is sorted and threaded by, made of its header once,
// so that no listing parses one.
//
//   summary = flags:number [sent:time] envelope:text subject:text from:text to:text cc:text
//             display_from:text display_to:text id:text references:number reference:text...
//   flags   = 1: there is `sent` | 2: is_reply
//
// The fields are those of base/record_fields; a view is valid as long as its record.
struct SummaryView {
  std::string_view envelope;  // encode_envelope()
  // Date:, in seconds since 1970; nullopt: INTERNALDATE stands for it (RFC 5256 2.2).
  std::optional<std::int64_t> sent;
  bool is_reply = false;     // RFC 5256 2.1
  std::string_view subject;  // these five by sort_key.hpp
  std::string_view from;
  std::string_view to;
  std::string_view cc;
  std::string_view display_from;
  std::string_view display_to;
  std::string_view id;                       // Message-ID without brackets; empty: none
  std::vector<std::string_view> references;  // RFC 5256 3: else the first of In-Reply-To
};

// In: a header, or those of its fields that an envelope and References take.
// Cost: linear; the record has at most a few times the octets of the header.
[[nodiscard]] std::string summarize(std::string_view header);
// nullopt: damaged.
[[nodiscard]] std::optional<SummaryView> read_summary(std::string_view record);
// Its envelope alone; what stands behind that is not looked at.
[[nodiscard]] std::optional<std::string_view> read_envelope(std::string_view record);

}  // namespace postrider::imap
