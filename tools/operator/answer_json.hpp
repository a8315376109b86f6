#pragma once

#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>

// What a server's answer says, to be shown on a terminal.
namespace postrider::tools {

// Empty if it is not there. Control characters, which strangers may have put there and terminals
// obey, become blanks.
[[nodiscard]] std::string text_of(const simdjson::dom::element& object, std::string_view name);
// 0 if it is not there.
[[nodiscard]] std::int64_t number_of(const simdjson::dom::element& object, std::string_view name);
// By a JSON pointer ("/counts/good"); "?" if it is not there.
[[nodiscard]] std::string count_of(const simdjson::dom::element& object, std::string_view pointer);

}  // namespace postrider::tools
