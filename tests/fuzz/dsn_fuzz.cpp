#include <cstdint>
#include <cstdlib>

#include <postrider/codec/report/dsn_parser.hpp>

// A status that was read, written and read again is the same; so is a whole report.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::report;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  (void)parse_dsn(octets);  // must not crash
  const auto status = parse_delivery_status(octets);
  if (!status) {
    return 0;
  }
  const auto once = parse_delivery_status(encode_delivery_status(*status, true));
  if (!once || once->recipients.size() != status->recipients.size()) {
    abort();
  }
  if (parse_delivery_status(encode_delivery_status(*once, true)) != once) {
    abort();
  }
  return 0;
}
