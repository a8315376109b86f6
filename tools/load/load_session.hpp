#pragma once

#include "load_id.hpp"

#include <memory>
#include <string>

#include <postrider/base/result.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::tools {

// One of the generator's connections, whatever it speaks. Errors are words for people.
class LoadSession {
 public:
  LoadSession() = default;
  LoadSession(const LoadSession&) = delete;
  LoadSession& operator=(const LoadSession&) = delete;
  virtual ~LoadSession() = default;

  // Connects, up to the end of greetings, TLS and login.
  virtual engine::Task<Result<void, std::string>> open() = 0;
  // One message, or one operation on a mailbox. After an error the connection may be gone: see
  // is_open().
  virtual engine::Task<Result<void, std::string>> send(LoadId id) = 0;
  // Says goodbye; waits a moment for the answer.
  virtual engine::Task<void> quit() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
};

}  // namespace postrider::tools
