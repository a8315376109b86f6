// Mail that comes in: who is taken for whom, what RCPT hears, and what a stranger may not do.
#include "../../policy/table_resolver.hpp"
#include "service_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/filter/proxy_header.hpp>

namespace postrider::smtp {
namespace {

const std::vector<IpNetwork> loopback = {*IpNetwork::parse("127.0.0.0/8")};
const std::string content = "From: a@b.example\r\n\r\nx\r\n.";

class InboundTest : public SmtpServiceTest {
 protected:
  InboundTest() {
    intake = flow::make_intake({.reactor = reactor,
                                .queue = store->queue(0),
                                .events = events,
                                .directory = &directory,
                                .resolver = &dns},
                               {.hostname = "mail.example.org"});
    resolver = &dns;
  }
  std::vector<std::string> deliver(SocketAddress to, const std::string& first = "",
                                   const std::string& recipient = "user@local.example") {
    std::vector<std::string> replies;
    simulation->run(run_delivery(to, first, recipient, &replies));
    return replies;
  }
  engine::Task<void> run_delivery(SocketAddress to, std::string first, std::string recipient,
                                  std::vector<std::string>* replies) {
    Client client(reactor, to);
    EXPECT_TRUE(co_await client.connect());
    co_await client.send(first);
    replies->push_back(co_await client.hear());
    for (std::string& command :
         std::vector<std::string>{"EHLO helo.example", "MAIL FROM:<a@b.example>",
                                  "RCPT TO:<" + recipient + ">", "DATA", content}) {
      replies->push_back(co_await client.ask(std::move(command)));
      if (replies->back().empty()) {
        co_return;
      }
    }
  }
  // The header of the message that was committed last.
  std::string stored() {
    std::string out;
    simulation->run(run_read(&out));
    return out;
  }
  engine::Task<void> run_read(std::string* out) {
    if (!feed.entries.empty()) {
      const auto chunk = co_await store->queue(0).read_chunk(feed.entries.back().envelope->id, 0);
      *out = chunk ? std::string(chunk->view()) : "";
    }
  }
  policy::TableResolver dns{reactor};
};

TEST_F(InboundTest, EachRecipientHearsWhatItsAddressIsWorth) {
  const auto to = start({.door = flow::Door::inbound});
  const auto replies =
      converse(to, {"EHLO c", "MAIL FROM:<a@b.example> SIZE=2000",
                    "RCPT TO:<unknown@local.example>", "RCPT TO:<disabled@local.example>",
                    "RCPT TO:<full@local.example>", "RCPT TO:<domainfull@local.example>",
                    "RCPT TO:<small@local.example>", "RCPT TO:<private@local.example>",
                    "RCPT TO:<loop@local.example>", "RCPT TO:<many@local.example>",
                    "RCPT TO:<down@local.example>", "RCPT TO:<x@elsewhere.example>",
                    "RCPT TO:<user@LOCAL.example>", "RCPT TO:<postmaster>"});
  const std::vector<std::string> wanted = {"550 5.1.1", "550 5.2.1", "452 4.2.2", "452 4.2.2",
                                           "552 5.3.4", "550 5.7.1", "554 5.4.6", "554 5.4.6",
                                           "451 4.3.0", "550 5.7.1", "250 2.1.5", "250 2.1.5"};
  ASSERT_EQ(replies.size(), wanted.size() + 3);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(replies[i + 3].starts_with(wanted[i])) << replies[i + 3] << " for row " << i;
  }
  EXPECT_EQ(directory.asked[4].size, 2000U);
  EXPECT_EQ(directory.asked[0].reverse_path, "a@b.example");
}

TEST_F(InboundTest, WithoutADirectoryNothingIsOurs) {
  service = std::make_unique<SmtpService>(SmtpDoors{reactor, *intake}, settings);
  const auto to = start({.door = flow::Door::inbound});
  EXPECT_TRUE(converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<u@local.example>"})[3]
                  .starts_with("550 5.7.1"));
}

TEST_F(InboundTest, AReportHasOneRecipient) {
  const auto to = start({.door = flow::Door::inbound});
  const auto replies = converse(
      to, {"EHLO c", "MAIL FROM:<>", "RCPT TO:<a@local.example>", "RCPT TO:<b@local.example>"});
  EXPECT_TRUE(replies[3].starts_with("250"));
  EXPECT_TRUE(replies[4].starts_with("452 4.5.3")) << replies[4];
}

TEST_F(InboundTest, OurOwnMailForUsGoesTheSameWay) {
  const auto to = start({.door = flow::Door::relay, .allow = loopback});
  const auto replies =
      converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<unknown@local.example>",
                    "RCPT TO:<u@elsewhere.example>", "RCPT TO:<u@local.example>", "DATA", content});
  EXPECT_TRUE(replies[3].starts_with("550 5.1.1")) << replies[3];
  EXPECT_TRUE(replies[4].starts_with("250"));
  EXPECT_TRUE(replies[7].starts_with("250")) << replies[7];
  ASSERT_EQ(feed.entries.size(), 1U);
  const auto& destinations = feed.entries[0].envelope->destinations;
  ASSERT_EQ(destinations.size(), 2U);
  EXPECT_EQ(destinations[0].recipients[0].local.kind, store::LocalKind::none);
  EXPECT_EQ(destinations[1].recipients[0].local.kind, store::LocalKind::mailbox);
}

