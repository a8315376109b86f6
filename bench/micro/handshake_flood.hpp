#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/net/tls_session.hpp>

// A core under a flood of TLS handshakes, and one established TLS session on it that asks for a
// line now and then: for the benchmark, and for the test of what it shows.
namespace postrider::net {

class HandshakeFlood {
 public:
  // callers: connections that shake hands, hang up and come again, from the other core.
  explicit HandshakeFlood(std::size_t callers) : callers_(callers) {
    auto port = echo_port_.get_future();
    running_ = std::thread([this] {
      engine_->run([this](engine::Reactor& reactor) { return start(*this, reactor); });
    });
    rise_above();
    fd_ = connect_to(port.get());
    session_.emplace(std::move(*TlsSession::connect(client_context_, "mx.example")));
    while (session_->handshake(in_, out_) == TlsStep::want_read) {
      push();
      pull();
    }
    push();
  }
  HandshakeFlood(const HandshakeFlood&) = delete;
  HandshakeFlood& operator=(const HandshakeFlood&) = delete;
  ~HandshakeFlood() {
    ::close(fd_);
    is_over_ = true;
    engine_->stop();
    running_.join();
  }

  struct Wait {
    double wall_ms = 0;
    // What the core's own thread spent meanwhile: whatever else the machine is doing, our reply did
    // not wait for more than this work.
    double cpu_ms = 0;
  };
  // One line there and back.
  [[nodiscard]] Wait ask() {
    const auto cpu_began = cpu_ms();
    const auto began = Clock::now();
    check(session_->write("NOOP\r\n", out_) == TlsStep::done, "can't write");
    push();
    std::size_t octets = 0;
    char line[64];
    while (octets < 6) {
      const auto read = session_->read(in_, line, out_);
      check(read.step == TlsStep::done || read.step == TlsStep::want_read, "no echo");
      octets += read.octets;
      if (read.step == TlsStep::want_read) {
        pull();
      }
    }
    return {.wall_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count(),
            .cpu_ms = cpu_ms() - cpu_began};
  }
  [[nodiscard]] std::uint64_t handshakes() const { return handshakes_; }
  // Until so many more are done: what is asked then falls anywhere into the core's work.
  void await_handshakes(std::uint64_t more) const {
    const auto wanted = handshakes_ + more;
    for (auto seen = handshakes_.load(); seen < wanted; seen = handshakes_) {
      handshakes_.wait(seen);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  static engine::Until minutes_from(engine::Reactor& reactor) {
    return {.deadline = reactor.now() + std::chrono::minutes(5)};
  }

  static engine::Task<void> echo(HandshakeFlood& flood, engine::Reactor& reactor,
                                 std::unique_ptr<engine::Stream> stream) {
    Connection connection(reactor, std::move(stream));
    const auto started = co_await connection.start_tls(flood.server_context_, TlsRole::server, "",
                                                       minutes_from(reactor));
    while (started) {
      const auto octets = co_await connection.receive(minutes_from(reactor));
      if (!octets) {
        co_return;
      }
      connection.write(*octets);
      const auto sent = co_await connection.flush(minutes_from(reactor));
      if (!sent) {
        co_return;
      }
    }
  }

  static engine::Task<void> shake(HandshakeFlood& flood, engine::Reactor& reactor,
                                  std::unique_ptr<engine::Stream> stream) {
    Connection connection(reactor, std::move(stream));
    const auto started = co_await connection.start_tls(flood.server_context_, TlsRole::server, "",
                                                       minutes_from(reactor));
    flood.handshakes_ += started.has_value() ? 1 : 0;
    flood.handshakes_.notify_one();
    connection.abort();
  }

  static engine::Task<void> serve_echo(HandshakeFlood& flood, engine::Reactor& reactor) {
    auto listener = reactor.listen({.address = {IpAddress::loopback(), 0}, .reuse_port = false});
    flood.echo_port_.set_value((*listener)->local().port);
    while (auto stream = co_await (*listener)->accept({})) {
      reactor.spawn(echo(flood, reactor, std::move(*stream)));
    }
  }

  static engine::Task<void> serve_flood(HandshakeFlood& flood, engine::Reactor& reactor) {
    auto listener = reactor.listen({.address = {IpAddress::loopback(), 0}, .reuse_port = false});
    flood.flood_port_promise_.set_value((*listener)->local().port);
    while (auto stream = co_await (*listener)->accept({})) {
      reactor.spawn(shake(flood, reactor, std::move(*stream)));
    }
  }

  // Begins handshakes one after the other, on the other core.
  static engine::Task<void> call(HandshakeFlood& flood, engine::Reactor& reactor,
                                 std::uint16_t port) {
    while (!flood.is_over_) {
      auto stream = co_await reactor.connect(
          {.to = {IpAddress::loopback(), port}, .source = std::nullopt}, minutes_from(reactor));
      if (!stream) {
        (void)co_await reactor.sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      Connection connection(reactor, std::move(*stream));
      (void)co_await connection.start_tls(flood.client_context_, TlsRole::client, "mx.example",
                                          minutes_from(reactor));
      connection.abort();
    }
  }

  static engine::Task<void> start(HandshakeFlood& flood, engine::Reactor& reactor) {
    if (reactor.core() == 0) {
      check(pthread_getcpuclockid(pthread_self(), &flood.core_clock_) == 0, "no clock");
      reactor.spawn(serve_echo(flood, reactor));
      reactor.spawn(serve_flood(flood, reactor));
      co_return;
    }
    const std::uint16_t port = flood.flood_port_.get();  // core 0 says it in a moment
    for (std::size_t i = 0; i < flood.callers_; ++i) {
      reactor.spawn(call(flood, reactor, port));
    }
  }

  // Under `chrt` all threads would be equals, and who asks would wait for a slice of 100 ms to end
  // before it can read a reply that is there.
  static void rise_above() {
    int policy = 0;
    sched_param param{};
    if (pthread_getschedparam(pthread_self(), &policy, &param) == 0 && policy != SCHED_OTHER) {
      ++param.sched_priority;
      (void)pthread_setschedparam(pthread_self(), policy, &param);  // else it measures worse
    }
  }

  static int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "can't connect");
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
  }

  [[nodiscard]] double cpu_ms() const {
    timespec time{};
    check(clock_gettime(core_clock_, &time) == 0, "no clock");
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  }
  void push() {
    check(send(fd_, out_.data(), out_.size(), 0) == static_cast<ssize_t>(out_.size()),
          "can't send");
    out_.clear();
  }
  void pull() {
    const auto octets = recv(fd_, buffer_, sizeof buffer_, 0);
    check(octets > 0, "hung up");
    in_ = {buffer_, static_cast<std::size_t>(octets)};
  }

  std::size_t callers_;
  std::unique_ptr<engine::Engine> engine_ =
      engine::Engine::create({.cores = 2, .pin = true, .ring_entries = 1024});
  TlsContext server_context_ =
      TlsContext::make_server({.identity = make_self_signed_identity({"mx.example"}).value()})
          .value();
  TlsContext client_context_ = TlsContext::make_client({}).value();
  std::promise<std::uint16_t> echo_port_;
  std::promise<std::uint16_t> flood_port_promise_;
  std::shared_future<std::uint16_t> flood_port_{flood_port_promise_.get_future()};
  clockid_t core_clock_{};
  std::atomic<std::uint64_t> handshakes_ = 0;
  std::atomic<bool> is_over_ = false;
  std::thread running_;

  int fd_ = -1;
  std::optional<TlsSession> session_;
  char buffer_[4096]{};
  std::string_view in_;
  std::string out_;
};

// The share's value; sorts.
inline double percentile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace postrider::net
