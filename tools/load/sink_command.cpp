#include "sink_command.hpp"

#include "sink_conversation.hpp"
#include "sink_report.hpp"

#include <csignal>
#include <fmt/core.h>
#include <stdexcept>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>

namespace postrider::tools {

namespace {

constexpr Duration progress_interval = std::chrono::seconds(1);
constexpr Duration accept_pause = std::chrono::milliseconds(50);

net::TlsContext server_tls() {
  auto identity = net::make_self_signed_identity({"sink.localhost"});
  if (!identity) {
    throw std::runtime_error("no certificate could be made: see whether the system has randomness");
  }
  net::TlsServerSettings settings;
  settings.identity = std::move(*identity);
  auto context = net::TlsContext::make_server(settings);
  if (!context) {
    throw std::runtime_error("TLS could not be set up: run without --tls");
  }
  return std::move(*context);
}

class Sink {
 public:
  Sink(const SinkSettings& settings, const Terminal& terminal)
      : settings_(settings),
        terminal_(terminal),
        tls_(server_tls()),
        engine_(engine::Engine::create({.cores = 1, .pin = false, .stop_patience = {}})) {}

  int run() {
    engine_->run([this](engine::Reactor& reactor) { return serve(reactor); });
    return code_;
  }

 private:
  engine::Task<void> serve(engine::Reactor& reactor) {
    auto listener = reactor.listen({.address = settings_.address});
    if (!listener) {
      terminal_.complain(fmt::format("{}: {}: choose another --address or --port",
                                     settings_.address.text(), engine::describe(listener.error())));
      engine_->stop();
      co_return;
    }
    announce((*listener)->local());
    engine::Gate gate(reactor);
    SinkState state{settings_, tls_, gate.killing(), {}, {}, {}, {}};
    reactor.spawn(accept(reactor, std::move(*listener), state, gate));
    co_await watch(reactor, state);
    co_await gate.drain(reactor.now());
    report(state);
    code_ = exit_ok;
    engine_->stop();
  }

  // Progress, and a report at each SIGUSR1, from which latencies count anew; until another signal
  // or what was expected ends it.
  engine::Task<void> watch(engine::Reactor& reactor, SinkState& state) {
    std::uint64_t told = 0;
    for (;;) {
      const auto signal = co_await engine_->next_signal(
          {reactor.now() + progress_interval, state.complete.token()});
      if (signal ? *signal == SIGINT || *signal == SIGTERM
                 : signal.error() != engine::IoError::timed_out) {
        co_return;
      }
      if (signal && *signal == SIGUSR1) {
        report(state);
        state.latency = {};
        continue;
      }
      const auto& counts = state.tally.counts();
      if (!settings_.quiet && counts.messages != told) {
        fmt::print(terminal_.err, "{} messages, {} deliveries, {} twice\n", counts.messages,
                   counts.distinct, counts.duplicates);
        told = counts.messages;
      }
    }
  }

  static engine::Task<void> accept(engine::Reactor& reactor,
                                   std::unique_ptr<engine::Listener> listener, SinkState& state,
                                   engine::Gate& gate) {
    const auto pass = gate.enter();
    while (!gate.is_closed()) {
      auto stream = co_await listener->accept({mono_never, gate.closing()});
      auto inside = gate.enter();
      if (stream && inside) {
        ++state.counters.connections;
        reactor.spawn(converse(reactor, std::move(*stream), state, std::move(inside)));
      } else {
        (void)co_await reactor.sleep_for(accept_pause, gate.closing());
      }
    }
  }

  static engine::Task<void> converse(engine::Reactor& reactor,
                                     std::unique_ptr<engine::Stream> stream, SinkState& state,
                                     engine::Gate::Pass pass) {
    const auto holder = std::move(pass);
    SinkConversation conversation(state, reactor, std::move(stream));
    co_await conversation.run();
  }

  void announce(const SocketAddress& local) {
    if (settings_.json) {
      std::string out;
      JsonWriter json(out);
      json.begin_object().member("listening", std::string_view(local.text()));
      json.member("port", static_cast<unsigned>(local.port)).end_object();
      terminal_.print(out + "\n");
    } else {
      terminal_.print(fmt::format("listening on {}\n", local.text()));
    }
    std::fflush(terminal_.out);
  }

  void report(const SinkState& state) {
    terminal_.print(settings_.json ? sink_json(state) : sink_table(state));
    std::fflush(terminal_.out);
  }

  SinkSettings settings_;
  Terminal terminal_;
  net::TlsContext tls_;
  std::unique_ptr<engine::Engine> engine_;
  int code_ = exit_no;
};

}  // namespace

int run_sink_command(const SinkSettings& settings, const Terminal& terminal) {
  return Sink(settings, terminal).run();
}

}  // namespace postrider::tools
