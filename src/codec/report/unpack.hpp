#pragma once

#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/report/received_report.hpp>

namespace postrider::report {

[[nodiscard]] inline bool is_gzip(std::string_view octets) {
  return octets.starts_with("\x1f\x8b");
}
[[nodiscard]] inline bool is_zip(std::string_view octets) {
  return octets.starts_with("PK\x03\x04") || octets.starts_with("PK\x05\x06");
}

// How much may come out of so much.
[[nodiscard]] constexpr std::size_t unpacked_max(std::size_t packed) {
  namespace limits = received_report_limits;
  const std::size_t by_ratio =
      packed > limits::octets / limits::ratio ? limits::octets : packed * limits::ratio;
  return by_ratio > limits::free_octets ? by_ratio : limits::free_octets;
}

// Of the archive's entries the one that looks like a report: the first whose name ends in .xml or
// .json, or the only one.
[[nodiscard]] Result<std::string, ReceivedReportError> unzip_report(std::string_view octets);

}  // namespace postrider::report
