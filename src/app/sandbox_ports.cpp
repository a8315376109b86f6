#include "sandbox_ports.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::app {

namespace {

bool is_free(std::uint16_t port, int type) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const int reuse = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

bool are_free(std::uint16_t base) {
  for (std::uint16_t i = 0; i < sandbox_port_count; ++i) {
    if (!is_free(static_cast<std::uint16_t>(base + i), SOCK_STREAM) ||
        !is_free(static_cast<std::uint16_t>(base + i), SOCK_DGRAM)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::uint16_t find_sandbox_ports(std::uint16_t wanted) {
  constexpr std::uint16_t first = 20'000;
  constexpr std::uint16_t last = 29'990;
  constexpr std::uint16_t step = 10;
  if (wanted != 0) {
    if (wanted > UINT16_MAX - sandbox_port_count || !are_free(wanted)) {
      throw std::runtime_error(
          fmt::format("ports {} to {} are not free: choose another --port-base", wanted,
                      wanted + sandbox_port_count - 1));
    }
    return wanted;
  }
  for (std::uint16_t base = first; base <= last; base = static_cast<std::uint16_t>(base + step)) {
    if (are_free(base)) {
      return base;
    }
  }
  throw std::runtime_error("no free ports between 20000 and 30000: name some with --port-base");
}

}  // namespace postrider::app
