#include "backend.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include <postrider/engine/stream.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StreamDoor : public EachBackend {};
POSTRIDER_EACH_BACKEND(StreamDoor);

struct Pair {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Pair> make_pair(Reactor& reactor) {
  Pair pair;
  auto listener = reactor.listen({.address = loopback_any()});
  EXPECT_TRUE(listener);
  pair.listener = std::move(*listener);
  auto [client, server] =
      co_await when_all(reactor.connect({.to = pair.listener->local()}, soon(reactor)),
                        pair.listener->accept(soon(reactor)));
  EXPECT_TRUE(client);
  EXPECT_TRUE(server);
  pair.client = std::move(*client);
  pair.server = std::move(*server);
  co_return pair;
}

// All octets until the end, and how it ended.
Task<std::pair<std::string, IoError>> read_all(Reactor& reactor, Stream& stream) {
  std::string all;
  while (true) {
    const auto octets = co_await stream.receive(soon(reactor));
    if (!octets) {
      co_return std::pair(all, octets.error());
    }
    EXPECT_FALSE(octets->empty());
    all += *octets;
  }
}

Task<void> echo(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  EXPECT_EQ(pair.client->peer(), pair.listener->local());
  EXPECT_EQ(pair.server->local(), pair.listener->local());
  EXPECT_EQ(pair.client->local(), pair.server->peer());
  EXPECT_FALSE(pair.client->peer_credentials());
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i) + "\r\n";
    EXPECT_TRUE(co_await pair.client->send(line, soon(reactor)));
    const std::string heard = co_await read_some(reactor, *pair.server, line.size());
    EXPECT_EQ(heard, line);
    EXPECT_TRUE(co_await pair.server->send(heard, soon(reactor)));
    EXPECT_EQ(co_await read_some(reactor, *pair.client, line.size()), line);
  }
}
TEST_P(StreamDoor, Echoes) {
  run(echo);
}

Task<void> half_close(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  EXPECT_TRUE(co_await pair.client->send("question", soon(reactor)));
  pair.client->shutdown_send();
  pair.client->shutdown_send();
  const auto [question, ended] = co_await read_all(reactor, *pair.server);
  EXPECT_EQ(question, "question");
  EXPECT_EQ(ended, IoError::end_of_stream);
  // The end stays.
  EXPECT_EQ((co_await pair.server->receive(soon(reactor))).error(), IoError::end_of_stream);
  EXPECT_TRUE(pair.server->is_readable());
  EXPECT_TRUE(co_await pair.server->send("answer", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *pair.client, 6), "answer");
  pair.server.reset();
  EXPECT_EQ((co_await pair.client->receive(soon(reactor))).error(), IoError::end_of_stream);
}
TEST_P(StreamDoor, ClosesByHalves) {
  run(half_close);
}

Task<void> last_words(Cores&, Reactor& reactor) {
  for (int i = 0; i < 20; ++i) {
    Pair pair = co_await make_pair(reactor);
    // What the peer has sent and nobody reads must not destroy the last reply.
    EXPECT_TRUE(co_await pair.client->send("DATA that nobody reads", soon(reactor)));
    EXPECT_TRUE(co_await pair.server->send("421 going down\r\n", soon(reactor)));
    pair.server.reset();
    (void)co_await pair.client->send("more of it", soon(reactor));
    const auto [reply, ended] = co_await read_all(reactor, *pair.client);
    EXPECT_EQ(reply, "421 going down\r\n");
    EXPECT_EQ(ended, IoError::end_of_stream);
  }
}
TEST_P(StreamDoor, LetsThePeerReadTheLastWords) {
  run(last_words);
}

Task<void> aborted(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  EXPECT_TRUE(co_await pair.client->send("x", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *pair.server, 1), "x");
  pair.server->abort();
  EXPECT_EQ((co_await pair.server->receive(soon(reactor))).error(), IoError::reset);
  EXPECT_EQ((co_await pair.server->send("y", soon(reactor))).error(), IoError::reset);
  pair.server.reset();
  EXPECT_EQ((co_await pair.client->receive(soon(reactor))).error(), IoError::reset);
  EXPECT_TRUE(pair.client->is_readable());
}
TEST_P(StreamDoor, AbortsWithAReset) {
  run(aborted);
}

