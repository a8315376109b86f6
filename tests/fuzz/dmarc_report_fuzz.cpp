#include <cstdint>
#include <cstdlib>

#include <postrider/codec/report/dmarc_report.hpp>

// What was read and written once reads and writes as the same for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::report;
  const auto read = parse_dmarc_report({reinterpret_cast<const char*>(data), size});
  if (!read) {
    return 0;
  }
  const auto once = parse_dmarc_report(encode_dmarc_report(*read));
  if (!once || once->rows.size() != read->rows.size()) {
    abort();
  }
  if (parse_dmarc_report(encode_dmarc_report(*once)) != once) {
    abort();
  }
  return 0;
}
