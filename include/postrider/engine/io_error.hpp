#pragma once

#include <cstdint>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::engine {

enum class IoError : std::uint8_t {
  end_of_stream,   // the peer ended in order: finish or give up, by the protocol's state
  reset,           // the peer or the network broke the connection: give up this connection
  refused,         // nobody listens there: try the next address
  unreachable,     // no route, host down: try the next address
  timed_out,       // the deadline passed: the stream is still sound, its protocol may not be
  cancelled,       // our own cancel: unwind, no report
  resource,        // descriptors, memory or buffers ran out: shed load, try later
  address_in_use,  // start-up only: tell the operator which listener
  denied,          // no right to bind or open: tell the operator
  other,
};
[[nodiscard]] std::string_view describe(IoError error);

template <class T>
using IoResult = Result<T, IoError>;

}  // namespace postrider::engine
