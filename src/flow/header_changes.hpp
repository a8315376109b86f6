#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::flow {

// What a filter wants changed of a header section.
struct HeaderChange {
  enum class Kind : std::uint8_t {
    append,
    insert,   // before the field `which` (0: the first)
    replace,  // the field `which` of that name (1: the first); appended if there is none
    remove,   // the same; 0: all of that name, -1: the last
  };
  Kind kind = Kind::append;
  std::string name;
  std::string value;  // all after the colon, its first blank included; may be folded
  std::int64_t which = 0;
  friend bool operator==(const HeaderChange&, const HeaderChange&) = default;
};

// The section with the changes made one after the other, and its blank line. No value can break out
// of its field. In: a section that scan_header takes. Errors: a name that is none.
[[nodiscard]] Result<std::string, std::string> apply_changes(
    std::string_view header, const std::vector<HeaderChange>& changes);

}  // namespace postrider::flow
