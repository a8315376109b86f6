#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::report {

inline constexpr std::size_t tlsrpt_destinations_max =
    8;  // of one record; further ones are skipped

enum class TlsrptRecordError : std::uint8_t {
  absent,     // nobody asks for reports
  ambiguous,  // several records: as if there were none (RFC 8460 3)
  malformed,  // as if there were none
};
[[nodiscard]] std::string_view describe(TlsrptRecordError error);

// Where a domain wants its reports: what the TXT records of _smtp._tls.DOMAIN say (RFC 8460 3).
struct TlsrptRecord {
  std::vector<std::string> mail;   // "tls@example.org", percent-encoding undone
  std::vector<std::string> https;  // the URLs as they stand there
  friend bool operator==(const TlsrptRecord&, const TlsrptRecord&) = default;
};
// URIs of other schemes are skipped; a record in which none is left is malformed.
[[nodiscard]] Result<TlsrptRecord, TlsrptRecordError> parse_tlsrpt_record(
    const std::vector<std::string>& records);

}  // namespace postrider::report
