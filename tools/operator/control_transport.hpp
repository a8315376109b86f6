#pragma once

#include <memory>
#include <string>

#include <postrider/codec/http/message.hpp>

namespace postrider::tools {

// How a command reaches the control API: over the server's socket, or in process on a store that no
// server has open.
class ControlTransport {
 public:
  virtual ~ControlTransport() = default;
  // Throws std::runtime_error ("what is wrong: what to do") if no answer can be had.
  virtual http::Response call(const http::Request& request) = 0;
};

// nullptr if no server listens there (the socket is missing or refuses).
// Throws std::runtime_error if it is there and may not be used.
[[nodiscard]] std::unique_ptr<ControlTransport> connect_control(const std::string& socket_path);

}  // namespace postrider::tools
