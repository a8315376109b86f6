#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/report/tlsrpt_record.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto record = report::parse_tlsrpt_record({text})) {
    check(!record->mail.empty() || !record->https.empty(), "there is somebody to send to");
    check(record->mail.size() + record->https.size() <= report::tlsrpt_destinations_max,
          "not too many of them");
    for (const std::string& address : record->mail) {
      check(address.find_first_of("\r\n") == std::string::npos, "an address is one line");
    }
  }
  return 0;
}
