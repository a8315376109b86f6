#include "../../bench/micro/handshake_flood.hpp"

#include "../instrumented.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace postrider::net {
namespace {

// With a sanitizer a handshake alone takes longer than the bound.
constexpr double bound_ms = is_instrumented ? 100 : 5;

// What the core works between a line's sending and its reply is counted, not the time that passes:
// other tests on the machine must not decide. Each caller has a handshake waiting nearly always, so
// that a core that took them all in one turn would need tens of milliseconds.
double cpu_p99_ms(HandshakeFlood& flood) {
  std::vector<double> cpu_ms;
  for (int i = 0; i < 400; ++i) {
    // Not one line after the other: most would fall into the pause between two bursts of work.
    flood.await_handshakes(1 + i % 3);
    cpu_ms.push_back(flood.ask().cpu_ms);
  }
  return percentile(cpu_ms, 0.99);
}

TEST(HandshakeFlood, AnEstablishedSessionIsAnsweredWithinFiveMilliseconds) {
  HandshakeFlood flood(100);
  flood.await_handshakes(100);
  // On a busy machine the kernel keeps a thread's time in ticks of 4 ms: such a run counts again.
  // All handshakes in one turn would cost 18 ms every time.
  double p99 = cpu_p99_ms(flood);
  for (int again = 0; again < 2 && p99 >= bound_ms; ++again) {
    p99 = std::min(p99, cpu_p99_ms(flood));
  }
  EXPECT_LT(p99, bound_ms);
  RecordProperty("cpu_p99_us", static_cast<int>(p99 * 1000));
}

}  // namespace
}  // namespace postrider::net
