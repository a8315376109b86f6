#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/report/delivery_status.hpp>

namespace postrider::report {

// A delivery status notification that was received.
struct ParsedDsn {
  DeliveryStatus status;
  std::string words;                    // the first part, decoded; empty if it is no text
  std::optional<std::string> original;  // the returned message, or its header alone, decoded
  bool original_is_full = false;
};

enum class DsnParseError : std::uint8_t {
  not_a_report,       // no multipart/report of delivery-status: treat it as a message like others
  unreadable_report,  // it says it is one, but its parts or its status can't be read
};

// In: a whole message. The order of parts is RFC 6522 3's; what stands before the status part is
// the words, what follows it the original.
[[nodiscard]] Result<ParsedDsn, DsnParseError> parse_dsn(std::string_view message);

}  // namespace postrider::report