Task<void> deadlines(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  const MonoTime before = reactor.now();
  EXPECT_EQ((co_await pair.server->receive(within(reactor, milliseconds(20)))).error(),
            IoError::timed_out);
  EXPECT_GE(reactor.now() - before, milliseconds(20));
  EXPECT_LT(reactor.now() - before, seconds(10));
  // The stream is still sound, nothing that comes later is lost.
  EXPECT_FALSE(pair.server->is_readable());
  EXPECT_TRUE(co_await pair.client->send("late", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *pair.server, 4), "late");
  // A deadline that has passed.
  EXPECT_EQ((co_await pair.server->receive(Until{.deadline = reactor.now()})).error(),
            IoError::timed_out);
  EXPECT_EQ((co_await pair.server->send("x", Until{.deadline = reactor.now()})).error(),
            IoError::timed_out);
  EXPECT_EQ((co_await pair.listener->accept(within(reactor, milliseconds(5)))).error(),
            IoError::timed_out);
}
TEST_P(StreamDoor, KeepsItsDeadlines) {
  run(deadlines);
}

Task<void> cancel_after(Reactor& reactor, CancelSource& source, Duration delay) {
  (void)co_await reactor.sleep_for(delay);
  source.cancel();
}

Task<IoError> receive_error(Stream& stream, Until until) {
  const auto octets = co_await stream.receive(until);
  co_return octets ? IoError::other : octets.error();
}

Task<void> receive_into(Stream& stream, Until until, IoError& out) {
  out = co_await receive_error(stream, until);
}

Task<void> cancels(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  CancelSource source;
  IoError error = IoError::other;
  co_await when_all(receive_into(*pair.server, {mono_never, source.token()}, error),
                    cancel_after(reactor, source, milliseconds(5)));
  EXPECT_EQ(error, IoError::cancelled);
  // Cancelled before it begins.
  EXPECT_EQ(co_await receive_error(*pair.server, {mono_never, source.token()}), IoError::cancelled);
  EXPECT_EQ((co_await pair.server->send("x", {mono_never, source.token()})).error(),
            IoError::cancelled);
  EXPECT_EQ((co_await pair.listener->accept({mono_never, source.token()})).error(),
            IoError::cancelled);
  EXPECT_EQ((co_await reactor.connect({.to = pair.listener->local()}, {mono_never, source.token()}))
                .error(),
            IoError::cancelled);
  EXPECT_TRUE(co_await pair.client->send("still sound", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *pair.server, 11), "still sound");
}
TEST_P(StreamDoor, Cancels) {
  run(cancels);
}

Task<void> backpressure(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  const std::string big(32 * 1024 * 1024, 'x');
  // The peer does not read: the send must wait, whatever it is that waits with it.
  EXPECT_EQ((co_await pair.client->send(big, within(reactor, milliseconds(300)))).error(),
            IoError::timed_out);
  CancelSource source;
  auto canceller = cancel_after(reactor, source, milliseconds(5));
  struct Both {
    static Task<void> send(Stream& stream, std::string_view octets, Until until) {
      EXPECT_EQ((co_await stream.send(octets, until)).error(), IoError::cancelled);
    }
  };
  co_await when_all(Both::send(*pair.client, big, {mono_never, source.token()}),
                    std::move(canceller));
}
TEST_P(StreamDoor, WaitsWhenThePeerDoesNotRead) {
  run(backpressure);
}

