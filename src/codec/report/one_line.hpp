#pragma once

#include <string>
#include <string_view>

namespace postrider::report {

// For a structured field: no control characters or line breaks (a run of them becomes one blank),
// no blanks at the ends, no word too long for a line of RFC 5322 2.1.1; ASCII unless
// `utf8_allowed`, with "?" for what is not.
[[nodiscard]] std::string one_line(std::string_view text, bool utf8_allowed);

// UTF-8 in which no word is longer than what fits a line: blanks are put in, no character is split.
[[nodiscard]] std::string with_short_words(std::string_view text);

}  // namespace postrider::report
