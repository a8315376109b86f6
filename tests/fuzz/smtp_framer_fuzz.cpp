// Any split gives the same lines and the same content.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/codec/smtp/data_framer.hpp>
#include <postrider/codec/smtp/line_framer.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

std::string lines_of(std::string_view octets, std::size_t step) {
  smtp::LineFramer framer(40);
  std::string out;
  while (!octets.empty()) {
    std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    while (const auto line = framer.next(piece)) {
      check(line->text.size() + 2 <= 40, "a line past its limit");
      out += line->too_long ? "!" : "=" + std::string(line->text);
      out += '\n';
    }
  }
  return out;
}

std::string data_of(std::string_view octets, std::size_t step) {
  smtp::DataFramer framer;
  std::string out;
  while (!octets.empty()) {
    std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto got = framer.next(piece);
      out += got.octets;
      out += got.kind == smtp::DataFramer::Piece::Kind::end ? "<END>" : "";
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const std::size_t step = 1 + data[0] % 9;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  check(lines_of(octets, octets.size() + 1) == lines_of(octets, step), "lines depend on the split");
  check(data_of(octets, octets.size() + 1) == data_of(octets, step),
        "content depends on the split");
  return 0;
}
