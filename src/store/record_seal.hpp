#pragma once

#include "record_codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/record_fields.hpp>

// What all records have in common: version and checksum around their fields, and numbers in keys.
namespace postrider::store {

inline constexpr std::uint8_t format_version = 1;  // of every record so far
inline constexpr std::size_t checksum_bytes = 8;
inline constexpr std::size_t seal_bytes = checksum_bytes + 1;

void append_be(std::string& out, std::uint64_t value, int bytes);
[[nodiscard]] std::uint64_t parse_be(std::string_view octets);

[[nodiscard]] std::uint64_t checksum_of(std::string_view key, std::string_view octets);
[[nodiscard]] std::string seal(std::string_view key, FieldWriter&& fields);
// The version is judged first: a newer one may be sealed otherwise.
[[nodiscard]] RecordResult<std::string_view> unseal(std::string_view key, std::string_view value);

// Unseals, lets `read` take the fields, and sees to it that they were sound and all.
template <class T, class F>
RecordResult<T> decode(std::string_view key, std::string_view value, F read) {
  const auto payload = unseal(key, value);
  if (!payload) {
    return failure(payload.error());
  }
  FieldReader in(*payload);
  T record{};
  const bool is_valid = read(in, record);
  if (!in.is_sound() || !in.is_at_end()) {
    return failure(RecordError::truncated);
  }
  if (!is_valid) {
    return failure(RecordError::invalid);
  }
  return record;
}

}  // namespace postrider::store
