#include "ring.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <liburing.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::engine {
namespace {

constexpr std::uint16_t buffer_group = 0;
constexpr std::uint32_t most_buffers = 32768;  // the kernel's limit of one group
constexpr std::size_t page_bytes = 4096;
constexpr std::uint64_t event_increment = 1;

void* allocate_pages(std::size_t bytes) {
  return std::aligned_alloc(page_bytes, (bytes + page_bytes - 1) / page_bytes * page_bytes);
}

}  // namespace

void Ring::FreePages::operator()(void* memory) const {
  std::free(memory);
}

Ring::Ring() : ring_(std::make_unique<io_uring>()) {}

Ring::~Ring() {
  // First: the kernel must have left the buffers before they are freed.
  if (is_set_up_) {
    io_uring_queue_exit(ring_.get());
  }
}

int Ring::create(const RingSettings& settings, std::unique_ptr<Ring>& out) {
  std::unique_ptr<Ring> ring(new Ring);
  const int error = ring->set_up(settings);
  if (error == 0) {
    out = std::move(ring);
  }
  return error;
}

int Ring::set_up(const RingSettings& settings) {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
  // Multishot operations complete many times: room for them beside one completion an entry.
  params.cq_entries = settings.entries * 8;
  if (const int error = io_uring_queue_init_params(settings.entries, ring_.get(), &params);
      error < 0) {
    return -error;
  }
  is_set_up_ = true;

  buffers_ = std::bit_ceil(std::clamp(settings.buffers, 8U, most_buffers));
  buffer_bytes_ = settings.buffer_bytes;
  buffer_memory_.reset(static_cast<char*>(allocate_pages(std::size_t{buffers_} * buffer_bytes_)));
  buffer_ring_.reset(
      static_cast<io_uring_buf_ring*>(allocate_pages(buffers_ * sizeof(io_uring_buf))));
  if (buffer_memory_ == nullptr || buffer_ring_ == nullptr) {
    return ENOMEM;
  }
  io_uring_buf_ring_init(buffer_ring_.get());
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffer_ring_.get());
  registration.ring_entries = buffers_;
  registration.bgid = buffer_group;
  if (const int error = io_uring_register_buf_ring(ring_.get(), &registration, 0); error < 0) {
    return -error;
  }
  for (std::uint32_t id = 0; id < buffers_; ++id) {
    give_back(static_cast<std::uint16_t>(id));
  }
  return 0;
}

int Ring::enable() {
  // Debian 12's liburing declares io_uring_enable_rings but does not export it.
  const long result =
      syscall(SYS_io_uring_register, ring_->ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  return result == 0 ? 0 : errno;
}

std::vector<std::string_view> Ring::missing_operations() const {
  static constexpr std::pair<int, std::string_view> needed[] = {
      {IORING_OP_RECV, "recv"},
      {IORING_OP_SEND, "send"},
      {IORING_OP_ACCEPT, "accept"},
      {IORING_OP_CONNECT, "connect"},
      {IORING_OP_RECVMSG, "recvmsg"},
      {IORING_OP_SENDMSG, "sendmsg"},
      {IORING_OP_READ, "read"},
      {IORING_OP_WRITE, "write"},
      {IORING_OP_POLL_ADD, "poll"},
      {IORING_OP_FSYNC, "fsync"},
      {IORING_OP_CLOSE, "close"},
      {IORING_OP_ASYNC_CANCEL, "cancel"},
      {IORING_OP_SEND_ZC, "multishot receive (kernel 6.0)"},  // came with the same release
  };
  std::vector<std::string_view> missing;
  io_uring_probe* const probe = io_uring_get_probe_ring(ring_.get());
  for (const auto& [operation, name] : needed) {
    if (probe == nullptr || io_uring_opcode_supported(probe, operation) == 0) {
      missing.push_back(name);
    }
  }
  io_uring_free_probe(probe);
  return missing;
}

io_uring_sqe& Ring::next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
  while (entry == nullptr) {
    // A full submission queue goes to the kernel early. It refuses only while completions overflow:
    // take those in, to be handed out when the turn comes to it.
    ++system_calls_;
    const int submitted = io_uring_submit(ring_.get());
    check(submitted >= 0 || submitted == -EBUSY || submitted == -EAGAIN || submitted == -EINTR,
          "io_uring refuses submissions");
    if (submitted < 0) {
      (void)io_uring_get_events(ring_.get());  // the next submission tells
      collect();
    }
    entry = io_uring_get_sqe(ring_.get());
  }
  return *entry;
}

io_uring_sqe& Ring::next_counted_entry() {
  ++in_flight_;
  return next_entry();
}

