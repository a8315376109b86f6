#include <gtest/gtest.h>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/mail_hosts.hpp>
#include <postrider/service/sandbox/dns_responder.hpp>

namespace postrider::sandbox {
namespace {

using dns::RecordType;
using engine::Task;
using std::chrono::seconds;

DnsResponderSettings settings() {
  DnsResponderSettings out;
  out.mail_host_addresses = {IpAddress::loopback(), IpAddress::loopback(IpFamily::v6)};
  out.dkim_selectors = {{"s1", "v=DKIM1; p=" + std::string(400, 'k')}};
  out.texts = {{"_dmarc.example.org", "v=DMARC1; p=none"}, {"big.example", std::string(3000, 'x')}};
  return out;
}

dns::Response asked(std::string name, RecordType type) {
  return respond(settings(), {.id = 7, .question = {.name = std::move(name), .type = type}});
}

TEST(SandboxDns, EveryDomainHasTheSameMailHost) {
  for (const std::string name : {"example.org", "a.b.c.test", "mx.sandbox.invalid"}) {
    const dns::Response response = asked(name, RecordType::mx);
    ASSERT_EQ(response.answers.size(), 1U) << name;
    EXPECT_EQ(std::get<dns::Mx>(response.answers[0].data).host, "mx.sandbox.invalid");
    EXPECT_EQ(response.answers[0].owner, name);
  }
}

TEST(SandboxDns, TheMailHostHasItsAddresses) {
  const dns::Response v4 = asked("mx.sandbox.invalid", RecordType::a);
  ASSERT_EQ(v4.answers.size(), 1U);
  EXPECT_EQ(std::get<IpAddress>(v4.answers[0].data), IpAddress::loopback());
  EXPECT_EQ(asked("mx.sandbox.invalid", RecordType::aaaa).answers.size(), 1U);
  EXPECT_TRUE(asked("example.org", RecordType::a).answers.empty());
}

TEST(SandboxDns, InvalidDoesNotExist) {
  for (const std::string name : {"invalid", "nobody.invalid", "x.mx.sandbox.invalid"}) {
    const dns::Response response = asked(name, RecordType::mx);
    EXPECT_EQ(response.code, dns::ResponseCode::no_such_name) << name;
    EXPECT_EQ(response.authorities.size(), 1U);
  }
  EXPECT_EQ(asked("notinvalid", RecordType::mx).code, dns::ResponseCode::no_error);
}

TEST(SandboxDns, DkimKeysAndTextsAreFound) {
  const auto text = [](const dns::Response& response) {
    return response.answers.empty() ? "" : std::get<dns::Txt>(response.answers[0].data).text;
  };
  EXPECT_TRUE(text(asked("s1._domainkey.any.example", RecordType::txt)).starts_with("v=DKIM1"));
  EXPECT_EQ(text(asked("s2._domainkey.any.example", RecordType::txt)), "");
  EXPECT_EQ(text(asked("_dmarc.example.org", RecordType::txt)), "v=DMARC1; p=none");
  EXPECT_EQ(text(asked("example.org", RecordType::txt)), "");
}

TEST(SandboxDns, AnUnknownEdnsVersionIsToldSo) {
  const dns::Response response =
      respond(settings(), {.id = 7,
                           .question = {.name = "example.org", .type = RecordType::mx},
                           .edns = dns::Edns{.version = 1}});
  EXPECT_EQ(response.code, dns::ResponseCode::bad_version);
  EXPECT_TRUE(response.answers.empty());
}

// The responder on the simulated network, asked by the real resolver.
struct World {
  World() : simulation(engine::Simulation::create({.seed = 3})), reactor(simulation->reactor(0)) {
    responder = DnsResponder::listen(reactor, {IpAddress::loopback(), 0}, settings()).value();
    resolver = net::make_resolver(reactor, {.servers = {responder->address()}});
    reactor.spawn(responder->serve());
  }
  void run(Task<void> (*body)(World&)) { simulation->run(body(*this)); }
  [[nodiscard]] engine::Until soon() const { return {.deadline = reactor.now() + seconds(30)}; }

  std::unique_ptr<engine::Simulation> simulation;
  engine::Reactor& reactor;
  std::unique_ptr<DnsResponder> responder;
  std::unique_ptr<net::Resolver> resolver;
};

Task<void> stop(World& w) {
  co_await w.responder->stop(w.reactor.now() + seconds(1));
}

TEST(SandboxDns, LeadsMailToTheSandbox) {
  World world;
  world.run([](World& w) -> Task<void> {
    const auto hosts = co_await net::find_mail_hosts(*w.resolver, w.reactor.random(),
                                                     {.domain = "example.org"}, w.soon());
    EXPECT_TRUE(hosts.has_value());
    EXPECT_EQ(hosts->hosts.at(0).name, "mx.sandbox.invalid");
    const auto found = co_await net::find_addresses(*w.resolver, w.reactor.random(),
                                                    hosts->hosts[0].name, {}, w.soon());
    EXPECT_EQ(found.addresses.size(), 2U);
    const auto none = co_await net::find_mail_hosts(*w.resolver, w.reactor.random(),
                                                    {.domain = "nomail.example"}, w.soon());
    EXPECT_EQ(none.error().kind, net::MailHostsFailure::null_mx);
    const auto gone = co_await net::find_mail_hosts(*w.resolver, w.reactor.random(),
                                                    {.domain = "gone.invalid"}, w.soon());
    EXPECT_EQ(gone.error().kind, net::MailHostsFailure::no_such_domain);
    co_await stop(w);
  });
}

TEST(SandboxDns, LargeAnswersComeOverTcp) {
  World world;
  world.run([](World& w) -> Task<void> {
    const auto answer = co_await w.resolver->lookup("big.example", RecordType::txt, w.soon());
    EXPECT_EQ(answer->status, net::DnsStatus::found);
    EXPECT_EQ(std::get<dns::Txt>(answer->records.at(0).data).text.size(), 3000U);
    EXPECT_EQ(w.resolver->counters().tcp, 1U);
    co_await stop(w);
  });
}

TEST(SandboxDns, JunkIsRefusedAndServiceGoesOn) {
  World world;
  world.run([](World& w) -> Task<void> {
    const auto socket =
        w.reactor.open_datagram({.bind = {IpAddress::loopback(), 0}, .peer = std::nullopt});
    const auto ask = [](World& x, engine::DatagramSocket& from,
                        std::string octets) -> Task<std::string> {
      (void)co_await from.send(x.responder->address(), octets, x.soon());
      const auto answer = co_await from.receive({x.reactor.now() + seconds(1), {}});
      co_return answer ? std::string(answer->octets) : "";
    };
    const std::string header("\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
    EXPECT_EQ(co_await ask(w, **socket, "junk"), "");
    EXPECT_EQ(co_await ask(w, **socket, header), std::string("\x12\x34\x81\1\0\0\0\0\0\0\0\0", 12));
    std::string notify = header;
    notify[2] = 0x20;
    EXPECT_EQ((co_await ask(w, **socket, notify)).at(3), 4);
    const auto answer = co_await w.resolver->lookup("example.org", RecordType::mx, w.soon());
    EXPECT_EQ(answer->status, net::DnsStatus::found);
    co_await stop(w);
  });
}

}  // namespace
}  // namespace postrider::sandbox
