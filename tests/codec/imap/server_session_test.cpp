// What a dialogue can't say: channel bindings, SCRAM, quirks, shutdown, timeouts, bounds.
#include "server_harness.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>

namespace postrider::imap {
namespace {

ServerRules plain_rules() {
  ServerRules rules;
  rules.hostname = "mail.example.org";
  return rules;
}

const sasl::ChannelBindings bound{.tls_exporter = std::string(32, 'e'), .tls_server_end_point = {}};

std::unique_ptr<ServerHarness> logged_in(const ServerRules& rules) {
  auto server =
      std::make_unique<ServerHarness>(rules, ServerSession::Facts{.tls = true, .bindings = {}});
  server->feed("L LOGIN user@example.org pencil\r\n");
  server->take_output();
  return server;
}

// Plays a client's SCRAM against the server; the last response.
std::string authenticate(ServerHarness& server, sasl::Mechanism mechanism,
                         sasl::ChannelBindings bindings, const std::string& password) {
  SeededRandom random(9);
  sasl::ClientExchange client(mechanism, {"user@example.org", password}, std::move(bindings),
                              random);
  server.feed("A AUTHENTICATE " + std::string(sasl::name_of(mechanism)) + ' ' +
              encode_base64((*client.start()).value_or("")) + "\r\n");
  std::string reply = server.take_output();
  while (reply.starts_with("+ ")) {
    const auto answer = client.respond(*decode_base64(reply.substr(2, reply.size() - 4)));
    if (!answer) {
      return "client failed";
    }
    server.feed(encode_base64(*answer) + "\r\n");
    reply = server.take_output();
  }
  EXPECT_EQ(reply.starts_with("A OK"), client.may_succeed());
  return reply;
}

TEST(ImapServerSession, ScramAndItsChannelBinding) {  // RFC 5802 6
  const ServerRules rules = plain_rules();
  const auto connect = [&rules] {
    auto server = std::make_unique<ServerHarness>(
        rules, ServerSession::Facts{.tls = true, .bindings = bound});
    EXPECT_TRUE(server->take_output().contains("AUTH=SCRAM-SHA-256-PLUS"));
    return server;
  };
  using enum sasl::Mechanism;
  auto server = connect();
  EXPECT_TRUE(authenticate(*server, scram_sha_256_plus, bound, "pencil").starts_with("A OK"));
  EXPECT_EQ(server->session.identity(), "user@example.org");
  EXPECT_TRUE(authenticate(*connect(), scram_sha_256, {}, "pencil").starts_with("A OK"));
  EXPECT_TRUE(authenticate(*connect(), scram_sha_256, {}, "wrong")
                  .starts_with("A NO [AUTHENTICATIONFAILED]"));
  EXPECT_TRUE(authenticate(*connect(), scram_sha_256, bound, "pencil")
                  .starts_with("A NO [AUTHENTICATIONFAILED]"));
}

TEST(ImapServerSession, AClientMayBeSparedACapability) {
  ServerRules rules = plain_rules();
  rules.quirks.push_back({"iPhone", {Capability::condstore, Capability::qresync}});
  auto server = logged_in(rules);
  EXPECT_TRUE(server->session.offers(Capability::qresync));
  server->feed("a ID (\"name\" \"iPhone Mail\")\r\n");
  EXPECT_EQ(server->session.client_id().fields.size(), 1U);
  EXPECT_FALSE(server->session.offers(Capability::qresync));
  server->take_output();
  server->feed("b ENABLE QRESYNC\r\n");
  EXPECT_EQ(server->take_output(), "* ENABLED\r\nb OK ENABLE completed\r\n");
}

TEST(ImapServerSession, CommandsThatSpeakOfModseqsEnableThem) {  // RFC 7162 3.1
  for (const std::string command :
       {"SELECT x (CONDSTORE)", "STATUS x (HIGHESTMODSEQ)", "FETCH 1 MODSEQ",
        "FETCH 1 FLAGS (CHANGEDSINCE 1)", "STORE 1 (UNCHANGEDSINCE 1) FLAGS ()",
        "SEARCH NOT MODSEQ 5", "SORT (DATE) UTF-8 MODSEQ 5"}) {
    const ServerRules rules = plain_rules();
    auto server = logged_in(rules);
    server->feed("a SELECT INBOX\r\nb FETCH 1 FLAGS\r\n");
    EXPECT_FALSE(server->session.enabled().condstore);
    server->feed("c " + command + "\r\n");
    EXPECT_TRUE(server->session.enabled().condstore) << command;
  }
}

TEST(ImapServerSession, TheStateFollowsTheMailbox) {
  const ServerRules rules = plain_rules();
  auto server = logged_in(rules);
  EXPECT_EQ(server->session.state(), ServerState::authenticated);
  server->feed("a SELECT INBOX\r\n");
  EXPECT_EQ(server->session.state(), ServerState::selected);
  server->session.on_unselected();
  EXPECT_EQ(server->session.state(), ServerState::authenticated);
  EXPECT_EQ(server->session.name_form(), NameForm::modified_utf7);
  server->feed("b ENABLE UTF8=ACCEPT\r\n");
  EXPECT_EQ(server->session.name_form(), NameForm::utf8);
}

TEST(ImapServerSession, Timeouts) {  // RFC 9051 5.4
  const ServerRules rules = plain_rules();
  ServerHarness before(rules, {.tls = true, .bindings = {}});
  before.take_output();
  EXPECT_EQ(before.session.timeout(), rules.login_timeout);
  auto server = logged_in(rules);
  EXPECT_EQ(server->session.timeout(), rules.autologout);
  server->feed("a NO");
  EXPECT_EQ(server->session.timeout(), rules.command_timeout);
  server->session.on_timeout(server->out);
  EXPECT_EQ(server->take_output(), "* BYE Nothing came for too long\r\n");
  server->feed("OP\r\n");
  EXPECT_TRUE(server->closed);
}

TEST(ImapServerSession, ATimeoutInAMessageForgetsIt) {
  const ServerRules rules = plain_rules();
  auto server = logged_in(rules);
  server->feed("a APPEND x {100}\r\nabc");
  server->session.on_timeout(server->out);
  server->feed("");
  EXPECT_EQ(server->dropped, 1U);
  EXPECT_TRUE(server->closed);
}

TEST(ImapServerSession, ShutdownWaitsForACommand) {
  const ServerRules rules = plain_rules();
  auto idle = logged_in(rules);
  idle->feed("a IDLE\r\n");
  idle->take_output();
  EXPECT_TRUE(idle->session.on_shutdown(idle->out));
  EXPECT_EQ(idle->take_output(), "* BYE [UNAVAILABLE] Shutting down: connect again\r\n");

  auto busy = logged_in(rules);
  busy->feed("a APPEND x {3}\r\na");
  busy->take_output();
  EXPECT_FALSE(busy->session.on_shutdown(busy->out));
  busy->feed("bc\r\n");
  EXPECT_EQ(busy->take_output(),
            "a OK APPEND completed\r\n* BYE [UNAVAILABLE] Shutting down: connect again\r\n");
  EXPECT_TRUE(busy->closed);
  EXPECT_EQ(busy->messages.size(), 1U);
}

TEST(ImapServerSession, OutputIsBoundedWhileAFloodIsRead) {
  const ServerRules rules = plain_rules();
  auto server = logged_in(rules);
  std::string flood;
  for (int i = 0; i < 20'000; ++i) {
    flood += "a CAPABILITY\r\n";
  }
  std::string_view input = flood;
  std::string out;
  std::size_t largest = 0;
  while (!input.empty()) {
    EXPECT_EQ(server->session.next(input, out), ServerStep::read);
    largest = std::max(largest, out.size());
    out.clear();
  }
  EXPECT_LT(largest, output_octets_max + 4096);
}

TEST(ImapServerSession, StaysSmall) {
  // Ten thousand idle connections: 8 KiB each, of which this is the least part.
  EXPECT_LT(sizeof(ServerSession), 2048U);
}

TEST(ImapServerSession, NothingIsCompressedTwice) {  // RFC 4978 3
  const ServerRules rules = plain_rules();
  auto server = logged_in(rules);
  server->feed("a COMPRESS DEFLATE\r\n");
  EXPECT_TRUE(server->compressed);
  EXPECT_TRUE(server->session.is_compressed());
}

}  // namespace
}  // namespace postrider::imap
