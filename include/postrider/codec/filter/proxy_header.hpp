#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>

namespace postrider::filter {

// What a proxy says of the connection that it hands on (HAProxy's PROXY protocol, versions 1 and
// 2).
struct ProxyHeader {
  // nullopt: it speaks for itself (a health check), or does not know: the connection's own count.
  std::optional<SocketAddress> source;
  std::optional<SocketAddress> destination;
  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

inline constexpr std::size_t proxy_v1_octets_max = 107;  // 2.1 of the specification
// The specification lets a header be 64 KiB long; addresses and all known TLVs need far less.
inline constexpr std::size_t proxy_v2_octets_max = 4096;

enum class ProxyFailure : std::uint8_t {
  none_there,  // it begins with something else: who is to send one does not
  malformed,
  too_long,
};
[[nodiscard]] std::string_view describe(ProxyFailure failure);

struct ProxyHeaderFound {
  ProxyHeader header;
  std::size_t octets = 0;  // its length; what follows is the client's
};
// The header at the front of `octets`. nullopt: it is not complete yet. The receiver decides by the
// peer's address whether there has to be one, and never by the octets (2 of the specification).
// TLVs are skipped, but for the checksum (2.2.3), which must be right where it is given.
[[nodiscard]] Result<std::optional<ProxyHeaderFound>, ProxyFailure> parse_proxy_header(
    std::string_view octets);

// As proxies write it. Both addresses are of one family.
[[nodiscard]] std::string encode_proxy_v1(const SocketAddress& source,
                                          const SocketAddress& destination);
[[nodiscard]] std::string encode_proxy_v2(const SocketAddress& source,
                                          const SocketAddress& destination);

}  // namespace postrider::filter
