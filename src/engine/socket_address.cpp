#include "socket_address.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>

namespace postrider::engine {

RawAddress to_raw(const SocketAddress& address) {
  if (address.ip.family() == IpFamily::v6) {
    return to_raw_mapped(address);
  }
  RawAddress raw;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(address.port);
  std::memcpy(&in.sin_addr, address.ip.octets().data(), 4);
  std::memcpy(&raw.storage, &in, sizeof in);
  raw.size = sizeof in;
  return raw;
}

RawAddress to_raw_mapped(const SocketAddress& address) {
  RawAddress raw;
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(address.port);
  if (address.ip.family() == IpFamily::v6) {
    std::memcpy(&in.sin6_addr, address.ip.octets().data(), 16);
  } else {
    in.sin6_addr.s6_addr[10] = 0xff;
    in.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(&in.sin6_addr.s6_addr[12], address.ip.octets().data(), 4);
  }
  std::memcpy(&raw.storage, &in, sizeof in);
  raw.size = sizeof in;
  return raw;
}

SocketAddress from_raw(const RawAddress& raw) {
  if (raw.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &raw.storage, sizeof in);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &in.sin_addr, octets.size());
    return {IpAddress::v4(octets), ntohs(in.sin_port)};
  }
  if (raw.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &raw.storage, sizeof in);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &in.sin6_addr, octets.size());
    return {IpAddress::v6(octets), ntohs(in.sin6_port)};
  }
  return {};
}

std::optional<RawAddress> unix_address(const std::string& path) {
  sockaddr_un un{};
  if (path.empty() || path.size() >= sizeof un.sun_path) {
    return std::nullopt;
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  RawAddress raw;
  std::memcpy(&raw.storage, &un, sizeof un);
  raw.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return raw;
}

SocketAddress local_address(int fd) {
  RawAddress raw;
  return getsockname(fd, raw.get(), &raw.size) == 0 ? from_raw(raw) : SocketAddress{};
}

IoError io_error(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ETIMEDOUT:  // retransmissions were given up
    case ENOTCONN:
    case ENETRESET:
      return IoError::reset;
    case ECONNREFUSED:
      return IoError::refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
      return IoError::unreachable;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EDQUOT:
      return IoError::resource;
    case EADDRINUSE:
      return IoError::address_in_use;
    case EACCES:
    case EPERM:
      return IoError::denied;
    case ECANCELED:
      return IoError::cancelled;
    default:
      return IoError::other;
  }
}

IoError connect_error(int error) {
  switch (error) {
    case ETIMEDOUT:  // nobody answered the SYNs
      return IoError::unreachable;
    case ENOENT:  // no such Unix socket
      return IoError::refused;
    case EADDRNOTAVAIL:  // all local ports are taken
      return IoError::resource;
    default:
      return io_error(error);
  }
}

}  // namespace postrider::engine
