#pragma once

#include <cstdint>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::tools {

// A sink and its personality: how it treats those who send to it.
struct SinkSettings {
  SocketAddress address;
  Duration latency{0};                // before the answer to a message's end
  Duration tarpit{0};                 // before each octet of each answer
  std::uint64_t accept_most = ~0ULL;  // messages; those after them get 451
  std::uint64_t drop_every = 0;       // each so-manyth message's connection ends without an answer
  bool starttls = false;
  bool implicit_tls = false;
  std::uint64_t expect = 0;  // ends after so many distinct deliveries; 0: at a signal
  bool json = false;
  bool quiet = false;  // no progress on standard error
};

struct SinkCounters {
  std::uint64_t connections = 0;
  std::uint64_t refused = 0;  // messages answered 451
  std::uint64_t dropped = 0;  // messages whose connection was broken off
  WallTime first{};           // message that was accepted
  WallTime last{};
};

}  // namespace postrider::tools
