#include <cstdint>
#include <cstdlib>

#include <postrider/codec/dkim/body_hasher.hpp>

// The first octet says where the body is cut; the hash must not care.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::dkim;
  if (size == 0) {
    return 0;
  }
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] % 16 + 1U;
  for (const auto kind : {Canonicalization::simple, Canonicalization::relaxed}) {
    BodyHasher whole(kind);
    whole.update(body);
    BodyHasher pieces(kind);
    for (std::size_t at = 0; at < body.size(); at += step) {
      pieces.update(body.substr(at, step));
    }
    if (whole.finish() != pieces.finish() ||
        whole.canonical_octets() != pieces.canonical_octets()) {
      abort();
    }
  }
  return 0;
}
