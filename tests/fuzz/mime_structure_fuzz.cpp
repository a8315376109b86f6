#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <postrider/codec/mime/structure.hpp>

// Any octets have a structure, the same however they are cut, and it lies within them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postrider::mime::StructureScanner;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto whole = postrider::mime::scan_structure(all);
  StructureScanner scanner;
  const std::size_t cut = size == 0 ? 0 : data[0] % (size + 1);
  scanner.feed(all.substr(0, cut));
  scanner.feed(all.substr(cut));
  if (scanner.finish() != whole) {
    std::abort();
  }
  for (const auto& entity : whole.entities) {
    if (entity.header_begin > entity.body_begin || entity.body_begin > entity.end ||
        entity.end > size) {
      std::abort();
    }
  }
  return 0;
}
