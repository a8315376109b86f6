#include <benchmark/benchmark.h>
#include <cstdlib>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/engine/real.hpp>

// An echo round trip of 64 octets over N connections: CPU of the serving thread, the engine's
// against a bare epoll loop's. The client is the same for both.
namespace postrider::engine {
namespace {

constexpr std::size_t message_octets = 64;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

clockid_t clock_of_this_thread() {
  clockid_t clock{};
  check(pthread_getcpuclockid(pthread_self(), &clock) == 0, "no clock");
  return clock;
}

struct Serving {
  std::uint16_t port = 0;
  clockid_t clock{};
};

Task<void> echo(Reactor& reactor, std::unique_ptr<Stream> stream) {
  while (true) {
    const auto octets = co_await stream->receive({reactor.now() + std::chrono::seconds(60)});
    if (!octets || !co_await stream->send(*octets, {reactor.now() + std::chrono::seconds(60)})) {
      co_return;
    }
  }
}

Task<void> serve(Reactor& reactor, std::promise<Serving>& ready) {
  auto listener = reactor.listen({.address = {IpAddress::loopback(), 0}});
  check(listener.has_value(), "can't listen");
  ready.set_value({(*listener)->local().port, clock_of_this_thread()});
  while (auto stream = co_await (*listener)->accept({})) {
    reactor.spawn(echo(reactor, std::move(*stream)));
  }
}

class EngineServer {
 public:
  EngineServer()
      : engine_(Engine::create(
            {.cores = 1, .pin = false, .stop_patience = std::chrono::milliseconds(20)})) {
    std::promise<Serving> ready;
    auto serving = ready.get_future();
    thread_ = std::thread(
        [this, &ready] { engine_->run([&](Reactor& reactor) { return serve(reactor, ready); }); });
    serving_ = serving.get();
  }
  ~EngineServer() {
    engine_->stop();
    thread_.join();
  }
  [[nodiscard]] const Serving& serving() const { return serving_; }

 private:
  std::unique_ptr<Engine> engine_;
  std::thread thread_;
  Serving serving_;
};

int listen_on_loopback(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  check(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(fd, 1024) == 0 &&
            getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "can't listen");
  port = ntohs(address.sin_port);
  return fd;
}

class EpollServer {
 public:
  EpollServer() : stop_(eventfd(0, 0)) {
    std::promise<Serving> ready;
    auto serving = ready.get_future();
    thread_ = std::thread([this, &ready] { run(ready); });
    serving_ = serving.get();
  }
  ~EpollServer() {
    const std::uint64_t one = 1;
    check(write(stop_, &one, sizeof one) == sizeof one, "can't stop");
    thread_.join();
    close(stop_);
  }
  [[nodiscard]] const Serving& serving() const { return serving_; }

 private:
  void run(std::promise<Serving>& ready) {
    Serving serving{.clock = clock_of_this_thread()};
    const int listener = listen_on_loopback(serving.port);
    const int poll = epoll_create1(0);
    const auto watch = [&](int fd) {
      epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
      epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    };
    watch(listener);
    watch(stop_);
    ready.set_value(serving);
    std::vector<int> connections;
    for (bool running = true; running;) {
      epoll_event events[256];
      const int count = epoll_wait(poll, events, 256, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == stop_) {
          running = false;
        } else if (fd == listener) {
          connections.push_back(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK));
          watch(connections.back());
        } else {
          char buffer[8192];
          const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
          if (size <= 0 || send(fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL) < 0) {
            epoll_ctl(poll, EPOLL_CTL_DEL, fd, nullptr);
          }
        }
      }
    }
    for (const int fd : connections) {
      close(fd);
    }
    close(poll);
    close(listener);
  }
  int stop_;
  std::thread thread_;
  Serving serving_;
};

// Sends on all connections, then reads all replies.
class Client {
 public:
  Client(std::uint16_t port, std::size_t connections) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (std::size_t i = 0; i < connections; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "can't connect");
      connections_.push_back(fd);
    }
  }
  ~Client() {
    for (const int fd : connections_) {
      close(fd);
    }
  }
  void round() {
    const std::string message(message_octets, 'x');
    for (const int fd : connections_) {
      check(send(fd, message.data(), message.size(), 0) == ssize_t{message_octets}, "can't send");
    }
    char reply[message_octets];
    for (const int fd : connections_) {
      check(recv(fd, reply, sizeof reply, MSG_WAITALL) == ssize_t{message_octets}, "no reply");
    }
  }

 private:
  std::vector<int> connections_;
};

template <class Server>
void echo_round_trip(benchmark::State& state) {
  const Server server;
  const auto connections = static_cast<std::size_t>(state.range(0));
  Client client(server.serving().port, connections);
  client.round();
  const double before = cpu_seconds(server.serving().clock);
  for (auto _ : state) {
    client.round();
  }
  const double trips = static_cast<double>(state.iterations()) * static_cast<double>(connections);
  state.SetItemsProcessed(static_cast<std::int64_t>(trips));
  state.counters["server_cpu_us"] = (cpu_seconds(server.serving().clock) - before) / trips * 1e6;
}
BENCHMARK_TEMPLATE(echo_round_trip, EngineServer)->Arg(1)->Arg(64)->Arg(512)->UseRealTime();
BENCHMARK_TEMPLATE(echo_round_trip, EpollServer)->Arg(1)->Arg(64)->Arg(512)->UseRealTime();

}  // namespace
}  // namespace postrider::engine

BENCHMARK_MAIN();
