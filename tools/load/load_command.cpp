#include "load_command.hpp"

#include "imap_load.hpp"
#include "load_client.hpp"
#include "load_run.hpp"
#include "pop3_load.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <stdexcept>
#include <utility>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::tools {

namespace {

constexpr Duration progress_interval = std::chrono::seconds(1);
// After a connection could not be opened, so that a server that is down is not stormed.
constexpr Duration connect_pause = std::chrono::milliseconds(20);

net::TlsContext client_tls() {
  auto context = net::TlsContext::make_client({.verify = net::TlsVerify::none});
  if (!context) {
    throw std::runtime_error("TLS could not be set up: run without --tls and --starttls");
  }
  return std::move(*context);
}

class Load {
 public:
  Load(const LoadSettings& settings, const Terminal& terminal)
      : settings_(settings),
        terminal_(terminal),
        tls_(client_tls()),
        engine_(engine::Engine::create({.cores = 1, .pin = false, .stop_patience = {}})) {}

  int run() {
    engine_->run([this](engine::Reactor& reactor) { return run_all(reactor); });
    return code_;
  }

 private:
  engine::Task<void> run_all(engine::Reactor& reactor) {
    const std::uint64_t id = settings_.run.value_or(reactor.random().next_u64());
    LoadRun run(settings_, id, reactor.now());
    engine::CancelSource over;
    co_await engine::when_all(send_all(reactor, run, over), watch(reactor, run, over));
    terminal_.print(settings_.json ? run.json() : run.table());
    code_ = run.is_complete() ? exit_ok : exit_no;
    engine_->stop();
  }

  engine::Task<void> send_all(engine::Reactor& reactor, LoadRun& run, engine::CancelSource& over) {
    std::vector<engine::Task<void>> sessions;
    const auto count = std::min<std::uint64_t>(settings_.sessions, settings_.messages);
    for (std::uint64_t i = 0; i < count; ++i) {
      sessions.push_back(send_some(reactor, run, i + 1));
    }
    co_await engine::when_all(std::move(sessions));
    over.cancel();
  }

  std::unique_ptr<LoadSession> make_session(engine::Reactor& reactor, std::uint64_t number) const {
    switch (settings_.protocol) {
      case LoadProtocol::imap:
        return std::make_unique<ImapLoad>(settings_, tls_, reactor, number);
      case LoadProtocol::pop3:
        return std::make_unique<Pop3Load>(settings_, tls_, reactor, number);
      case LoadProtocol::smtp:
      case LoadProtocol::lmtp:
        break;
    }
    return std::make_unique<LoadClient>(settings_, tls_, reactor);
  }

  engine::Task<void> send_some(engine::Reactor& reactor, LoadRun& run, std::uint64_t number) {
    const std::unique_ptr<LoadSession> client = make_session(reactor, number);
    std::uint64_t on_this_connection = 0;
    while (const auto ticket = run.next_ticket()) {
      MonoTime began = reactor.now();
      if (ticket->due) {
        if (*ticket->due > began) {
          (void)co_await reactor.sleep({*ticket->due, {}});  // nobody cancels it
        }
        began = *ticket->due;
        run.on_late(reactor.now() - began);
      }
      if (!client->is_open()) {
        if (const auto opened = co_await client->open(); !opened) {
          run.on_failed(opened.error(), reactor.now());
          (void)co_await reactor.sleep_for(connect_pause);
          continue;
        }
        run.on_connected();
        on_this_connection = 0;
        if (!ticket->due && !settings_.commands.empty()) {
          began = reactor.now();  // the login is no part of an operation that says what it is
        }
      }
      const auto waited = reactor.now() - began;
      const auto sent = co_await client->send(
          {run.run(), ticket->sequence, load_due(reactor.wall_now() - waited)});
      if (sent) {
        run.on_accepted(began, reactor.now());
      } else {
        run.on_failed(sent.error(), reactor.now());
      }
      if (++on_this_connection == settings_.per_connection) {
        co_await client->quit();
      }
    }
    co_await client->quit();
  }

  // Progress, and the signal that ends it early.
  engine::Task<void> watch(engine::Reactor& reactor, LoadRun& run, engine::CancelSource& over) {
    while (!over.is_cancelled()) {
      const auto signal =
          co_await engine_->next_signal({reactor.now() + progress_interval, over.token()});
      if (signal) {
        run.stop();
      } else if (signal.error() == engine::IoError::timed_out && !settings_.quiet) {
        fmt::print(terminal_.err, "{}", run.progress(reactor.now()));
      }
    }
  }

  LoadSettings settings_;
  Terminal terminal_;
  net::TlsContext tls_;
  std::unique_ptr<engine::Engine> engine_;
  int code_ = exit_no;
};

}  // namespace

int run_load_command(const LoadSettings& settings, const Terminal& terminal) {
  return Load(settings, terminal).run();
}

}  // namespace postrider::tools
