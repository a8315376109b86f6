#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/mime/authentication_results.hpp>

// What is read is written so that it reads the same, but for comments.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)mime::claims_authserv_id(text, "mx.example.org");  // only that it returns
  const auto parsed = mime::parse_authentication_results(text);
  if (parsed) {
    const std::string encoded = mime::encode_authentication_results(*parsed);
    check(encoded.find("\r\n\r\n") == std::string::npos, "no blank line");
    const auto again = mime::parse_authentication_results(encoded);
    check(again.has_value(), "what is written can be read");
    check(mime::encode_authentication_results(*again) == encoded, "and is the same");
  }
  return 0;
}
