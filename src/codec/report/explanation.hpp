#pragma once

#include <string_view>

namespace postrider::report {

// An enhanced status code (RFC 3463) for a person who knows nothing of mail servers.
struct Explanation {
  std::string_view what;  // what happened, a sentence
  std::string_view todo;  // what they can do about it, a sentence
};
// By the code, or by its subject if there is nothing better.
[[nodiscard]] Explanation explain(std::string_view status);

}  // namespace postrider::report
