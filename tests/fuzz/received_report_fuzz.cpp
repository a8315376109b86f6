#include <cstdlib>
#include <string_view>

#include <postrider/codec/report/received_report.hpp>

// Mail with reports, packed, from anybody: nothing comes out past its limit.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  namespace report = postrider::report;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // As the body of a part, so that the input need not be base64 to reach the unpackers.
  const auto part =
      report::extract_report("Content-Type: application/octet-stream\r\n\r\n" + std::string(input));
  const auto message = report::extract_report(input);
  for (const auto* found : {&part, &message}) {
    if (*found && (**found).content.size() > report::received_report_limits::octets) {
      std::abort();
    }
  }
  return 0;
}
