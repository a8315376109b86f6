// Any split gives the same events, and what is kept stays within its limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/command_framer.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

// What a literal's fate is follows from its size, so that the split has no part in it.
std::string events_of(std::string_view octets, std::size_t step) {
  using Kind = imap::CommandFramer::Event::Kind;
  imap::CommandFramer framer({.line_octets = 40, .command_octets = 60, .discard_octets = 500});
  std::string out;
  while (!octets.empty()) {
    std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    while (true) {
      const auto event = framer.next(piece);
      if (event.kind == Kind::more) {
        break;
      }
      if (event.kind == Kind::piece) {
        out += event.octets;
        continue;
      }
      check(event.octets.size() <= 128, "a text past its limit");
      out += "\n<" + std::to_string(static_cast<int>(event.kind)) + '>';
      out += event.octets;
      if (event.kind == Kind::hopeless) {
        return out;
      }
      if (event.kind == Kind::literal) {
        if (event.literal.octets % 3 == 0) {
          framer.stream_literal();
        } else if (event.literal.octets % 3 == 1 || !framer.keep_literal()) {
          check(framer.drop_command() != event.literal.waits, "who waits gets his answer");
        }
      }
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
  check(events_of(octets, octets.size() + 1) == events_of(octets, step),
        "events depend on the split");
  return 0;
}
