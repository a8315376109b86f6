// The main path of a relayed message in one thread, from a seed: client, SMTP service, intake, the
// store's twin, delivery, next hop, event log. What `count` runs under callgrind. usage: relay_path
// MESSAGES

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/flow/event_log.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/policy/route.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/service/smtp/smtp_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider {
namespace {

constexpr std::size_t sessions = 20;
constexpr std::size_t body_octets = 4096;
const SocketAddress next_hop = *SocketAddress::parse("127.0.0.1:2526");

// Nobody asks: every domain has a route.
class NoDns final : public net::Resolver {
 public:
  engine::Task<net::SharedAnswer> lookup(std::string name, dns::RecordType /*type*/,
                                         engine::Until /*until*/) override {
    auto answer = std::make_shared<net::DnsAnswer>();
    answer->name = std::move(name);
    answer->status = net::DnsStatus::temporary_failure;
    co_return answer;
  }
  [[nodiscard]] Counters counters() const override { return {}; }
};

struct World {
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({.seed = 1});
  engine::Reactor& reactor = simulation->reactor(0);
  std::size_t left = 0;   // messages to send
  std::size_t taken = 0;  // by the next hop
};

std::string letter() {
  std::string out =
      "From: <sender@example.net>\r\nTo: <user@example.org>\r\nSubject: a message\r\n\r\n";
  while (out.size() < body_octets) {
    out += "A line of text as long as lines of text are, more or less.\r\n";
  }
  return out + ".\r\n";
}

struct Client {
  std::unique_ptr<engine::Stream> stream;
  std::string heard;

  engine::Task<void> say(std::string_view octets) {
    check((co_await stream->send(octets, {mono_never, {}})).has_value(), "the server has gone");
  }
  // Waits for so many replies, all positive.
  engine::Task<void> hear(int replies) {
    while (replies > 0) {
      const auto octets = co_await stream->receive({mono_never, {}});
      check(octets.has_value(), "the server has gone");
      heard += *octets;
      for (std::size_t end = heard.find('\n'); end != heard.npos; end = heard.find('\n')) {
        check(heard[0] == '2' || heard[0] == '3', "the server refuses");
        replies -= heard[3] == ' ' ? 1 : 0;
        heard.erase(0, end + 1);
      }
    }
  }
};

engine::Task<void> send_all(World* world, SocketAddress to) {
  auto stream = co_await world->reactor.connect({.to = to, .source = {}}, {mono_never, {}});
  check(stream.has_value(), "the server can't be reached");
  Client client{std::move(*stream), {}};
  const std::string content = letter();
  co_await client.hear(1);
  co_await client.say("EHLO client.example.net\r\n");
  co_await client.hear(1);
  while (world->left > 0) {
    --world->left;
    co_await client.say("MAIL FROM:<sender@example.net>\r\nRCPT TO:<user@example.org>\r\nDATA\r\n");
    co_await client.hear(3);
    co_await client.say(content);
    co_await client.hear(1);
  }
}

// As cheap as a server can be that takes one group a message.
engine::Task<void> take_all(World* world, std::unique_ptr<engine::Stream> stream) {
  std::string buffer;
  std::string replies = "220 next ESMTP\r\n";
  std::size_t chunk = 0;
  while (true) {
    if (!replies.empty() && !co_await stream->send(std::exchange(replies, {}), {mono_never, {}})) {
      co_return;
    }
    const auto octets = co_await stream->receive({mono_never, {}});
    if (!octets) {
      co_return;
    }
    buffer += *octets;
    while (true) {
      if (chunk > 0) {
        if (buffer.size() < chunk) {
          break;
        }
        buffer.erase(0, std::exchange(chunk, 0));
        replies += "250 2.0.0 taken\r\n";
        ++world->taken;
        continue;
      }
      const std::size_t end = buffer.find('\n');
      if (end == std::string::npos) {
        break;
      }
      if (buffer.starts_with("BDAT ")) {
        chunk = parse_decimal(buffer.substr(5, buffer.find(' ', 5) - 5)).value();
      } else {
        replies += buffer.starts_with("EHLO") ? "250-next\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
                                              : "250 2.0.0 ok\r\n";
      }
      buffer.erase(0, end + 1);
    }
  }
}

engine::Task<void> accept_all(World* world, std::unique_ptr<engine::Listener> listener) {
  while (auto stream = co_await listener->accept({mono_never, {}})) {
    world->reactor.spawn(take_all(world, std::move(*stream)));
  }
}

policy::RouteTable route_to_next_hop() {
  policy::Route route{.domain = policy::DomainPattern("*")};
  route.via = {{next_hop.ip.text(), next_hop.port}};
  return policy::RouteTable({route});
}

int relay(std::size_t messages) {
  World world;
  world.left = messages;
  world.simulation->faults().max_segment = 65'536;
  engine::Reactor& reactor = world.reactor;
  auto next = reactor.listen({.address = next_hop});
  check(next.has_value(), "the next hop's address is free");
  reactor.spawn(accept_all(&world, std::move(*next)));

  NoDns dns;
  flow::EventLog events(*world.simulation, 0, {"events.jsonl"});
  check(events.open().has_value(), "an event log");
  engine::CancelSource stop;
  reactor.spawn(events.run(stop.token()));
  auto store = store::Store::open_memory(store::Store::make_memory_disk(), *world.simulation);
  delivery::DeliverySettings settings;
  settings.hostname = "relay.example.net";
  settings.routes = route_to_next_hop();
  auto delivery = delivery::Delivery::create(*world.simulation, std::move(settings),
                                             {{&store->queue(0), &dns, &events.sink(0)}});
  store->set_feed(0, delivery->feed(0));
  world.simulation->run(delivery->start());
  const auto intake = flow::make_intake({reactor, store->queue(0), events.sink(0), nullptr},
                                        {.hostname = "relay.example.net"});
  smtp::SmtpSettings smtp_settings;
  smtp_settings.rules.hostname = "relay.example.net";
  smtp::SmtpService service({reactor, *intake}, smtp_settings);
  const auto address = service.listen({.door = flow::Door::relay,
                                       .address = *SocketAddress::parse("127.0.0.1:0"),
                                       .tls = smtp::ListenerTls::none,
                                       .allow = {*IpNetwork::parse("0.0.0.0/0")}});
  check(address.has_value(), "a listener");
  for (std::size_t i = 0; i < sessions; ++i) {
    reactor.spawn(send_all(&world, *address));
  }
  world.simulation->run_for(std::chrono::seconds(30));
  std::printf("%zu messages arrived\n", world.taken);
  world.simulation->kill_tasks();
  return world.taken == messages ? 0 : 1;
}

}  // namespace
}  // namespace postrider

int main(int argc, char** argv) {
  const auto messages = postrider::parse_decimal(argc == 2 ? argv[1] : "");
  if (!messages) {
    std::fputs("usage: relay_path MESSAGES\n", stderr);
    return 2;
  }
  return postrider::relay(*messages);
}
