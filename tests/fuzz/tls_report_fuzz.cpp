#include <cstdint>
#include <cstdlib>

#include <postrider/codec/report/tlsrpt.hpp>

// What was read and written once reads and writes as the same for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::report;
  const auto read = parse_tls_report({reinterpret_cast<const char*>(data), size});
  if (!read) {
    return 0;
  }
  const auto once = parse_tls_report(encode_tls_report(*read));
  if (!once || once->policies.size() != read->policies.size()) {
    abort();
  }
  if (parse_tls_report(encode_tls_report(*once)) != once) {
    abort();
  }
  return 0;
}
