#pragma once

#include <string>
#include <utility>

#include <postrider/base/result.hpp>
#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {

// Why a proof goes no further now. What was found out before is remembered, and the proof begins
// again from its start: it is only a few look-ups to where it stood.
struct Halt {
  enum class Kind : std::uint8_t {
    need,           // this must be looked up
    again,          // this step has done its share of work
    insecure,       // proven: nothing can be signed there
    bogus,          // it does not hold
    over_budget,    // bogus, but for what was asked and not for the zone at hand
    indeterminate,  // no anchor, or a lookup failed
  };
  Kind kind{};
  std::string reason;
  Question need;
  bool lookup_failed = false;
};
template <class T>
using Outcome = Result<T, Halt>;

[[nodiscard]] inline std::unexpected<Halt> halt(Halt::Kind kind, std::string reason) {
  return failure(Halt{.kind = kind, .reason = std::move(reason)});
}
[[nodiscard]] inline std::unexpected<Halt> bogus(std::string reason) {
  return halt(Halt::Kind::bogus, std::move(reason));
}

}  // namespace postrider::dns
