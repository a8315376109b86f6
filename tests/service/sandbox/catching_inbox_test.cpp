#include <gtest/gtest.h>

#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/service/sandbox/catching_inbox.hpp>
#include <postrider/service/sandbox/dns_responder.hpp>
#include <postrider/service/sandbox/sandbox_signer.hpp>

namespace postrider::sandbox {
namespace {

using engine::Task;
using engine::Until;

// An inbox and its DNS on simulated loopback, and a client that says what it is told to.
class CatchingInboxTest : public testing::Test {
 protected:
  CatchingInboxTest()
      : simulation_(engine::Simulation::create({})),
        keys_(*SandboxKeys::generate()),
        tls_(*net::TlsContext::make_server({.identity = *net::make_self_signed_identity({"mx"})})) {
    auto& reactor = simulation_->reactor(0);
    DnsResponderSettings settings;
    settings.dkim_selectors = {
        {std::string(rsa_selector),
         dkim::encode_key_record(KeyAlgorithm::rsa, keys_.rsa.encode_public())},
        {std::string(ed25519_selector),
         dkim::encode_key_record(KeyAlgorithm::ed25519, keys_.ed25519.encode_public())}};
    dns_ = std::move(*DnsResponder::listen(reactor, {IpAddress::loopback(), 5353}, settings));
    reactor.spawn(dns_->serve());
    resolver_ = net::make_resolver(reactor, {.servers = {{IpAddress::loopback(), 5353}}});
    inbox_ = std::make_unique<CatchingInbox>(
        reactor, *resolver_, tls_, CatchingInboxSettings{},
        [this](const CaughtMessage& message) { caught_.push_back(message); });
    reactor.spawn(
        inbox_->serve(std::move(*reactor.listen({.address = {IpAddress::loopback(), 2525}}))));
  }
  ~CatchingInboxTest() override { simulation_->kill_tasks(); }

  // The replies to `lines`, each sent when the one before was answered.
  std::string talk(std::vector<std::string> lines) {
    std::string replies;
    simulation_->run(talk_into(std::move(lines), replies));
    return replies;
  }
  // Its last line has a blank after the code (RFC 5321 4.2.1).
  static bool is_complete(const std::string& reply) {
    if (!reply.ends_with("\r\n")) {
      return false;
    }
    const auto start = reply.rfind('\n', reply.size() - 2);
    const auto last = start == reply.npos ? 0 : start + 1;
    return reply.size() > last + 3 && reply[last + 3] == ' ';
  }
  Task<void> talk_into(std::vector<std::string> lines, std::string& replies) {
    auto& reactor = simulation_->reactor(0);
    auto stream = co_await reactor.connect({.to = {IpAddress::loopback(), 2525}, .source = {}}, {});
    EXPECT_TRUE(stream.has_value());
    lines.insert(lines.begin(), "");
    for (const auto& line : lines) {
      if (!line.empty()) {
        EXPECT_TRUE((co_await (*stream)->send(line, {})).has_value());
      }
      std::string reply;
      while (!is_complete(reply)) {
        const auto octets =
            co_await (*stream)->receive(Until{reactor.now() + std::chrono::minutes(1), {}});
        if (!octets) {
          replies += "(closed)";
          co_return;
        }
        reply += *octets;
      }
      replies += reply;
    }
  }

  std::string sign(const std::string& header, const std::string& body) {
    SandboxSigner signer(keys_.clone());
    auto work = signer.begin("shop.example");
    work->update(body);
    return *work->finish(header + "\r\n", simulation_->reactor(0).wall_now()) + header + "\r\n" +
           body;
  }

  std::unique_ptr<engine::Simulation> simulation_;
  SandboxKeys keys_;
  net::TlsContext tls_;
  std::unique_ptr<DnsResponder> dns_;
  std::unique_ptr<net::Resolver> resolver_;
  std::vector<CaughtMessage> caught_;
  std::unique_ptr<CatchingInbox> inbox_;
};

const std::string header = "From: app@shop.example\r\nSubject: x\r\n";

TEST_F(CatchingInboxTest, CatchesForEveryDomainAndVerifiesBothSignatures) {
  const auto replies =
      talk({"EHLO me\r\n", "MAIL FROM:<app@shop.example>\r\n", "RCPT TO:<you@any.example>\r\n",
            "DATA\r\n", sign(header, "hello\r\n") + ".\r\n", "QUIT\r\n"});
  EXPECT_NE(replies.find("STARTTLS"), replies.npos) << replies;
  ASSERT_EQ(caught_.size(), 1U) << replies;
  EXPECT_EQ(caught_[0].reverse_path, "app@shop.example");
  EXPECT_EQ(caught_[0].recipients, std::vector<std::string>{"you@any.example"});
  ASSERT_EQ(caught_[0].signatures.size(), 2U);
  for (const auto& signature : caught_[0].signatures) {
    EXPECT_TRUE(signature.passes) << signature.algorithm << ": " << signature.reason;
    EXPECT_EQ(signature.domain, "shop.example");
  }
}

TEST_F(CatchingInboxTest, SeesABrokenSignature) {
  auto message = sign(header, "hello\r\n");
  message.replace(message.rfind("hello"), 5, "HELLO");
  talk({"EHLO me\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<you@any.example>\r\n", "DATA\r\n",
        message + ".\r\n"});
  ASSERT_EQ(caught_.size(), 1U);
  ASSERT_EQ(caught_[0].signatures.size(), 2U);
  EXPECT_FALSE(caught_[0].signatures[0].passes);
  EXPECT_FALSE(caught_[0].signatures[0].reason.empty());
}

TEST_F(CatchingInboxTest, RefusesAndDefersByLocalPart) {
  const auto replies =
      talk({"EHLO me\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<bounce@any.example>\r\n",
            "RCPT TO:<defer@any.example>\r\n", "DATA\r\n"});
  EXPECT_NE(replies.find("550 5.1.1"), replies.npos) << replies;
  EXPECT_NE(replies.find("450 4.2.1"), replies.npos) << replies;
  EXPECT_TRUE(caught_.empty());
}

}  // namespace
}  // namespace postrider::sandbox
