// From the greeting to the end of a connection: who is let in, and what is said before.
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

using ImapLogin = ImapWorld;

TEST_F(ImapLogin, TheGreetingTellsWhatIsOffered) {
  ImapClient client(*this);
  EXPECT_TRUE(client.greeting.starts_with("* OK [CAPABILITY IMAP4rev2 IMAP4rev1 LITERAL+ "))
      << client.greeting;
  EXPECT_TRUE(client.greeting.contains(" AUTH=SCRAM-SHA-256 AUTH=PLAIN "));
  EXPECT_TRUE(client.say("NOOP").starts_with("OK "));
  EXPECT_TRUE(client.say("ID (\"name\" \"test\")").starts_with("* ID (\"name\" \"Postrider\""));
}

// Some phones look for it before login and never again.
TEST_F(ImapLogin, IdleIsOfferedBeforeLogin) {
  ImapClient client(*this);
  EXPECT_TRUE(client.greeting.contains(" IDLE "));
}

TEST_F(ImapLogin, APasswordLetsIn) {
  ImapClient client(*this);
  EXPECT_TRUE(client.say("LOGIN ada@example.org wrong").starts_with("NO [AUTHENTICATIONFAILED]"));
  ASSERT_EQ(events.events.size(), 1U);
  EXPECT_EQ(events.events[0].kind, flow::EventKind::login_failed);
  const std::string heard = client.say("LOGIN ada@example.org pencil");
  EXPECT_TRUE(heard.starts_with("OK [CAPABILITY IMAP4rev2 ")) << heard;
  EXPECT_TRUE(heard.contains(" UIDPLUS "));
  EXPECT_TRUE(client.say("LOGIN ada@example.org pencil").starts_with("BAD Already logged in"));
}

TEST_F(ImapLogin, PlainWithAnInitialResponse) {
  ImapClient client(*this);
  // "\0ada@example.org\0pencil"
  EXPECT_TRUE(client.say("AUTHENTICATE PLAIN AGFkYUBleGFtcGxlLm9yZwBwZW5jaWw=").starts_with("OK "));
}

TEST_F(ImapLogin, LogoutSaysBye) {
  ImapClient client(*this);
  client.log_in();
  client.send("x LOGOUT\r\n");
  EXPECT_EQ(client.hear_all(), "* BYE Logging out\nx OK LOGOUT completed\n");
}

TEST_F(ImapLogin, AUserHasSoManyConnections) {
  settings.connections_per_user = 2;
  ImapClient first(*this);
  ImapClient second(*this);
  ImapClient third(*this);
  first.log_in();
  second.log_in();
  EXPECT_TRUE(third.say("LOGIN ada@example.org pencil").starts_with("NO [LIMIT]"));
  third.log_in("bob@example.org");
  first.hang_up();
  pass(std::chrono::seconds(1));
  ImapClient fourth(*this);
  fourth.log_in();
}

TEST_F(ImapLogin, TooManyOfOnePeerAreTurnedAway) {
  settings.limits.sessions_per_peer = 1;
  ImapClient first(*this);
  ImapClient second(*this);
  EXPECT_EQ(second.greeting, "* BYE [LIMIT] Too many connections from your address\n");
  EXPECT_EQ(service->counters().turned_away, 1U);
}

TEST_F(ImapLogin, SilenceBeforeLoginIsShort) {
  ImapClient client(*this);
  const MonoTime began = reactor().now();
  client.send("x NOOP\r\n");
  EXPECT_TRUE(client.hear_all().ends_with("* BYE Nothing came for too long\n"));
  EXPECT_LT(reactor().now() - began, std::chrono::minutes(3) + std::chrono::seconds(1));
}

TEST_F(ImapLogin, SilenceAfterItIsNot) {
  ImapClient client(*this);
  client.log_in();
  const MonoTime began = reactor().now();
  EXPECT_TRUE(client.hear_all().ends_with("* BYE Nothing came for too long\n"));
  EXPECT_GE(reactor().now() - began, std::chrono::minutes(30));
}

TEST_F(ImapLogin, StopsWhileClientsWait) {
  ImapClient client(*this);
  client.log_in();
  twin().simulation().run(service->stop(reactor().now() + std::chrono::seconds(5)));
  EXPECT_EQ(client.hear_all(), "* BYE [UNAVAILABLE] Shutting down: connect again\n");
  service.reset();
}

TEST_F(ImapLogin, UnauthenticateBeginsAnew) {
  ImapClient client(*this);
  client.open();
  EXPECT_TRUE(client.say("UNAUTHENTICATE").starts_with("OK "));
  EXPECT_TRUE(client.say("SELECT INBOX").starts_with("BAD Log in first"));
  client.log_in("bob@example.org");
}

TEST_F(ImapLogin, AnAccountCanBeDeniedACapability) {
  settings.account_quirks.push_back({"bob@example.org", {Capability::qresync}});
  ImapClient client(*this);
  EXPECT_FALSE(client.say("LOGIN bob@example.org pencil").contains(" QRESYNC"));
  ImapClient other(*this);
  EXPECT_TRUE(other.say("LOGIN ada@example.org pencil").contains(" QRESYNC"));
}

TEST_F(ImapLogin, HostileOctetsAreRefusedBeforeLogin) {
  ImapClient client(*this);
  EXPECT_TRUE(client.say("LOGIN {18446744073709551616}").starts_with("BAD "));
  EXPECT_TRUE(client.say(std::string("LOGIN ada\0 x", 12)).starts_with("BAD "));
  EXPECT_TRUE(client.say("LOGIN {20000}").starts_with("BAD "));
}

}  // namespace
}  // namespace postrider::imap
