#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>

namespace postrider {

namespace kill_point_detail {

bool armed = false;

namespace {

// State of a test aid that any code may pass, on any thread: the one global of the house.
struct State {
  std::mutex mutex;
  std::string fatal_name;
  std::uint64_t passes_left = 0;
  int trace_fd = -1;
  std::set<std::string, std::less<>> traced;
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void reached(std::string_view name) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.trace_fd >= 0 && !s.traced.contains(name)) {
    const std::string line = *s.traced.emplace(name).first + "\n";
    // One write of one line to a file opened for appending: whole, even with several processes.
    check(write(s.trace_fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
          "POSTRIDER_KILL_TRACE can't be written");
  }
  if (s.passes_left > 0 && name == s.fatal_name && --s.passes_left == 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
}

}  // namespace kill_point_detail

void arm_kill_points_from_environment() {
  auto& s = kill_point_detail::state();
  if (const char* point = std::getenv("POSTRIDER_KILL_POINT"); point != nullptr && *point != '\0') {
    const std::string_view text(point);
    const std::size_t colon = text.rfind(':');
    const auto count =
        colon == std::string_view::npos ? 1 : parse_decimal(text.substr(colon + 1)).value_or(0);
    check(count > 0, "POSTRIDER_KILL_POINT wants name[:count], count from 1");
    s.fatal_name = text.substr(0, colon);
    s.passes_left = count;
    kill_point_detail::armed = true;
  }
  if (const char* file = std::getenv("POSTRIDER_KILL_TRACE"); file != nullptr && *file != '\0') {
    s.trace_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    check(s.trace_fd >= 0, "POSTRIDER_KILL_TRACE can't be opened");
    kill_point_detail::armed = true;
  }
}

}  // namespace postrider
