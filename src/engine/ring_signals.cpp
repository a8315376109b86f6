#include "ring_signals.hpp"

#include <pthread.h>
#include <stdexcept>
#include <sys/signalfd.h>
#include <unistd.h>

namespace postrider::engine {
namespace {

// A signal that nobody fetches is remembered once, as the kernel does.
constexpr std::size_t held_limit = 16;

}  // namespace

SignalSource::SignalSource() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGUSR1}) {
    sigaddset(&wanted, signal);
  }
  fd_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) {
    throw std::runtime_error("no file descriptor left for signals: raise LimitNOFILE");
  }
  pthread_sigmask(SIG_BLOCK, &wanted, &previous_);
}

SignalSource::~SignalSource() {
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  close(fd_);
}

void SignalSource::begin(RingReactor& reactor) {
  reactor_ = &reactor;
  reactor.ring().poll_readable(*this, fd_);
}

void SignalSource::on_completion(const Completion&) {
  signalfd_siginfo info{};
  while (read(fd_, &info, sizeof info) == sizeof info) {
    if (arrived_.size() < held_limit) {
      arrived_.push_back(static_cast<int>(info.ssi_signo));
    }
  }
  if (!arrived_.empty() && waiter_ != nullptr) {
    waiter_->finish();
  }
  if (!reactor_->is_draining()) {
    reactor_->ring().poll_readable(*this, fd_);
  }
}

Task<IoResult<int>> SignalSource::next(Until until) {
  check(reactor_ != nullptr, "next_signal() before run()");
  while (arrived_.empty()) {
    SlotWait wait(waiter_, *reactor_, until);
    const Wait::End end = co_await wait;
    if (end != Wait::End::done && arrived_.empty()) {
      co_return failure(error_of(end));
    }
  }
  const int signal = arrived_.front();
  arrived_.pop_front();
  co_return signal;
}

}  // namespace postrider::engine
