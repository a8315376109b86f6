#pragma once

#include <source_location>

namespace postrider {

// A bug in our own code: prints where and aborts, in release builds too. Never for what a peer, the
// disk or the configuration may do.
[[noreturn]] void assertion_failed(const char* what, std::source_location where);

inline void check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    assertion_failed(what, where);
  }
}

}  // namespace postrider
