#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/report/recognition.hpp>

// Reports, complaints and bounces in words, whatever they say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = report::recognize(text);
  check(!found.reason.empty(), "it says why");
  (void)report::parse_feedback_report(text);  // only that it returns
  (void)report::BounceRules::parse(text);     // the same
  return 0;
}
