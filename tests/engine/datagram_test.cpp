#include "backend.hpp"

#include <gtest/gtest.h>
#include <string>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;

class DatagramDoor : public EachBackend {};
POSTRIDER_EACH_BACKEND(DatagramDoor);

Task<void> question_and_answer(Cores&, Reactor& reactor) {
  auto server = reactor.open_datagram({.bind = loopback_any()});
  EXPECT_TRUE(server);
  auto client = reactor.open_datagram({.bind = loopback_any(), .peer = (*server)->local()});
  EXPECT_TRUE(client);
  for (const std::size_t size : {0U, 1U, 512U, 1232U, 9000U, 60000U}) {
    const std::string text(size, 'q');
    EXPECT_TRUE(co_await (*client)->send({}, text, soon(reactor)));
    const auto question = co_await (*server)->receive(soon(reactor));
    EXPECT_TRUE(question);
    EXPECT_EQ(question->octets, text);
    EXPECT_EQ(question->peer, (*client)->local());
    EXPECT_TRUE(co_await (*server)->send(question->peer, "answer", soon(reactor)));
    const auto answer = co_await (*client)->receive(soon(reactor));
    EXPECT_EQ(answer->octets, "answer");
    EXPECT_EQ(answer->peer, (*server)->local());
  }
}
TEST_P(DatagramDoor, AsksAndAnswers) {
  run(question_and_answer);
}

Task<void> strangers(Cores&, Reactor& reactor) {
  auto server = reactor.open_datagram({.bind = loopback_any()});
  auto stranger = reactor.open_datagram({.bind = loopback_any()});
  auto client = reactor.open_datagram({.bind = loopback_any(), .peer = (*server)->local()});
  EXPECT_TRUE(co_await (*stranger)->send((*client)->local(), "spoofed", soon(reactor)));
  EXPECT_EQ((co_await (*client)->receive(within(reactor, milliseconds(20)))).error(),
            IoError::timed_out);
  // What comes after the deadline is kept.
  EXPECT_TRUE(co_await (*server)->send((*client)->local(), "real", soon(reactor)));
  const auto answer = co_await (*client)->receive(soon(reactor));
  EXPECT_EQ(answer->octets, "real");
}
TEST_P(DatagramDoor, DropsThoseOfStrangersWhenConnected) {
  run(strangers);
}

Task<void> nobody(Cores&, Reactor& reactor) {
  SocketAddress gone;
  {
    auto server = reactor.open_datagram({.bind = loopback_any()});
    gone = (*server)->local();
  }
  (void)co_await reactor.sleep_for(milliseconds(5));
  auto client = reactor.open_datagram({.bind = loopback_any(), .peer = gone});
  EXPECT_TRUE(co_await (*client)->send({}, "hello?", soon(reactor)));
  EXPECT_EQ((co_await (*client)->receive(soon(reactor))).error(), IoError::refused);
  CancelSource source;
  source.cancel();
  EXPECT_EQ((co_await (*client)->receive({mono_never, source.token()})).error(),
            IoError::cancelled);
}
TEST_P(DatagramDoor, HearsThatNobodyIsThere) {
  run(nobody);
}

Task<void> cancel_then_die(std::unique_ptr<DatagramSocket> socket, Until until) {
  EXPECT_EQ((co_await socket->receive(until)).error(), IoError::timed_out);
}
Task<void> many_sockets(Cores&, Reactor& reactor) {
  for (int i = 0; i < 500; ++i) {
    auto socket = reactor.open_datagram({.bind = {IpAddress::loopback(), 0}});
    EXPECT_TRUE(socket);
    reactor.spawn(cancel_then_die(std::move(*socket), within(reactor, milliseconds(3))));
  }
  (void)co_await reactor.sleep_for(milliseconds(100));
  EXPECT_EQ(reactor.counters().tasks_alive, 1U);
}
TEST_P(DatagramDoor, DiesWithAReceiveInTheKernel) {
  run(many_sockets);
}

TEST(SimulatedDatagrams, AreLostAsOftenAsAsked) {
  const auto simulation = Simulation::create({});
  simulation->faults().datagram_loss = 0.5;
  int heard = 0;
  struct Exchange {
    static Task<void> run(Reactor& reactor, int& count) {
      auto server = reactor.open_datagram({.bind = loopback_any()});
      auto client = reactor.open_datagram({.bind = loopback_any()});
      for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(co_await (*client)->send((*server)->local(), "x", soon(reactor)));
        count += (co_await (*server)->receive(within(reactor, milliseconds(10)))) ? 1 : 0;
      }
    }
  };
  simulation->run(Exchange::run(simulation->reactor(0), heard));
  EXPECT_GT(heard, 60);
  EXPECT_LT(heard, 140);
}

}  // namespace
}  // namespace postrider::engine
