#pragma once

#include <string>
#include <string_view>

namespace postrider::smtp {

// RFC 5321 4.5.2: appends the octets with a dot put before each one that begins a line.
// `at_line_start` is carried from piece to piece; it begins as true.
void append_dot_stuffed(std::string_view octets, bool& at_line_start, std::string& out);

}  // namespace postrider::smtp
