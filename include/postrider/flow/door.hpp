#pragma once

#include <cstdint>

namespace postrider::flow {

// By which way a message comes in.
enum class Door : std::uint8_t {
  submission,  // of our users
  relay,       // of our machines
  inbound,     // of anybody, for those who are hosted here
  internal,    // our own reports
  lmtp,        // of a server of ours that has judged it (RFC 2033)
};

}  // namespace postrider::flow