TEST_F(InboundTest, TheClientIsNamedInReceived) {  // RFC 5321 4.4
  dns.pointer("1.0.0.127.in-addr.arpa", "client.example");
  dns.address("client.example", "127.0.0.1");
  const auto to = start({.door = flow::Door::inbound});
  EXPECT_TRUE(deliver(to).back().starts_with("250"));
  const std::string octets = stored();
  EXPECT_TRUE(octets.contains("from helo.example (client.example [127.0.0.1])")) << octets;
  EXPECT_TRUE(octets.contains("iprev=pass")) << octets;
}

TEST_F(InboundTest, DeadDnsHoldsMailUpNoLongerThanItsLimits) {
  dns.dead = true;
  const auto to = start({.door = flow::Door::inbound});
  const MonoTime begun = reactor.now();
  EXPECT_TRUE(deliver(to).back().starts_with("250"));
  EXPECT_LE(reactor.now() - begun, std::chrono::seconds(30));
  EXPECT_TRUE(stored().contains("dmarc=temperror")) << stored();
}

TEST_F(InboundTest, ProxyHeadersNameTheClient) {
  const auto to = start({.door = flow::Door::inbound, .proxy_from = loopback});
  const SocketAddress source = *SocketAddress::parse("192.0.2.7:4711");
  const SocketAddress destination = *SocketAddress::parse("198.51.100.1:25");
  for (const std::string& header : {filter::encode_proxy_v1(source, destination),
                                    filter::encode_proxy_v2(source, destination)}) {
    EXPECT_TRUE(deliver(to, header).back().starts_with("250"));
    EXPECT_TRUE(stored().contains("[192.0.2.7]")) << stored();
    EXPECT_TRUE(events.events.back().remote.starts_with("192.0.2.7:"));
  }
  // Whoever is to send one and does not is dropped without a word.
  const auto replies = deliver(to, "EHLO x\r\n");
  EXPECT_EQ(replies[0], "");
  EXPECT_EQ(service->reception().proxy_failures, 1U);
}

TEST_F(InboundTest, NobodyElseMaySendAProxyHeader) {
  const auto to = start({.door = flow::Door::inbound});
  std::vector<std::string> replies = converse(to, {"PROXY TCP4 192.0.2.7 198.51.100.1 1 25"});
  EXPECT_TRUE(replies[1].starts_with("500 5.5.1")) << replies[1];
}

TEST_F(InboundTest, XclientNamesTheClientOfATrustedServer) {
  const auto to = start({.door = flow::Door::inbound, .xclient_from = loopback});
  const auto replies =
      converse(to, {"EHLO proxy", "XCLIENT ADDR=192.0.2.9 NAME=spike.example PORT=7", "EHLO c",
                    "MAIL FROM:<a@b.example>", "RCPT TO:<u@local.example>", "DATA", content});
  EXPECT_TRUE(replies[1].contains("XCLIENT"));
  EXPECT_TRUE(replies[2].starts_with("220"));
  EXPECT_TRUE(replies[7].starts_with("250")) << replies[7];
  EXPECT_TRUE(stored().contains("(spike.example [192.0.2.9])")) << stored();
}

TEST_F(InboundTest, LmtpAnswersForEachRecipient) {  // RFC 2033 4.2
  const auto to = start({.door = flow::Door::lmtp, .allow = loopback});
  const auto replies = converse(
      to, {"LHLO c", "MAIL FROM:<>", "RCPT TO:<a@local.example>", "RCPT TO:<unknown@local.example>",
           "RCPT TO:<x@elsewhere.example>", "RCPT TO:<b@local.example>", "DATA", content, "NOOP"});
  EXPECT_TRUE(replies[3].starts_with("250"));
  EXPECT_TRUE(replies[4].starts_with("550 5.1.1"));
  EXPECT_TRUE(replies[5].starts_with("550 5.7.1"));
  EXPECT_TRUE(replies[6].starts_with("250")) << replies[6];
  EXPECT_TRUE(replies[8].starts_with("250 2.0.0 Ok: queued"));
  EXPECT_TRUE(replies[9].starts_with("250 2.0.0 Ok: queued")) << replies[9];
  // Not judged: who delivers here has done it. As it came, but for the trace.
  const std::string octets = stored();
  EXPECT_TRUE(octets.starts_with("Received: ")) << octets;
  EXPECT_TRUE(octets.contains("with LMTP"));
  EXPECT_TRUE(octets.ends_with("From: a@b.example\r\n\r\nx\r\n"));
}

