#pragma once

#include "macro.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/spf/evaluator.hpp>

namespace postrider::spf {

enum class Mechanism : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

struct Directive {
  Result result = Result::pass;  // by its qualifier
  Mechanism mechanism{};
  std::optional<MacroString> domain;  // nullopt: the current domain
  std::array<std::uint8_t, 16> network{};
  unsigned prefix4 = 32;   // of ip4, a and mx
  unsigned prefix6 = 128;  // of ip6, a and mx
  std::string text;        // as written
};

struct Record {
  std::vector<Directive> directives;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;
};

// "v=spf1", then a blank or nothing (RFC 7208 4.5).
[[nodiscard]] bool is_spf_record(std::string_view text);

// In: a text for which is_spf_record() is true. Errors: what is wrong, for people; any error
// anywhere is a permerror (RFC 7208 4.6).
[[nodiscard]] std::expected<Record, std::string> parse_record(std::string_view text);

// The first `prefix` bits are equal.
[[nodiscard]] bool is_in_network(const std::array<std::uint8_t, 16>& octets,
                                 const std::array<std::uint8_t, 16>& network, unsigned prefix);

}  // namespace postrider::spf
