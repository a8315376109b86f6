#include "backend.hpp"
#include "engine/ring_probe.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(KernelProbe, FindsNothingFatalHere) {
  for (const KernelFinding& finding : probe_kernel()) {
    EXPECT_FALSE(finding.fatal) << finding.problem;
    EXPECT_FALSE(finding.remedy.empty());
  }
}

TEST(KernelProbe, TellsAnOperatorWhatToDo) {
  for (const int error : {ENOSYS, EPERM, EINVAL, ENOMEM, EMFILE, EIO}) {
    const KernelFinding finding = explain_ring_failure(error);
    EXPECT_TRUE(finding.fatal);
    EXPECT_GT(finding.problem.size(), 10U);
    EXPECT_GT(finding.remedy.size(), 10U);
  }
  EXPECT_NE(explain_ring_failure(EPERM).remedy, explain_ring_failure(ENOSYS).remedy);
}

// A body on core 0 of an engine with settings of its own.
void run_with(const EngineSettings& settings, Body body) {
  const auto engine = Engine::create(settings);
  struct Start {
    static Task<void> run(Body& what, Engine& owner, Reactor& reactor) {
      if (reactor.core() == 0) {
        co_await what(owner, reactor);
        owner.stop();
      }
    }
  };
  engine->run([&](Reactor& reactor) { return Start::run(body, *engine, reactor); });
}

struct Ends {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Ends> connect_ends(Reactor& reactor, Listener& listener) {
  auto [client, server] = co_await when_all(
      reactor.connect({.to = listener.local()}, soon(reactor)), listener.accept(soon(reactor)));
  EXPECT_TRUE(client && server);
  co_return Ends{std::move(*client), std::move(*server)};
}

// Eight buffers, forty connections that hold what they have received: the rest must still be heard.
Task<void> exhaust_buffers(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = loopback_any()});
  std::vector<Ends> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(co_await connect_ends(reactor, **listener));
    EXPECT_TRUE(co_await all.back().client->send("number " + std::to_string(i), soon(reactor)));
  }
  std::vector<std::string_view> views;
  for (std::size_t round = 0; round < 3; ++round) {
    views.clear();
    for (Ends& ends : all) {
      const auto octets = co_await ends.server->receive(soon(reactor));
      EXPECT_TRUE(octets);
      views.push_back(octets.value_or("nothing"));
    }
    // Each view is valid until the next receive of its own stream.
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(views[i], round == 0 ? "number " + std::to_string(i) : "again");
    }
    for (Ends& ends : all) {
      EXPECT_TRUE(co_await ends.client->send("again", soon(reactor)));
    }
  }
}
TEST(RealStream, IsHeardWhenAllBuffersAreHeld) {
  run_with({.cores = 1, .pin = false, .receive_buffers = 8, .receive_buffer_bytes = 4096},
           exhaust_buffers);
}

// Many arrivals while nobody reads: held up to the limit, then left in the socket, and all of it
// comes in order once it is read.
Task<void> read_late(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = loopback_any()});
  Ends ends = co_await connect_ends(reactor, **listener);
  std::string expected;
  std::string heard;
  EXPECT_TRUE(co_await ends.client->send("first ", soon(reactor)));
  heard += *co_await ends.server->receive(soon(reactor));
  expected = "first ";
  for (int i = 0; i < 200; ++i) {
    const std::string piece = std::to_string(i) + " ";
    EXPECT_TRUE(co_await ends.client->send(piece, soon(reactor)));
    expected += piece;
    (void)co_await reactor.sleep_for(Duration::zero());
  }
  ends.client.reset();
  while (true) {
    const auto octets = co_await ends.server->receive(soon(reactor));
    if (!octets) {
      EXPECT_EQ(octets.error(), IoError::end_of_stream);
      break;
    }
    heard += *octets;
  }
  EXPECT_EQ(heard, expected);
}
TEST(RealStream, KeepsTheOrderOfWhatIsReadLate) {
  run_with({.cores = 1, .pin = false}, read_late);
  run_with({.cores = 1, .pin = false, .receive_buffers = 8}, read_late);
}

