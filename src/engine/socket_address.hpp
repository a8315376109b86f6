#pragma once

#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/io_error.hpp>

// Between our values and the kernel's.
namespace postrider::engine {

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

[[nodiscard]] RawAddress to_raw(const SocketAddress& address);
// An IPv4 address as IPv4-mapped IPv6 one, for a socket of that family.
[[nodiscard]] RawAddress to_raw_mapped(const SocketAddress& address);
// 0.0.0.0:0 for other families.
[[nodiscard]] SocketAddress from_raw(const RawAddress& raw);
// Nothing if the path is too long for a Unix socket.
[[nodiscard]] std::optional<RawAddress> unix_address(const std::string& path);
[[nodiscard]] SocketAddress local_address(int fd);

// `error` is an errno value of any call but connect; connect_error is for that.
[[nodiscard]] IoError io_error(int error);
[[nodiscard]] IoError connect_error(int error);

}  // namespace postrider::engine
