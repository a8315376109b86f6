#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/dns/message.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto query = dns::parse_query(octets)) {
    const auto again = dns::encode_query(*query);
    check(again.has_value(), "what was read can be written");
    check(dns::parse_query(*again) == query, "a query reads back");
  } else {
    (void)dns::encode_refusal(octets, dns::ResponseCode::format_error);  // must not crash
  }
  return 0;
}
