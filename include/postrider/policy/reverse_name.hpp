#pragma once

#include <string>

#include <postrider/base/ip_address.hpp>

namespace postrider::policy {

// The name under which DNS keeps what is known of an address: "1.2.0.192.in-addr.arpa" for PTR (RFC
// 1035 3.5, RFC 3596 2.5), "1.2.0.192.ZONE" in a list of addresses (RFC 5782 2.1, 2.4).
[[nodiscard]] std::string reverse_name(const IpAddress& address);
[[nodiscard]] std::string reverse_name(const IpAddress& address, const std::string& zone);

}  // namespace postrider::policy