// Dies with megabytes unread in the socket and in the ring's buffers.
Task<void> unread_death(Cores&, Reactor& reactor) {
  for (int i = 0; i < 5; ++i) {
    Pair pair = co_await make_pair(reactor);
    const std::string big(16 * 1024 * 1024, 'x');
    EXPECT_TRUE(co_await pair.client->send("x", soon(reactor)));
    EXPECT_EQ(co_await read_some(reactor, *pair.server, 1), "x");
    EXPECT_FALSE(co_await pair.client->send(big, within(reactor, milliseconds(20))));
    pair.server.reset();
    // The peer is not read for ever: what it goes on sending breaks its connection.
    EXPECT_FALSE(co_await pair.client->send(big, soon(reactor)));
  }
}
TEST_P(StreamDoor, DiesWithMegabytesUnread) {
  run(unread_death);
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

Task<void> pump(Reactor& reactor, Stream& stream, std::string_view octets) {
  EXPECT_TRUE(co_await stream.send(octets, soon(reactor)));
  stream.shutdown_send();
}

Task<void> drink(Reactor& reactor, Stream& stream, std::string_view expected, bool slowly) {
  std::size_t at = 0;
  int round = 0;
  while (true) {
    const auto octets = co_await stream.receive(soon(reactor));
    if (!octets) {
      EXPECT_EQ(octets.error(), IoError::end_of_stream);
      break;
    }
    if (slowly && ++round % 64 == 0) {
      (void)co_await reactor.sleep_for(milliseconds(1));
    }
    EXPECT_EQ(expected.substr(at, octets->size()), *octets);
    at += octets->size();
  }
  EXPECT_EQ(at, expected.size());
}

Task<void> big_transfer(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  const std::string there = pattern(4 * 1024 * 1024);
  const std::string back = pattern(1024 * 1024);
  std::vector<Task<void>> all;
  all.push_back(pump(reactor, *pair.client, there));
  all.push_back(pump(reactor, *pair.server, back));
  all.push_back(drink(reactor, *pair.server, there, true));
  all.push_back(drink(reactor, *pair.client, back, false));
  co_await when_all(std::move(all));
}
TEST_P(StreamDoor, CarriesMegabytesBothWays) {
  run(big_transfer);
}

Task<void> pump_both(Reactor& reactor, Stream& stream, std::string_view head,
                     std::string_view body) {
  EXPECT_TRUE(co_await stream.send_both(head, body, soon(reactor)));
  stream.shutdown_send();
}

Task<void> two_pieces(Cores&, Reactor& reactor) {
  const std::string all = pattern(6 * 1024 * 1024);
  const std::string_view octets = all;
  struct Row {
    std::size_t head, body;
  };
  // The last ones are more than the socket takes at once, with the cut in either piece.
  for (const Row& row : {Row{0, 0}, Row{0, 5}, Row{5, 0}, Row{5, 7}, Row{12, 300'000},
                         Row{20, 6'000'000}, Row{3'000'000, 3'000'000}, Row{6'000'000, 20}}) {
    Pair pair = co_await make_pair(reactor);
    std::vector<Task<void>> both;
    both.push_back(pump_both(reactor, *pair.client, octets.substr(0, row.head),
                             octets.substr(row.head, row.body)));
    both.push_back(drink(reactor, *pair.server, octets.substr(0, row.head + row.body), true));
    co_await when_all(std::move(both));
  }
}
TEST_P(StreamDoor, SendsTwoPiecesAsOne) {
  run(two_pieces);
}

Task<void> two_pieces_unread(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  const std::string big(32 * 1024 * 1024, 'x');
  EXPECT_EQ(
      (co_await pair.client->send_both("head", big, within(reactor, milliseconds(300)))).error(),
      IoError::timed_out);
  pair.client->abort();
  EXPECT_EQ((co_await pair.client->send_both("head", big, soon(reactor))).error(), IoError::reset);
}
TEST_P(StreamDoor, GivesUpTwoPiecesThatNobodyReads) {
  run(two_pieces_unread);
}

Task<void> refused(Cores&, Reactor& reactor) {
  SocketAddress nobody;
  {
    auto listener = reactor.listen({.address = loopback_any()});
    nobody = (*listener)->local();
  }
  for (int i = 0; i < 5; ++i) {
    (void)co_await reactor.sleep_for(milliseconds(1));  // the listener goes at its own pace
  }
  EXPECT_EQ((co_await reactor.connect({.to = nobody}, soon(reactor))).error(), IoError::refused);
  EXPECT_EQ((co_await reactor.connect_unix("/nonexistent/socket", soon(reactor))).error(),
            IoError::refused);
}
TEST_P(StreamDoor, TellsWhenNobodyListens) {
  run(refused);
}

Task<void> sources(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = {IpAddress(), 0}});
  const SocketAddress to{IpAddress::loopback(), (*listener)->local().port};
  const IpAddress source = *IpAddress::parse("127.0.0.2");
  auto client = co_await reactor.connect({.to = to, .source = source}, soon(reactor));
  auto server = co_await (*listener)->accept(soon(reactor));
  EXPECT_EQ((*client)->local().ip, source);
  EXPECT_EQ((*server)->peer().ip, source);
}
TEST_P(StreamDoor, BindsItsSource) {
  run(sources);
}

