// A whole session: no crash, whole lines out, deletions at QUIT only.
#include "../codec/pop3/pop3_driver.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  pop3::SessionRules rules = pop3::Driver::lax_rules();
  rules.offer_stls = (data[0] & 1) != 0;
  rules.auth_without_tls = (data[0] & 2) != 0;
  pop3::Driver driver(rules);
  driver.messages = {{1, "A: b\r\n\r\n.\r\nx"}, {7, ""}, {8, "\r\n"}};
  std::string all = (data[0] & 4) != 0 ? driver.log_in() : driver.say("");
  const std::size_t step = 1 + data[1];
  std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!octets.empty() && !driver.is_closed()) {
    all += driver.say(octets.substr(0, step));
    octets.remove_prefix(std::min(step, octets.size()));
  }
  check(all.ends_with("\r\n"), "a reply without its end");
  check(driver.removed.empty() || driver.is_closed(), "deleted before QUIT");
  return 0;
}
