#include "answer_json.hpp"

#include <algorithm>

namespace postrider::tools {

std::string text_of(const simdjson::dom::element& object, std::string_view name) {
  std::string_view text;
  std::string out = object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
  std::ranges::replace_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return out;
}

std::int64_t number_of(const simdjson::dom::element& object, std::string_view name) {
  std::int64_t number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;
}

std::string count_of(const simdjson::dom::element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? std::to_string(number) : "?";
}

}  // namespace postrider::tools
