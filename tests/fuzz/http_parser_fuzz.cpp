#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/codec/http/parser.hpp>

using namespace postrider;

// Property: the state after any octets is the same however they were cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] % 7 + 1;
  http::RequestParser whole;
  whole.feed(all);
  http::RequestParser cut;
  for (std::size_t at = 0; at < all.size() && cut.state() == http::ParseState::more; at += step) {
    cut.feed(all.substr(at, step));
  }
  if (whole.state() != cut.state() || whole.error_status() != cut.error_status()) {
    __builtin_trap();
  }
  http::ResponseParser response;
  response.feed(all);
  response.on_end_of_stream();
  return 0;
}
