// A header in front of anything: the same however the octets are cut, and never longer than its
// limit.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/filter/proxy_header.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = filter::parse_proxy_header(octets);
  if (!whole || !*whole) {
    return 0;
  }
  const std::size_t length = (*whole)->octets;
  check(length <= octets.size() && length <= filter::proxy_v2_octets_max, "longer than it may be");
  const auto exact = filter::parse_proxy_header(octets.substr(0, length));
  check(exact && *exact && (*exact)->header == (*whole)->header, "what follows is looked at");
  for (std::size_t cut = 0; cut < length; cut += 1 + length / 16) {
    const auto part = filter::parse_proxy_header(octets.substr(0, cut));
    check(part && !*part, "a part is not waited for");
  }
  return 0;
}
