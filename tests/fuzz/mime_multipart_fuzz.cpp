#include <cstdint>
#include <cstdlib>

#include <postrider/codec/mime/content_type.hpp>
#include <postrider/codec/mime/line_breaks.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::mime;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto type = parse_content_type(octets)) {
    (void)split_multipart(octets, type->parameter("boundary").value_or("b"));  // must not crash
  }
  const auto parts = split_multipart(octets, "b");
  std::size_t total = 0;
  for (const std::string_view part : parts) {
    total += part.size();
  }
  if (total > size) {
    abort();
  }
  std::string lines;
  LineBreakNormalizer normalizer;
  normalizer.update(octets.substr(0, size / 2), lines);
  normalizer.update(octets.substr(size / 2), lines);
  normalizer.finish(lines);
  if (find_bare_line_break(lines) ||
      decode_quoted_printable(encode_quoted_printable(lines)) != lines) {
    abort();
  }
  return 0;
}
