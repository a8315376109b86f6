#include "control_transport.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <postrider/codec/http/parser.hpp>

namespace postrider::tools {

namespace {

constexpr time_t answer_patience_s = 600;  // a bounce of a million entries takes its time
constexpr std::size_t answer_limit = 1ULL << 30;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class SocketTransport final : public ControlTransport {
 public:
  SocketTransport(Descriptor socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}

  http::Response call(const http::Request& request) override {
    std::string wire;
    http::encode_request(request, "postrider", wire);
    send_all(wire);
    http::ResponseParser parser({.body_octets = answer_limit});
    std::array<char, 64 * 1024> buffer;
    while (parser.state() == http::ParseState::more) {
      const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        throw std::runtime_error(fmt::format("the server at {} does not answer ({}): see its log",
                                             path_, std::strerror(errno)));
      }
      if (got == 0) {
        parser.on_end_of_stream();
      } else {
        parser.feed({buffer.data(), static_cast<std::size_t>(got)});
      }
    }
    if (parser.state() == http::ParseState::failed) {
      throw std::runtime_error(
          fmt::format("the server at {} answers what is no HTTP ({}): is it postrider?", path_,
                      parser.error_text()));
    }
    return parser.take();
  }

 private:
  void send_all(std::string_view octets) {
    while (!octets.empty()) {
      const auto sent = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) {
        continue;
      }
      if (sent < 0) {
        throw std::runtime_error(fmt::format("the server at {} hung up ({}): is it stopping?",
                                             path_, std::strerror(errno)));
      }
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  Descriptor socket_;
  std::string path_;
};

}  // namespace

std::unique_ptr<ControlTransport> connect_control(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    throw std::runtime_error(
        fmt::format("{} is too long for a socket: use a shorter data_dir", socket_path));
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{answer_patience_s, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return nullptr;
    }
    throw std::runtime_error(fmt::format("{}: {}: run this as root or as the server's user",
                                         socket_path, std::strerror(errno)));
  }
  return std::make_unique<SocketTransport>(std::move(socket), socket_path);
}

}  // namespace postrider::tools
