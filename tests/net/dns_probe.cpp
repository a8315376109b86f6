// `dns_probe SERVER NAME...`: what the resolver, on the real engine, finds of each mail domain:
// "NAME: MX ADDRESS,ADDRESS; ..." or "NAME: !reason". `txt:NAME` gives the octets of its TXT.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace {

using namespace postrider;
using engine::Task;

Task<std::string> describe_mail(net::Resolver& resolver, engine::Reactor& reactor,
                                std::string name) {
  const engine::Until until{.deadline = reactor.now() + std::chrono::seconds(20)};
  const auto hosts =
      co_await net::find_mail_hosts(resolver, reactor.random(), {.domain = name}, until);
  if (!hosts) {
    co_return "!" + hosts.error().text;
  }
  std::string out;
  for (const net::MailHost& host : hosts->hosts) {
    out += (out.empty() ? "" : "; ") + host.name;
    const net::HostAddresses found =
        co_await net::find_addresses(resolver, reactor.random(), host.name, {}, until);
    char separator = ' ';
    for (const IpAddress& address : found.addresses) {
      out += separator + address.text();
      separator = ',';
    }
  }
  co_return out;
}

Task<std::string> describe_text(net::Resolver& resolver, engine::Reactor& reactor,
                                std::string name) {
  const engine::Until until{.deadline = reactor.now() + std::chrono::seconds(20)};
  const net::SharedAnswer answer =
      co_await resolver.lookup(std::move(name), dns::RecordType::txt, until);
  if (answer->status != net::DnsStatus::found) {
    co_return "!" + answer->reason;
  }
  const auto& text = std::get<dns::Txt>(answer->records.at(0).data).text;
  co_return std::to_string(text.size()) + " octets, TCP " + std::to_string(resolver.counters().tcp);
}

Task<void> probe(engine::Engine& engine, engine::Reactor& reactor, SocketAddress server,
                 const std::vector<std::string>& names) {
  const auto resolver = net::make_resolver(reactor, {.servers = {server}});
  for (const std::string& name : names) {
    const std::string found = name.starts_with("txt:")
                                  ? co_await describe_text(*resolver, reactor, name.substr(4))
                                  : co_await describe_mail(*resolver, reactor, name);
    std::printf("%s: %s\n", name.c_str(), found.c_str());
  }
  engine.stop();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto server = SocketAddress::parse(arguments.empty() ? "" : arguments[0]);
  if (!server) {
    std::fputs("usage: dns_probe ADDRESS:PORT NAME...\n", stderr);
    return 2;
  }
  const std::vector<std::string> names(arguments.begin() + 1, arguments.end());
  const auto engine = engine::Engine::create({.cores = 1, .pin = false, .ring_entries = 256});
  engine->run([&](engine::Reactor& reactor) { return probe(*engine, reactor, *server, names); });
  return 0;
}
