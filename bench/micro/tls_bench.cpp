#include <benchmark/benchmark.h>
#include <malloc.h>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/net/tls_session.hpp>

// Handshakes, records and the memory of an idle session: client and server in one thread, no
// sockets.
namespace postrider::net {
namespace {

struct Contexts {
  TlsContext server;
  TlsContext client;
};

Contexts make_contexts(TlsVersions versions) {
  SystemRandom random;
  return {.server = *TlsContext::make_server({.identity = *make_self_signed_identity({"a.example"}),
                                              .by_name = {},
                                              .alpn = {},
                                              .ticket_keys = std::make_shared<TicketKeys>(random),
                                              .versions = versions}),
          .client = *TlsContext::make_client({.trust = nullptr, .alpn = {}, .identity = {}})};
}

struct Pair {
  TlsSession client;
  TlsSession server;
};

Pair shake(const Contexts& contexts, std::string& to_server, std::string& to_client,
           const std::shared_ptr<const TlsResumption>& resumption = nullptr) {
  Pair pair{.client = std::move(*TlsSession::connect(contexts.client, "a.example", resumption)),
            .server = std::move(*TlsSession::accept(contexts.server))};
  auto client_step = TlsStep::want_read;
  auto server_step = TlsStep::want_read;
  while (client_step == TlsStep::want_read || server_step == TlsStep::want_read) {
    std::string_view in_client = to_client;
    if (client_step == TlsStep::want_read) {
      client_step = pair.client.handshake(in_client, to_server);
      to_client.erase(0, to_client.size() - in_client.size());
    }
    std::string_view in_server = to_server;
    if (server_step == TlsStep::want_read) {
      server_step = pair.server.handshake(in_server, to_client);
      to_server.erase(0, to_server.size() - in_server.size());
    }
  }
  return pair;
}

// Takes in the ticket that TLS 1.3 sends behind the handshake.
void drain(TlsSession& session, std::string& wire, std::string& answers) {
  std::string room(1024, '\0');
  std::string_view in = wire;
  while (session.read(in, room, answers).step == TlsStep::done) {
  }
  wire.clear();
}

// Both sides' work: half of it is the server's.
void handshake(benchmark::State& state, TlsVersions versions, bool is_resuming) {
  const auto contexts = make_contexts(versions);
  std::string to_server;
  std::string to_client;
  std::shared_ptr<const TlsResumption> resumption;
  if (is_resuming) {
    auto pair = shake(contexts, to_server, to_client);
    drain(pair.client, to_client, to_server);
    resumption = pair.client.resumption();
  }
  for (auto _ : state) {
    to_server.clear();
    to_client.clear();
    auto pair = shake(contexts, to_server, to_client, resumption);
    if (pair.server.facts().is_resumed != is_resuming) {
      state.SkipWithError("resumed or not, against expectation");
    }
  }
}
BENCHMARK_CAPTURE(handshake, tls13_p256, TlsVersions::only_1_3, false);
BENCHMARK_CAPTURE(handshake, tls12_p256, TlsVersions::only_1_2, false);
BENCHMARK_CAPTURE(handshake, tls13_resumed, TlsVersions::only_1_3, true);

void records(benchmark::State& state) {
  const auto contexts = make_contexts(TlsVersions::only_1_3);
  std::string to_server;
  std::string to_client;
  auto pair = shake(contexts, to_server, to_client);
  drain(pair.client, to_client, to_server);
  const std::string plaintext(static_cast<std::size_t>(state.range(0)), 'x');
  std::string room(16384, '\0');
  for (auto _ : state) {
    to_server.clear();
    benchmark::DoNotOptimize(pair.client.write(plaintext, to_server));
    std::string_view in = to_server;
    while (pair.server.read(in, room, to_client).step == TlsStep::done) {
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(plaintext.size()) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(records)->Arg(64)->Arg(4096)->Arg(16384);

// A server's session after a handshake and one exchange; the client's is gone.
void idle_session_memory(benchmark::State& state) {
  const auto contexts = make_contexts(TlsVersions::only_1_3);
  for (auto _ : state) {
    constexpr std::size_t count = 200;
    std::vector<TlsSession> idle;
    idle.reserve(count);
    std::string to_server;
    std::string to_client;
    const auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      to_server.clear();
      to_client.clear();
      auto pair = shake(contexts, to_server, to_client);
      drain(pair.client, to_client, to_server);
      benchmark::DoNotOptimize(pair.client.write("EHLO a.example\r\n", to_server));
      drain(pair.server, to_server, to_client);
      idle.push_back(std::move(pair.server));
    }
    state.counters["bytes_each"] =
        static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(count);
  }
}
BENCHMARK(idle_session_memory)->Iterations(1);

}  // namespace
}  // namespace postrider::net

BENCHMARK_MAIN();
