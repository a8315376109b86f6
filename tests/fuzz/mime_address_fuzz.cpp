#include <cstdint>
#include <cstdlib>

#include <postrider/codec/mime/address.hpp>

// What was parsed, written and parsed again is the same (folding of the name by RFC 2047 apart).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::mime;
  const auto list = parse_address_list(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!list) {
    return 0;
  }
  for (const Mailbox& mailbox : flatten(*list)) {
    const auto back = parse_mailbox(encode_mailbox(mailbox, true));
    if (!back) {
      abort();
    }
    const auto twice = parse_mailbox(encode_mailbox(*back, true));
    if (!twice || *twice != *back) {
      abort();
    }
  }
  return 0;
}
