#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::tools {

// How generator and sink know a message again, whatever stands between them, and how long it took:
//   load_id = "X-Load-Id: " run "-" sequence "-" due
//   run: 16 hexadecimal digits; sequence: 12 decimal digits; due: 16 decimal digits
struct LoadId {
  std::uint64_t run = 0;
  std::uint64_t sequence = 0;
  // When it was to be sent, in microseconds of the wall clock since 1970; 0: not said.
  std::uint64_t due_us = 0;
  friend bool operator==(const LoadId&, const LoadId&) = default;
};

inline constexpr std::string_view load_id_field = "X-Load-Id: ";
inline constexpr std::size_t load_id_octets = 16 + 1 + 12 + 1 + 16;

[[nodiscard]] std::uint64_t load_due(WallTime time);  // as LoadId has it
[[nodiscard]] WallTime due_time(LoadId id);

// The value alone, always load_id_octets long.
[[nodiscard]] std::string encode_load_id(LoadId id);
// Of exactly the value.
[[nodiscard]] std::optional<LoadId> parse_load_id(std::string_view value);

// Finds the field in a header that comes in pieces, cut anywhere. What is behind the header's end
// is not looked at.
// Limits: header_octets_max; a longer header counts as one without the field.
class LoadIdFinder {
 public:
  static constexpr std::size_t header_octets_max = 64 * 1024;

  void feed(std::string_view octets);
  [[nodiscard]] const std::optional<LoadId>& id() const { return id_; }
  // For the next message.
  void reset();

 private:
  bool over_ = false;
  std::optional<LoadId> id_;
  std::string header_;
};

}  // namespace postrider::tools
