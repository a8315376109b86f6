#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>

namespace postrider {

// How an address stands where a domain could: "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3),
// the tag in any case. An IPv6 address without its tag is none.
[[nodiscard]] std::optional<IpAddress> parse_address_literal(std::string_view text);
[[nodiscard]] std::string encode_address_literal(const IpAddress& address);

}  // namespace postrider