void Ring::receive_multishot(RingOp& op, int fd) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_recv_multishot(&entry, fd, nullptr, 0, 0);
  entry.buf_group = buffer_group;
  entry.flags |= IOSQE_BUFFER_SELECT;
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::receive(RingOp& op, int fd, char* out, std::size_t size) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_recv(&entry, fd, out, size, 0);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::send(RingOp& op, int fd, std::string_view octets) {
  io_uring_sqe& entry = next_counted_entry();
  // MSG_WAITALL: the kernel itself goes on after a partial send.
  io_uring_prep_send(&entry, fd, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::accept_multishot(RingOp& op, int fd) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_multishot_accept(&entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::connect(RingOp& op, int fd, const sockaddr* address, socklen_t size) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_connect(&entry, fd, address, size);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::receive_message(RingOp& op, int fd, msghdr& message) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_recvmsg(&entry, fd, &message, 0);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::send_message(RingOp& op, int fd, const msghdr& message) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_sendmsg(&entry, fd, &message, MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::read(RingOp& op, int fd, void* out, std::size_t size) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_read(&entry, fd, out, static_cast<unsigned>(size), 0);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::poll_readable(RingOp& op, int fd) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_poll_add(&entry, fd, POLLIN);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::append(RingOp& op, int fd, std::string_view octets) {
  io_uring_sqe& entry = next_counted_entry();
  // Offset -1: where O_APPEND says.
  io_uring_prep_write(&entry, fd, octets.data(), static_cast<unsigned>(octets.size()),
                      static_cast<std::uint64_t>(-1));
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::sync_data(RingOp& op, int fd) {
  io_uring_sqe& entry = next_counted_entry();
  io_uring_prep_fsync(&entry, fd, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data(&entry, &op);
}

void Ring::cancel(RingOp& op) {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_cancel(&entry, &op, 0);
  io_uring_sqe_set_data(&entry, nullptr);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::cancel_all() {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_cancel64(&entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  io_uring_sqe_set_data(&entry, nullptr);
}

void Ring::close(int fd) {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_close(&entry, fd);
  io_uring_sqe_set_data(&entry, nullptr);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::notify(int event_fd) {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_write(&entry, event_fd, &event_increment, sizeof event_increment, 0);
  io_uring_sqe_set_data(&entry, nullptr);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::give_back(std::uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_.get(), buffer_memory_.get() + std::size_t{id} * buffer_bytes_,
                        buffer_bytes_, id, io_uring_buf_ring_mask(buffers_), 0);
  io_uring_buf_ring_advance(buffer_ring_.get(), 1);
  ++free_buffers_;
}

void Ring::turn(std::optional<Duration> wait) {
  ++system_calls_;
  int entered = 0;
  if (!wait) {
    entered = io_uring_submit_and_wait(ring_.get(), 1);
  } else if (*wait <= Duration::zero()) {
    entered = io_uring_submit_and_get_events(ring_.get());
  } else {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*wait);
    __kernel_timespec limit{.tv_sec = seconds.count(), .tv_nsec = (*wait - seconds).count()};
    io_uring_cqe* first = nullptr;
    entered = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &limit, nullptr);
  }
  check(entered >= 0 || entered == -ETIME || entered == -EINTR || entered == -EBUSY ||
            entered == -EAGAIN,
        "io_uring refuses to wait");
  collect();
  dispatch();
}

void Ring::collect() {
  static constexpr unsigned batch = 256;
  io_uring_cqe* completions[batch];
  // Bounded by the size of the queue: what comes meanwhile is for the next turn.
  for (unsigned taken = 0; taken < *ring_->cq.kring_entries;) {
    const unsigned count = io_uring_peek_batch_cqe(ring_.get(), completions, batch);
    for (unsigned i = 0; i < count; ++i) {
      collected_.push_back({static_cast<RingOp*>(io_uring_cqe_get_data(completions[i])),
                            completions[i]->res, completions[i]->flags});
    }
    io_uring_cq_advance(ring_.get(), count);
    taken += count;
    if (count < batch) {
      return;
    }
  }
}

void Ring::dispatch() {
  // By index: handlers queue operations, and that may collect more.
  for (std::size_t i = 0; i < collected_.size(); ++i) {
    const Collected collected = collected_[i];
    ++completions_;
    if (collected.op == nullptr) {
      continue;
    }
    Completion completion{.result = collected.result,
                          .more = (collected.flags & IORING_CQE_F_MORE) != 0};
    if ((collected.flags & IORING_CQE_F_BUFFER) != 0) {
      completion.buffer = static_cast<std::uint16_t>(collected.flags >> IORING_CQE_BUFFER_SHIFT);
      --free_buffers_;
    }
    if (!completion.more) {
      --in_flight_;
    }
    collected.op->on_completion(completion);
  }
  collected_.clear();
}

}  // namespace postrider::engine
