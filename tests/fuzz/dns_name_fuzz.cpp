#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/dns/domain_name.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto name = dns::canonical_name(text)) {
    check(dns::canonical_name(*name) == name, "a canonical name is its own canonical name");
  }
  if (const auto name = dns::to_a_label(text)) {
    check(dns::is_host_name(*name), "an A-label is a host name");
    check(dns::to_a_label(*name) == *name, "an A-label stays as it is");
  }
  return 0;
}
