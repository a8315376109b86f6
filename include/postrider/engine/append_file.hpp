#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/engine/io_error.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::engine {

// A file that only grows, as logs do. One coroutine owns it: one operation at a time. A disk can't
// be asked to hurry or to stop, so that these waits have no deadline. Shard: the core that opened
// it; it is destroyed when nothing is pending.
class AppendFile {
 public:
  AppendFile() = default;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  virtual ~AppendFile() = default;
  // Writes all of it at the end; the first time on a new line, should the last writer have died in
  // one. In: valid until the Task ends. Errors: resource (some may be written), other. See sync().
  virtual Task<IoResult<void>> append(std::string_view octets) = 0;
  // fdatasync. An error is final: what was appended since the last success may be lost.
  virtual Task<IoResult<void>> sync() = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;  // bytes
};

struct AppendFileOptions {
  std::string path;  // created if absent
  std::uint32_t mode = 0640;
};

}  // namespace postrider::engine
