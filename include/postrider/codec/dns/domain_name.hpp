#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::dns {

// RFC 1035 2.3.4: a label, and a name on the wire with its length octets and the root.
inline constexpr std::size_t label_octets_max = 63;
inline constexpr std::size_t name_octets_max = 255;
// The longest name of plain letters as text, without the final dot.
inline constexpr std::size_t host_name_octets_max = 253;

// The form in which names are compared, cached and kept in records: lower case, no final dot,
// special octets escaped (RFC 1035 5.1); the root is "". Any octets may stand in a label, as DNS
// allows (RFC 2181 11). nullopt: no name (empty label, label or name too long, bad escape).
[[nodiscard]] std::optional<std::string> canonical_name(std::string_view text);

// A host as mail names it (RFC 5321 2.3.5, RFC 1123 2.1): LDH labels, no final dot, not all digits
// and dots. "_" is tolerated: hosts in use have it, and no resolver minds.
[[nodiscard]] bool is_host_name(std::string_view text);

enum class NameError : std::uint8_t {
  not_a_host_name,  // what results is no host name: refuse the address (5.1.2)
  not_convertible,  // IDNA forbids a code point or label: refuse the address (5.1.2)
  not_utf8,         // refuse the address (5.6.9 or 5.1.2, by context)
  too_long,         // refuse the address (5.1.2)
  no_memory,        // try later
};
[[nodiscard]] std::string_view describe(NameError error);

// The name that DNS is asked for: U-labels become A-labels (RFC 5891 by UTS 46, non-transitional),
// letters become lower case. In: no final dot. Out: is_host_name().
[[nodiscard]] Result<std::string, NameError> to_a_label(std::string_view domain);

}  // namespace postrider::dns
