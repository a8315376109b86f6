#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::smtp {

// What a server offers (RFC 5321 4.1.1.1), the extensions that a sender can use.
struct Capabilities {
  bool extended = false;  // EHLO or LHLO was understood
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool dsn = false;
  bool chunking = false;
  bool starttls = false;
  bool enhanced_codes = false;
  bool requiretls = false;
  std::optional<std::uint64_t> size;  // RFC 1870 3; 0: no fixed limit
  std::vector<std::string> auth;      // mechanisms, upper case
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// In: the text of a positive reply to EHLO or LHLO. Unknown keywords are skipped, the first line is
// the greeting.
[[nodiscard]] Capabilities parse_capabilities(std::string_view text);

}  // namespace postrider::smtp
