#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <postrider/base/time.hpp>

// The fields that records are made of:
//   number = LEB128, shortest form, at most 64 bits
//   text   = number octets
//   time   = nanoseconds since 1970, 8 bytes, two's complement, big-endian
//   flag   = 0x00 | 0x01
namespace postrider {

class FieldWriter {
 public:
  FieldWriter& number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(0x80 | (value & 0x7f)));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  FieldWriter& fixed64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<char>(value >> shift));
    }
    return *this;
  }
  FieldWriter& text(std::string_view octets) {
    number(octets.size());
    out_.append(octets);
    return *this;
  }
  FieldWriter& wall_time(WallTime value) {
    return fixed64(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  }
  FieldWriter& flag(bool yes) { return number(yes ? 1 : 0); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads past the end or against the grammar give zeros and make is_sound() false for good, so that
// a decoder checks once, at its end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view in) : in_(in) {}

  std::uint64_t number(std::uint64_t limit = UINT64_MAX) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) {
        break;
      }
      const auto byte = static_cast<std::uint8_t>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        const bool is_shortest = byte != 0 || shift == 0;
        const bool fits = shift < 63 || byte <= 1;
        return is_shortest && fits && value <= limit ? value : spoil();
      }
    }
    return spoil();
  }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number(UINT32_MAX)); }
  std::uint64_t fixed64() {
    if (in_.size() < 8) {
      return spoil();
    }
    std::uint64_t value = 0;
    for (const char c : take(8)) {
      value = (value << 8) | static_cast<std::uint8_t>(c);
    }
    return value;
  }
  std::string text() { return std::string(view()); }
  // The same where it stands, as long as that does.
  std::string_view view() {
    const std::uint64_t size = number();
    if (size > in_.size()) {
      spoil();
      return {};
    }
    return take(size);
  }
  WallTime wall_time() { return WallTime(Duration(static_cast<std::int64_t>(fixed64()))); }
  bool flag() { return number(1) != 0; }
  // A count of elements of at least one byte each: no more than there are bytes, so that a damaged
  // count reserves no memory.
  std::size_t count() { return number(in_.size()); }

  [[nodiscard]] bool is_sound() const { return sound_; }
  [[nodiscard]] bool is_at_end() const { return in_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  std::uint64_t spoil() {
    sound_ = false;
    in_ = {};
    return 0;
  }
  std::string_view in_;
  bool sound_ = true;
};

}  // namespace postrider
