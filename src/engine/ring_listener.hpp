#pragma once

#include "ring_reactor.hpp"
#include "wait.hpp"

#include <deque>
#include <memory>
#include <string>

namespace postrider::engine {

// A listening socket as the reactor sees it. Released, it cancels its accept, closes what nobody
// took, and deletes itself.
class RingAcceptor final {
 public:
  // Takes the descriptor. `path`: of a Unix socket, unlinked when its last acceptor ends.
  RingAcceptor(RingReactor& reactor, int fd, std::string path);
  RingAcceptor(const RingAcceptor&) = delete;
  RingAcceptor& operator=(const RingAcceptor&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  Task<IoResult<std::unique_ptr<Stream>>> accept(Until until);
  void release();

  static constexpr std::size_t held_limit = 64;  // connections that nobody has asked for yet
  static constexpr Duration pause = std::chrono::milliseconds(100);  // when resources ran out

 private:
  struct AcceptOp final : RingOp {
    explicit AcceptOp(RingAcceptor& owner) : acceptor(owner) {}
    void on_completion(const Completion& completion) override { acceptor.on_accepted(completion); }
    RingAcceptor& acceptor;
  };
  class PauseTimer final : public TimerWheel::Node {
   public:
    explicit PauseTimer(RingAcceptor& owner) : acceptor_(owner) {}

   private:
    void on_due() override { acceptor_.arm(); }
    RingAcceptor& acceptor_;
  };

  ~RingAcceptor();
  void arm();
  void on_accepted(const Completion& completion);
  void on_failure(int error);
  void shed_one();
  void close_if_done();
  [[nodiscard]] std::unique_ptr<Stream> make_stream(int fd);

  RingReactor& reactor_;
  int fd_;
  std::string path_;
  std::uint64_t path_inode_ = 0;
  int reserve_fd_;
  AcceptOp accept_op_{*this};
  PauseTimer pause_timer_{*this};
  bool armed_ = false;
  bool stopping_ = false;
  bool released_ = false;
  std::deque<int> held_;
  SlotWait* waiter_ = nullptr;
};

class RingListener final : public Listener {
 public:
  explicit RingListener(RingAcceptor* acceptor) : acceptor_(acceptor) {}
  ~RingListener() override { acceptor_->release(); }
  Task<IoResult<std::unique_ptr<Stream>>> accept(Until until) override {
    return acceptor_->accept(until);
  }
  [[nodiscard]] SocketAddress local() const override;

 private:
  RingAcceptor* acceptor_;  // deletes itself after release()
};

}  // namespace postrider::engine