Task<void> dual_stack(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = {IpAddress::v6({}), 0}});
  EXPECT_TRUE(listener);
  const std::uint16_t port = (*listener)->local().port;
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    const IpAddress ip = IpAddress::loopback(family);
    auto client = co_await reactor.connect({.to = {ip, port}}, soon(reactor));
    EXPECT_TRUE(client) << ip.text();
    auto server = co_await (*listener)->accept(soon(reactor));
    EXPECT_EQ((*server)->peer().ip, ip);
  }
}
TEST_P(StreamDoor, TakesBothFamiliesOnAnIpv6Wildcard) {
  run(dual_stack);
}

Task<void> in_use(Cores&, Reactor& reactor) {
  auto first = reactor.listen({.address = loopback_any(), .reuse_port = false});
  const auto second = reactor.listen({.address = (*first)->local(), .reuse_port = false});
  EXPECT_EQ(second.error(), IoError::address_in_use);
  co_return;
}
TEST_P(StreamDoor, TellsThatAnAddressIsInUse) {
  run(in_use);
}

Task<void> idle_connection(Cores&, Reactor& reactor) {
  Pair pair = co_await make_pair(reactor);
  EXPECT_FALSE(pair.client->is_readable());
  EXPECT_TRUE(co_await pair.server->send("hello", soon(reactor)));
  EXPECT_EQ(co_await read_some(reactor, *pair.client, 5), "hello");
  EXPECT_FALSE(pair.client->is_readable());
  pair.server.reset();
  for (int i = 0; i < 1000 && !pair.client->is_readable(); ++i) {
    (void)co_await reactor.sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(pair.client->is_readable());
}
TEST_P(StreamDoor, TellsThatAnIdleConnectionHasEnded) {
  run(idle_connection);
}

Task<void> serve_lines(Reactor& reactor, std::unique_ptr<Stream> stream, int& ended) {
  while (true) {
    const auto octets = co_await stream->receive(soon(reactor));
    if (!octets || !co_await stream->send(*octets, soon(reactor))) {
      break;
    }
  }
  ++ended;
}

Task<void> serve(Reactor& reactor, Listener& listener, CancelToken closing, int& ended) {
  while (true) {
    auto stream = co_await listener.accept({mono_never, closing});
    if (!stream) {
      co_return;
    }
    reactor.spawn(serve_lines(reactor, std::move(*stream), ended));
  }
}

Task<void> visit(Reactor& reactor, SocketAddress to, int number) {
  auto stream = co_await reactor.connect({.to = to}, soon(reactor));
  EXPECT_TRUE(stream);
  if (stream) {
    const std::string text = "visit " + std::to_string(number);
    EXPECT_TRUE(co_await (*stream)->send(text, soon(reactor)));
    EXPECT_EQ(co_await read_some(reactor, **stream, text.size()), text);
  }
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

Task<void> many_visits(Cores&, Reactor& reactor) {
  auto listener = reactor.listen({.address = loopback_any()});
  CancelSource closing;
  int ended = 0;
  const std::size_t before = open_descriptors();
  auto serving = serve(reactor, **listener, closing.token(), ended);
  struct Visitors {
    static Task<void> run(Reactor& owner, SocketAddress to, CancelSource& done) {
      for (int round = 0; round < 30; ++round) {
        std::vector<Task<void>> visits;
        for (int i = 0; i < 100; ++i) {
          visits.push_back(visit(owner, to, i));
        }
        co_await when_all(std::move(visits));
      }
      done.cancel();
    }
  };
  co_await when_all(std::move(serving), Visitors::run(reactor, (*listener)->local(), closing));
  for (int i = 0; i < 1000 && (ended < 3000 || open_descriptors() > before); ++i) {
    (void)co_await reactor.sleep_for(milliseconds(2));
  }
  EXPECT_EQ(ended, 3000);
  EXPECT_LE(open_descriptors(), before);
}
TEST_P(StreamDoor, OpensAndClosesThousandsWithoutALeak) {
  run(many_visits);
}

}  // namespace
}  // namespace postrider::engine
