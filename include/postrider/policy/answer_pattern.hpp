#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string_view>

#include <postrider/base/ip_address.hpp>

namespace postrider::policy {

// Which answers of a list in DNS mean something, in the form that Postfix's reject_rhsbl_* and
// postscreen know: four octets with dots, each a number or a bracket of numbers and ranges:
// "127.0.0.2", "127.0.1.[2..99]", "127.0.[0;2..4].[1..255]".
class AnswerPattern {
 public:
  // nullopt: it is none.
  [[nodiscard]] static std::optional<AnswerPattern> parse(std::string_view text);
  [[nodiscard]] bool matches(const IpAddress& answer) const;
  friend bool operator==(const AnswerPattern&, const AnswerPattern&) = default;

 private:
  std::array<std::bitset<256>, 4> octets_;
};

}  // namespace postrider::policy
