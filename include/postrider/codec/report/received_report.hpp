#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/report/dmarc_report.hpp>

// Aggregate reports of others, as mail brings them: packed, and from anybody.
namespace postrider::report {

namespace received_report_limits {
inline constexpr std::size_t mail_octets = 16UL << 20;              // of the whole message
inline constexpr std::size_t octets = dmarc_report_limits::octets;  // of the report, unpacked
// Past free_octets nothing may grow by more than that: reports pack by 10 to 50.
inline constexpr std::size_t ratio = 250;
inline constexpr std::size_t free_octets = 1UL << 20;
inline constexpr std::size_t entries = 16;  // of a zip archive
inline constexpr std::size_t depth = 4;     // of parts in parts
inline constexpr std::size_t parts = 50;    // of the message
}  // namespace received_report_limits

enum class ReportFormat : std::uint8_t {
  xml,   // DMARC (RFC 9990)
  json,  // TLS (RFC 8460)
};
struct ReceivedReport {
  ReportFormat format = ReportFormat::xml;
  std::string content;
};

enum class ReceivedReportError : std::uint8_t {
  none,     // there is none in it: a message like others
  damaged,  // there is one that can't be unpacked
  hostile,  // it is past a limit: a bomb, or made to be one
};
[[nodiscard]] std::string_view describe(ReceivedReportError error);

// The first report in a message: bare, gzipped or in a zip archive, as a part or as the whole
// message; known by its octets, since its type is often wrong. An archive in an archive is hostile.
// Memory: the limits, twice. Cost: tens of MB/s of what comes out.
[[nodiscard]] Result<ReceivedReport, ReceivedReportError> extract_report(std::string_view message);

// One gzip file (RFC 1952; several members are one text) of at most so many octets; 0: within the
// limits above.
[[nodiscard]] Result<std::string, ReceivedReportError> gunzip_report(std::string_view octets,
                                                                     std::size_t octets_max = 0);

}  // namespace postrider::report
