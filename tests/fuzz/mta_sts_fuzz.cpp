#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/policy/mta_sts.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto policy = policy::parse_sts_policy(text)) {
    check(policy::parse_sts_policy(policy::encode_sts_policy(*policy)) == *policy,
          "what was read is written and read again");
    for (const std::string& pattern : policy->mx) {
      check(policy->permits(pattern.starts_with("*.") ? "a" + pattern.substr(1) : pattern),
            "a pattern permits what it names");
    }
  }
  if (const auto id = policy::parse_sts_record({std::string(text)})) {
    check(policy::parse_sts_record({"v=STSv1; id=" + *id}) == *id, "an id stays itself");
  }
  return 0;
}
