#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// DER (X.690) as far as keys and certificates need it: definite lengths in their shortest form,
// tags of one octet.
namespace postrider {

namespace der_tag {
inline constexpr std::uint8_t boolean = 0x01;
inline constexpr std::uint8_t integer = 0x02;
inline constexpr std::uint8_t bit_string = 0x03;
inline constexpr std::uint8_t octet_string = 0x04;
inline constexpr std::uint8_t null = 0x05;
inline constexpr std::uint8_t object_identifier = 0x06;
inline constexpr std::uint8_t sequence = 0x30;
inline constexpr std::uint8_t set = 0x31;
// [n], constructed (explicit) and primitive (implicit).
constexpr std::uint8_t context(unsigned n) {
  return static_cast<std::uint8_t>(0xa0 | n);
}
constexpr std::uint8_t context_primitive(unsigned n) {
  return static_cast<std::uint8_t>(0x80 | n);
}
}  // namespace der_tag

struct DerElement {
  std::uint8_t tag = 0;
  std::string_view content;
  // Tag and length too.
  std::string_view whole;
};

// Walks over the elements of one level. Views live as long as the octets it was given.
class DerReader {
 public:
  explicit DerReader(std::string_view octets) : rest_(octets) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // The tag of the next element; nullopt at the end.
  [[nodiscard]] std::optional<std::uint8_t> peek() const;
  // The next element, whatever it is; nullopt at the end or where the octets are not DER.
  [[nodiscard]] std::optional<DerElement> next();
  // The next element if it has this tag; nullopt else, and then nothing is consumed.
  [[nodiscard]] std::optional<DerElement> next(std::uint8_t tag);

 private:
  std::string_view rest_;
};

[[nodiscard]] std::string encode_der(std::uint8_t tag, std::string_view content);

}  // namespace postrider
