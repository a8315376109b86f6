// `dnssec_probe MODE ANCHORS SERVER TYPE:NAME...` on the real engine: what the resolver makes of
// each question, with DnssecMode MODE (validate, trust-ad, off), the trust anchors in the file
// ANCHORS: "TYPE:NAME<tab>status<tab>security<tab>canonical name<tab>reason". At the end,
// "counters" and what they took.

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/net/resolver.hpp>

namespace {

using namespace postrider;

constexpr std::array types{dns::RecordType::a,   dns::RecordType::aaaa,   dns::RecordType::mx,
                           dns::RecordType::txt, dns::RecordType::tlsa,   dns::RecordType::cname,
                           dns::RecordType::ds,  dns::RecordType::dnskey, dns::RecordType::soa,
                           dns::RecordType::ns};

std::string_view describe(net::DnsStatus status) {
  switch (status) {
    case net::DnsStatus::found:
      return "found";
    case net::DnsStatus::no_data:
      return "no_data";
    case net::DnsStatus::no_such_name:
      return "no_such_name";
    case net::DnsStatus::temporary_failure:
      return "temporary_failure";
  }
  return "?";
}

engine::Task<void> ask(net::Resolver& resolver, engine::Reactor& reactor, std::string question) {
  const auto colon = question.find(':');
  const auto* const type = std::ranges::find(types, question.substr(0, colon),
                                             [](dns::RecordType t) { return dns::describe(t); });
  if (colon == std::string::npos || type == types.end()) {
    std::printf("%s\tno such type\n", question.c_str());
    co_return;
  }
  const engine::Until until{.deadline = reactor.now() + std::chrono::seconds(30)};
  const net::SharedAnswer answer =
      co_await resolver.lookup(question.substr(colon + 1), *type, until);
  std::printf("%s\t%s\t%s\t%s\t%s\n", question.c_str(), describe(answer->status).data(),
              dns::describe(answer->security).data(), answer->canonical_name.c_str(),
              answer->reason.c_str());
}

engine::Task<void> probe(engine::Engine& engine, engine::Reactor& reactor,
                         net::ResolverSettings settings, std::vector<std::string> questions) {
  const auto resolver = net::make_resolver(reactor, settings);
  for (const std::string& question : questions) {
    co_await ask(*resolver, reactor, question);
  }
  const auto counters = resolver->counters();
  std::printf("counters\t%llu queries\t%llu for keys\t%llu signatures\n",
              static_cast<unsigned long long>(counters.queries),
              static_cast<unsigned long long>(counters.key_queries),
              static_cast<unsigned long long>(counters.signature_checks));
  engine.stop();
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto server = SocketAddress::parse(arguments.size() > 3 ? arguments[2] : "");
  if (!server) {
    std::fputs("usage: dnssec_probe MODE ANCHORS ADDRESS:PORT TYPE:NAME...\n", stderr);
    return 2;
  }
  net::ResolverSettings settings;
  settings.servers = {*server};
  settings.dnssec = arguments[0] == "validate"   ? net::DnssecMode::validate
                    : arguments[0] == "trust-ad" ? net::DnssecMode::trust_ad
                                                 : net::DnssecMode::off;
  auto anchors = dns::TrustAnchors::parse(read(arguments[1]));
  if (!anchors) {
    std::fprintf(stderr, "dnssec_probe: %s: %s\n", arguments[1].c_str(), anchors.error().c_str());
    return 2;
  }
  settings.trust_anchors = std::move(*anchors);
  const std::vector<std::string> questions(arguments.begin() + 3, arguments.end());
  const auto engine = engine::Engine::create({.cores = 1, .pin = false, .ring_entries = 256});
  engine->run(
      [&](engine::Reactor& reactor) { return probe(*engine, reactor, settings, questions); });
  return 0;
}
