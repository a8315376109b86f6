#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include <postrider/base/time.hpp>

struct io_uring;
struct io_uring_buf_ring;
struct io_uring_sqe;

namespace postrider::engine {

// What the kernel answered to one operation.
struct Completion {
  int result = 0;     // as the system call's, or -errno
  bool more = false;  // multishot: further completions follow
  std::optional<std::uint16_t> buffer{};
};

// An operation in the kernel. It stays where it is until its last completion.
class RingOp {
 public:
  RingOp() = default;
  RingOp(const RingOp&) = delete;
  RingOp& operator=(const RingOp&) = delete;
  // Runs while completions are reaped: records, schedules, queues operations; resumes nobody.
  virtual void on_completion(const Completion& completion) = 0;

 protected:
  ~RingOp() = default;
};

struct RingSettings {
  std::uint32_t entries = 1024;
  std::uint32_t buffers = 1024;
  std::uint32_t buffer_bytes = 8192;
};

// io_uring itself: the only place that knows liburing. Made by any thread, then used by the one
// that called enable().
class Ring {
 public:
  // errno of the failure, 0 and a ring otherwise.
  [[nodiscard]] static int create(const RingSettings& settings, std::unique_ptr<Ring>& out);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();
  [[nodiscard]] int enable();  // 0 or errno
  // Names of needed operations that this kernel lacks.
  [[nodiscard]] std::vector<std::string_view> missing_operations() const;

  void receive_multishot(RingOp& op, int fd);
  void receive(RingOp& op, int fd, char* out, std::size_t size);
  void send(RingOp& op, int fd, std::string_view octets);
  void accept_multishot(RingOp& op, int fd);
  void connect(RingOp& op, int fd, const sockaddr* address, socklen_t size);
  void receive_message(RingOp& op, int fd, msghdr& message);
  void send_message(RingOp& op, int fd, const msghdr& message);
  void read(RingOp& op, int fd, void* out, std::size_t size);
  void poll_readable(RingOp& op, int fd);
  void append(RingOp& op, int fd, std::string_view octets);
  void sync_data(RingOp& op, int fd);
  // Nobody waits for these.
  void cancel(RingOp& op);
  void cancel_all();
  void close(int fd);
  void notify(int event_fd);

  // One system call: submits, waits for a completion (at most `wait`; nullopt: as long as it takes)
  // and hands out what has completed.
  void turn(std::optional<Duration> wait);
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

  // Valid until give_back.
  [[nodiscard]] std::string_view buffer(std::uint16_t id, std::size_t size) const {
    return {buffer_memory_.get() + std::size_t{id} * buffer_bytes_, size};
  }
  void give_back(std::uint16_t id);
  [[nodiscard]] bool is_short_of_buffers() const { return free_buffers_ < buffers_ / 2; }

  [[nodiscard]] std::uint64_t completions() const { return completions_; }
  [[nodiscard]] std::uint64_t system_calls() const { return system_calls_; }

 private:
  Ring();
  [[nodiscard]] int set_up(const RingSettings& settings);
  [[nodiscard]] io_uring_sqe& next_entry();
  [[nodiscard]] io_uring_sqe& next_counted_entry();  // of an operation that somebody waits for
  void collect();
  void dispatch();

  struct FreePages {
    void operator()(void* memory) const;
  };
  std::unique_ptr<io_uring> ring_;
  bool is_set_up_ = false;
  std::unique_ptr<io_uring_buf_ring, FreePages> buffer_ring_;
  std::unique_ptr<char[], FreePages> buffer_memory_;
  std::uint32_t buffers_ = 0;
  std::uint32_t buffer_bytes_ = 0;
  std::uint32_t free_buffers_ = 0;
  struct Collected {
    RingOp* op;
    int result;
    std::uint32_t flags;
  };
  std::vector<Collected> collected_;
  std::size_t in_flight_ = 0;
  std::uint64_t completions_ = 0;
  std::uint64_t system_calls_ = 0;
};

}  // namespace postrider::engine
