#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <chrono>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

// How long an established session waits for its reply while its core is flooded with TLS
// handshakes: the bound is 5 ms at the 99th percentile.
namespace postrider::net {
namespace {

using engine::Reactor;
using engine::Task;
using Clock = std::chrono::steady_clock;

engine::Until minutes_from(Reactor& reactor) {
  return {.deadline = reactor.now() + std::chrono::minutes(5)};
}

struct Bench {
  std::unique_ptr<engine::Engine> engine =
      engine::Engine::create({.cores = 2, .pin = true, .ring_entries = 1024});
  TlsContext server_context =
      TlsContext::make_server({.identity = make_self_signed_identity({"mx.example"}).value()})
          .value();
  TlsContext client_context = TlsContext::make_client({}).value();
  std::promise<std::uint16_t> plain_port;
  std::promise<std::uint16_t> tls_port_promise;
  std::shared_future<std::uint16_t> tls_port{tls_port_promise.get_future()};
  std::atomic<std::uint64_t> handshakes = 0;
  std::atomic<bool> over = false;
  std::size_t callers = 0;
};

Task<void> echo(Reactor& reactor, std::unique_ptr<engine::Stream> stream) {
  Connection connection(reactor, std::move(stream));
  while (true) {
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

Task<void> shake(Bench& bench, Reactor& reactor, std::unique_ptr<engine::Stream> stream) {
  Connection connection(reactor, std::move(stream));
  const auto started = co_await connection.start_tls(bench.server_context, TlsRole::server, "",
                                                     minutes_from(reactor));
  bench.handshakes += started.has_value() ? 1 : 0;
  connection.abort();
}

Task<void> serve_plain(Bench& bench, Reactor& reactor) {
  auto listener = reactor.listen({.address = {IpAddress::loopback(), 0}, .reuse_port = false});
  bench.plain_port.set_value((*listener)->local().port);
  while (auto stream = co_await (*listener)->accept({})) {
    reactor.spawn(echo(reactor, std::move(*stream)));
  }
}

Task<void> serve_tls(Bench& bench, Reactor& reactor) {
  auto listener = reactor.listen({.address = {IpAddress::loopback(), 0}, .reuse_port = false});
  bench.tls_port_promise.set_value((*listener)->local().port);
  while (auto stream = co_await (*listener)->accept({})) {
    reactor.spawn(shake(bench, reactor, std::move(*stream)));
  }
}

// Begins handshakes one after the other, on the other core.
Task<void> call(Bench& bench, Reactor& reactor, std::uint16_t port) {
  while (!bench.over) {
    auto stream = co_await reactor.connect(
        {.to = {IpAddress::loopback(), port}, .source = std::nullopt}, minutes_from(reactor));
    if (!stream) {
      (void)co_await reactor.sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    Connection connection(reactor, std::move(*stream));
    (void)co_await connection.start_tls(bench.client_context, TlsRole::client, "mx.example",
                                        minutes_from(reactor));
    connection.abort();
  }
}

Task<void> start(Bench& bench, Reactor& reactor) {
  if (reactor.core() == 0) {
    reactor.spawn(serve_plain(bench, reactor));
    reactor.spawn(serve_tls(bench, reactor));
    co_return;
  }
  const std::uint16_t port = bench.tls_port.get();  // core 0 says it in a moment
  for (std::size_t i = 0; i < bench.callers; ++i) {
    reactor.spawn(call(bench, reactor, port));
  }
}

int connect_to(std::uint16_t port) {
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

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// Argument: how many clients hammer the core with handshakes.
void BM_ReplyUnderHandshakes(benchmark::State& state) {
  Bench bench;
  bench.callers = static_cast<std::size_t>(state.range(0));
  auto plain_port = bench.plain_port.get_future();
  std::thread running(
      [&bench] { bench.engine->run([&](Reactor& reactor) { return start(bench, reactor); }); });
  const int fd = connect_to(plain_port.get());
  std::vector<double> waits_ms;
  const auto began = Clock::now();
  for (auto _ : state) {
    // Paced, or the echo itself would take the core from the handshakes.
    std::this_thread::sleep_for(std::chrono::microseconds(500));
    char line[] = "NOOP\r\n";
    const auto asked = Clock::now();
    check(send(fd, line, 6, 0) == 6 && recv(fd, line, 6, MSG_WAITALL) == 6, "no echo");
    waits_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  close(fd);
  bench.over = true;
  bench.engine->stop();
  running.join();
  std::ranges::sort(waits_ms);
  state.counters["p50_ms"] = percentile(waits_ms, 0.5);
  state.counters["p99_ms"] = percentile(waits_ms, 0.99);
  state.counters["max_ms"] = waits_ms.back();
  state.counters["handshakes/s"] = static_cast<double>(bench.handshakes) / seconds;
}
BENCHMARK(BM_ReplyUnderHandshakes)->Arg(0)->Arg(50)->Arg(500)->UseRealTime();

}  // namespace
}  // namespace postrider::net

BENCHMARK_MAIN();
