// A scanner's reply: the same however much of it has come, and clean only if it says so.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/filter/clamd.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = filter::parse_clamd_reply(octets);
  if (whole && whole->verdict == filter::ClamdVerdict::clean) {
    check(octets.starts_with("stream: OK"), "clean, and nobody has said so");
  }
  if (whole) {
    check(whole->text.find('\n') == std::string::npos, "a reply of several lines");
  }
  const std::size_t end = octets.find('\0');
  if (end != octets.npos) {
    check(filter::parse_clamd_reply(octets.substr(0, end + 1)) == whole,
          "what follows is looked at");
  }
  return 0;
}
