#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider {

// Appends JSON (RFC 8259) to a string: commas and escapes are its business, nesting the caller's.
// Octets that are not UTF-8 come out as U+FFFD, numbers that are not finite as null. Assertion if a
// value stands where a key must, or an end does not fit what is open. Limits: 64 levels.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool yes);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& value(double number);
  JsonWriter& null();
  // `json` is a complete JSON value.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

 private:
  static constexpr unsigned max_depth = 64;
  void begin(char bracket, bool is_object);
  void end(char bracket, bool is_object);
  void separate();
  [[nodiscard]] bool in_object() const { return depth_ > 0 && (objects_ & 1U) != 0; }

  std::string& out_;
  std::uint64_t objects_ = 0;  // a bit a level, the innermost lowest: is it an object
  unsigned depth_ = 0;
  bool need_comma_ = false;
  bool after_key_ = false;
};

}  // namespace postrider