TEST_F(InboundTest, LmtpIsForWhomWasNamed) {
  const auto to = start({.door = flow::Door::lmtp});
  EXPECT_TRUE(converse(to, {})[0].starts_with("554 5.7.1"));
}

TEST_F(InboundTest, GuessingNamesIsSlowAndEnds) {
  settings.unknown_recipients_per_peer = {.count = 8, .per = std::chrono::hours(1)};
  const auto to = start({.door = flow::Door::inbound});
  std::vector<std::string> commands = {"EHLO c", "MAIL FROM:<a@b.example>"};
  for (int i = 0; i < 9; ++i) {
    commands.push_back("RCPT TO:<unknown" + std::to_string(i) + "@local.example>");
  }
  const MonoTime begun = reactor.now();
  const auto replies = converse(to, commands);
  EXPECT_TRUE(replies[10].starts_with("550 5.1.1")) << replies[10];
  EXPECT_TRUE(replies[11].starts_with("421 4.7.0")) << replies[11];
  // 3 at once, then 1, 2, 4, 8 and 16 seconds.
  EXPECT_GE(reactor.now() - begun, std::chrono::seconds(31));
  // A new connection does not help.
  EXPECT_TRUE(
      converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<unknown@local.example>"})[3]
          .starts_with("421"));
  EXPECT_TRUE(converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<user@local.example>"})[3]
                  .starts_with("250"));
}

// What others than the session refuse fills the log no more than what it refuses by itself.
TEST_F(InboundTest, RefusalsOfManyKindsAreBoundedTogether) {
  settings.rules.errors_max = settings.rules.idle_commands_max = 10'000;
  settings.unknown_recipients_per_peer = {.count = 10'000, .per = std::chrono::hours(1)};
  const auto to = start({.door = flow::Door::inbound});
  std::vector<std::string> commands = {"EHLO c", "MAIL FROM:<a@b.example>"};
  for (int i = 0; i < 80; ++i) {
    commands.emplace_back("RCPT TO:<unknown@local.example>");
    commands.emplace_back("RCPT TO:<no address>");
  }
  (void)converse(to, commands);
  const auto told = std::ranges::count(events.events, flow::EventKind::refused, &flow::Event::kind);
  EXPECT_EQ(told, 100);
  EXPECT_TRUE(events.events.back().text.contains("no more of this connection is told"));
}

TEST_F(InboundTest, APeerSendsSoManyMessages) {
  settings.messages_per_peer = {.count = 2, .per = std::chrono::hours(1)};
  const auto to = start({.door = flow::Door::inbound});
  const auto replies = converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RSET",
                                     "MAIL FROM:<a@b.example>", "RSET", "MAIL FROM:<a@b.example>"});
  EXPECT_TRUE(replies[4].starts_with("250"));
  EXPECT_TRUE(replies[6].starts_with("451 4.7.1")) << replies[6];
}

TEST_F(InboundTest, DmarcRejectsAndJunks) {
  dns.txt("_dmarc.b.example", "v=DMARC1; p=reject");
  const auto to = start({.door = flow::Door::inbound});
  const auto refused = deliver(to).back();
  EXPECT_TRUE(refused.starts_with("550 5.7.1 Message rejected: DMARC of b.example")) << refused;
  EXPECT_TRUE(feed.entries.empty());
  dns.records.clear();
  dns.txt("_dmarc.b.example", "v=DMARC1; p=quarantine");
  EXPECT_TRUE(deliver(to).back().starts_with("250"));
  ASSERT_FALSE(feed.entries.empty());
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::junk);
  EXPECT_TRUE(stored().starts_with("X-Postrider-Verdict: junk;")) << stored();
  dns.txt("b.example", "v=spf1 ip4:127.0.0.1 -all");
  EXPECT_TRUE(deliver(to).back().starts_with("250"));
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::inbox);
  EXPECT_TRUE(stored().starts_with("Authentication-Results: mail.example.org;")) << stored();
  EXPECT_TRUE(stored().contains("dmarc=pass")) << stored();
}

}  // namespace
}  // namespace postrider::smtp
