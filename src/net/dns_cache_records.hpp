#pragma once

#include "resolver_cache.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>

namespace postrider::net {

// The two clocks at one moment: what is kept over a restart is dated by the wall.
struct ClockPair {
  MonoTime mono{};
  WallTime wall{};
};

// Cached answers as records of a DnsCachePort, and back. The first record says what the others are
// worth anything for; if it is another, nothing is read. Answers that have expired, failures, bogus
// and unvalidated ones are left out. Any thread.
//
//   record = status:u8 security:u8 expires_ms:i64 stale_until_ms:i64 response
//   response: a DNS message with the answer's question, and its records at its canonical name
[[nodiscard]] std::vector<std::string> encode_cache(std::string_view fingerprint,
                                                    const std::vector<CachedAnswer>& answers,
                                                    ClockPair now);
[[nodiscard]] std::vector<CachedAnswer> decode_cache(std::string_view fingerprint,
                                                     const std::vector<std::string>& records,
                                                     ClockPair now);

}  // namespace postrider::net