int no_delay_of(std::uint16_t local_port) {
  // The engine does not show descriptors: look for the socket with that port among ours.
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    int value = 0;
    socklen_t value_size = sizeof value;
    int listening = 0;
    socklen_t listening_size = sizeof listening;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        address.sin_family == AF_INET && ntohs(address.sin_port) == local_port &&
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) == 0 &&
        listening == 0 && getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &value_size) == 0) {
      return value;
    }
  }
  return -1;
}
Task<void> look_at_options(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = loopback_any()});
  const Ends ends = co_await connect_ends(reactor, **listener);
  EXPECT_EQ(no_delay_of(ends.client->local().port), 1);
  EXPECT_EQ(no_delay_of(ends.server->local().port), 1);  // inherited from the listener
}
TEST(RealStream, NeverDelaysSmallSends) {
  run_on(BackendKind::real, 1, look_at_options);
}

// Out of descriptors: connections are shed, and the listener works again when there are some.
Task<void> run_out_of_descriptors(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = loopback_any()});
  Ends first = co_await connect_ends(reactor, **listener);
  EXPECT_TRUE(co_await first.client->send("x", soon(reactor)));
  std::vector<int> hoard;
  auto waiting = reactor.connect({.to = (*listener)->local()}, soon(reactor));
  struct Hoard {
    static Task<void> connect(Task<IoResult<std::unique_ptr<Stream>>> task,
                              std::unique_ptr<Stream>& out, std::vector<int>& descriptors) {
      auto stream = co_await std::move(task);
      EXPECT_TRUE(stream);
      out = std::move(*stream);
      (void)descriptors;
    }
    static Task<void> fill(std::vector<int>& descriptors) {
      // Leaves one for the socket of the connect that has begun before.
      for (int fd = dup(0); fd >= 0; fd = dup(0)) {
        descriptors.push_back(fd);
      }
      co_return;
    }
  };
  std::unique_ptr<Stream> shed;
  co_await when_all(Hoard::connect(std::move(waiting), shed, hoard), Hoard::fill(hoard));
  EXPECT_GT(hoard.size(), 10U);
  EXPECT_EQ((co_await (*listener)->accept(within(reactor, milliseconds(50)))).error(),
            IoError::timed_out);
  // The peer is told at once instead of waiting.
  EXPECT_FALSE(co_await shed->receive(soon(reactor)));
  EXPECT_EQ((co_await reactor.connect({.to = (*listener)->local()}, soon(reactor))).error(),
            IoError::resource);
  for (const int fd : hoard) {
    close(fd);
  }
  const Ends later = co_await connect_ends(reactor, **listener);
  EXPECT_TRUE(co_await later.client->send("y", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *later.server, 1), "y");
  EXPECT_EQ(co_await read_some(reactor, *first.server, 1), "x");
}
TEST(RealListener, SurvivesTheEndOfDescriptors) {
#if __has_feature(undefined_behavior_sanitizer)
  // Its check of virtual calls opens a pipe to look at memory: without a descriptor it sees errors
  // that are none.
  GTEST_SKIP() << "UBSan itself needs descriptors";
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto engine = Engine::create({.cores = 1, .pin = false});
  struct Start {
    static Task<void> run(Engine& owner, Reactor& reactor) {
      co_await run_out_of_descriptors(owner, reactor);
      owner.stop();
    }
  };
  // After create(), which raises the limit as far as it may.
  const rlimit few{.rlim_cur = 128, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  engine->run([&](Reactor& reactor) { return Start::run(*engine, reactor); });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

Task<void> accept_on(Reactor& reactor, std::unique_ptr<Listener>& listener,
                     std::atomic<int>& accepted, CancelToken until) {
  while (true) {
    auto stream = co_await listener->accept({mono_never, until});
    if (!stream) {
      co_return;
    }
    ++accepted;
    (void)co_await (*stream)->send("hello", soon(reactor));
  }
}

TEST(RealListener, SpreadsConnectionsOverTheCores) {
  const auto engine = Engine::create({.cores = 2, .pin = false, .stop_patience = milliseconds(50)});
  struct Shared {
    std::atomic<std::uint16_t> port = 0;
    std::atomic<int> accepted[2] = {};
  } shared;
  struct Start {
    static Task<void> core_0(Engine& owner, Reactor& reactor, Shared& state) {
      auto listener = reactor.listen({.address = loopback_any()});
      CancelSource done;
      const SocketAddress to = (*listener)->local();
      state.port = to.port;
      auto serving = accept_on(reactor, *listener, state.accepted[0], done.token());
      co_await when_all(std::move(serving), visit(owner, reactor, to, state, done));
      owner.stop();
    }
    static Task<void> visit(Engine& owner, Reactor& reactor, SocketAddress to, Shared& state,
                            CancelSource& done) {
      // Until the other core listens too.
      Event ready(reactor);
      owner.post(reactor, 1, [&owner, &reactor, &state, &ready] {
        owner.reactor(1).spawn(core_1(owner, state));
        owner.post(owner.reactor(1), 0, [&ready, &reactor] {
          (void)reactor;
          ready.set();
        });
      });
      EXPECT_TRUE(co_await ready.wait(soon(reactor)));
      for (int i = 0; i < 2000 && (state.accepted[0] == 0 || state.accepted[1] == 0); ++i) {
        auto stream = co_await reactor.connect({.to = to}, soon(reactor));
        EXPECT_TRUE(stream);
        EXPECT_EQ(co_await read_some(reactor, **stream, 5), "hello");
      }
      done.cancel();
    }
    static Task<void> core_1(Engine& owner, Shared& state) {
      Reactor& reactor = owner.reactor(1);
      auto listener = reactor.listen({.address = {IpAddress::loopback(), state.port}});
      EXPECT_TRUE(listener);
      // Nobody cancels it: the end of the engine must.
      co_await accept_on(reactor, *listener, state.accepted[1], CancelToken());
    }
    static Task<void> nothing() { co_return; }
  };
  engine->run([&](Reactor& reactor) {
    return reactor.core() == 0 ? Start::core_0(*engine, reactor, shared) : Start::nothing();
  });
  EXPECT_GT(shared.accepted[0], 0);
  EXPECT_GT(shared.accepted[1], 0);
}

Task<void> catch_signals(Cores& cores, Reactor& reactor) {
  auto& engine = dynamic_cast<Engine&>(cores);
  EXPECT_EQ((co_await engine.next_signal(within(reactor, milliseconds(5)))).error(),
            IoError::timed_out);
  kill(getpid(), SIGHUP);
  EXPECT_EQ(co_await engine.next_signal(soon(reactor)), SIGHUP);
  kill(getpid(), SIGTERM);
  kill(getpid(), SIGUSR1);
  std::vector<int> heard;
  heard.push_back(*co_await engine.next_signal(soon(reactor)));
  heard.push_back(*co_await engine.next_signal(soon(reactor)));
  std::ranges::sort(heard);
  EXPECT_EQ(heard, (std::vector<int>{SIGUSR1, SIGTERM}));
}
TEST(RealEngine, HearsSignals) {
  run_on(BackendKind::real, 2, catch_signals);
}

TEST(RealEngine, StopsFromAnotherThread) {
  const auto engine = Engine::create({.cores = 2, .pin = true});
  std::atomic<int> started = 0;
  struct Start {
    static Task<void> run(std::atomic<int>& count) {
      ++count;
      co_return;
    }
  };
  std::thread stopper([&] {
    while (started < 2) {
      std::this_thread::yield();
    }
    engine->stop();
  });
  engine->run([&](Reactor&) { return Start::run(started); });
  stopper.join();
  EXPECT_EQ(started, 2);
}

Task<void> stuck(Reactor& reactor, std::shared_ptr<int> alive) {
  (void)alive;
  auto listener = reactor.listen({.address = loopback_any()});
  auto [client, server] =
      co_await when_all(reactor.connect({.to = (*listener)->local()}, soon(reactor)),
                        (*listener)->accept(soon(reactor)));
  const std::string big(64 * 1024 * 1024, 'x');
  (void)co_await when_all((*client)->send(big, Until{}), (*client)->receive(Until{}));
  ADD_FAILURE() << "was resumed while the engine ends";
}

// With a send, a receive and an accept in the kernel and nobody who cancels them.
TEST(RealEngine, EndsEvenIfTasksDoNot) {
  auto alive = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = alive;
  {
    const auto engine =
        Engine::create({.cores = 1, .pin = false, .stop_patience = milliseconds(50)});
    struct Start {
      static Task<void> run(Engine& owner, Reactor& reactor, std::shared_ptr<int> held) {
        reactor.spawn(stuck(reactor, std::move(held)));
        (void)co_await reactor.sleep_for(milliseconds(50));
        owner.stop();
      }
    };
    engine->run([&](Reactor& reactor) { return Start::run(*engine, reactor, std::move(alive)); });
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace postrider::engine
