// rspamd's answer: whatever it is, it has one of the known actions or none.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/filter/rspamd.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reply =
      filter::parse_rspamd_reply(std::string_view(reinterpret_cast<const char*>(data), size));
  if (reply) {
    check(!filter::name_of(reply->action).empty(), "an action without a name");
    check(std::isfinite(reply->score), "a score that is no number");
    check(reply->message.find('\n') == std::string::npos, "a message of several lines");
  }
  return 0;
}
