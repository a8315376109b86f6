#include "record_seal.hpp"

#include <xxhash.h>

namespace postrider::store {

void append_be(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

std::uint64_t parse_be(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets) {
    value = (value << 8) | static_cast<std::uint8_t>(c);
  }
  return value;
}

std::uint64_t checksum_of(std::string_view key, std::string_view octets) {
  return XXH3_64bits_withSeed(octets.data(), octets.size(), XXH3_64bits(key.data(), key.size()));
}

std::string seal(std::string_view key, FieldWriter&& fields) {
  const std::string payload = fields.take();
  std::string record;
  record.reserve(seal_bytes + payload.size());
  record.push_back(static_cast<char>(format_version));
  append_be(record, checksum_of(key, payload), checksum_bytes);
  record += payload;
  return record;
}

// The version is judged first: a newer one may be sealed otherwise.
RecordResult<std::string_view> unseal(std::string_view key, std::string_view value) {
  if (value.size() < seal_bytes) {
    return failure(RecordError::truncated);
  }
  if (static_cast<std::uint8_t>(value.front()) != format_version) {
    return failure(RecordError::version);
  }
  const std::string_view payload = value.substr(seal_bytes);
  if (parse_be(value.substr(1, checksum_bytes)) != checksum_of(key, payload)) {
    return failure(RecordError::checksum);
  }
  return payload;
}

}  // namespace postrider::store
