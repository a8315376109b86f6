#include "pop3_driver.hpp"

#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>

namespace postrider::pop3 {
namespace {

constexpr std::string_view first_body = "Subject: one\r\n\r\nHello\r\n.dot\r\n";
constexpr std::string_view second_body = "Subject: two\r\n\r\na\r\nb\r\nc\r\n";

Driver logged_in(SessionRules rules = Driver::lax_rules()) {
  Driver driver(std::move(rules));
  driver.messages = {{5, std::string(first_body)}, {9, std::string(second_body)}};
  (void)driver.say("");
  EXPECT_EQ(driver.log_in(), "+OK Now the password\r\n+OK 2 messages\r\n");
  return driver;
}

std::string total(std::string_view text) {
  return std::to_string(text.size());
}

TEST(Pop3Session, GreetsAndRefusesWhatIsNotForNow) {
  Driver driver;
  EXPECT_EQ(driver.say(""), "+OK mail.example.org POP3 Postrider\r\n");
  EXPECT_EQ(driver.say("STAT\r\n"), "-ERR Log in first\r\n");
  EXPECT_EQ(driver.say("PASS x\r\n"), "-ERR USER comes first\r\n");
  EXPECT_EQ(driver.say("EHLO x\r\n"), "-ERR Unknown command: CAPA lists what there is\r\n");
  EXPECT_EQ(driver.say("USER\r\n"), "-ERR An argument is missing\r\n");
  EXPECT_EQ(driver.say("QUIT now\r\n"), "-ERR This command takes no argument\r\n");
  EXPECT_EQ(driver.say("quit\r\n"), "+OK Bye\r\n");
  EXPECT_TRUE(driver.is_closed());
}

// RFC 2449 5 and 6, RFC 2595 4: nothing is announced that would be refused.
TEST(Pop3Session, AnnouncesWhatItTakesNow) {
  SessionRules rules;
  rules.offer_stls = true;
  Driver driver(rules);
  (void)driver.say("");
  const std::string plain = driver.say("CAPA\r\n");
  EXPECT_NE(plain.find("\r\nSTLS\r\n"), plain.npos);
  EXPECT_EQ(plain.find("SASL"), plain.npos);
  EXPECT_EQ(plain.find("USER\r\nSASL"), plain.npos);
  EXPECT_EQ(driver.say("USER a\r\n"), "-ERR [AUTH] Only over TLS: begin with STLS\r\n");
  EXPECT_EQ(driver.say("AUTH PLAIN\r\n"), "-ERR [AUTH] Only over TLS: begin with STLS\r\n");
  EXPECT_EQ(driver.say("STLS\r\n"), "+OK Begin TLS now\r\n");
  EXPECT_EQ(driver.handshakes, 1);
  const std::string secure = driver.say("CAPA\r\n");
  EXPECT_EQ(secure,
            "+OK What there is\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n"
            "EXPIRE NEVER\r\nUTF8 USER\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n"
            "IMPLEMENTATION Postrider\r\n.\r\n");
  EXPECT_EQ(driver.say("STLS\r\n"), "-ERR TLS is on already\r\n");
}

// RFC 7628 3.2.3, RFC 5034 4: why a token is refused is a challenge, and its answer brings the
// -ERR. Nobody who can't tell makes a client throw its token away.
TEST(Pop3Session, TakesTokensOverTlsOnly) {
  SessionRules rules = Driver::lax_rules();
  rules.auth_failures_max = 9;
  rules.tokens = sasl::TokenHints{"mail", ""};
  const auto message = [](std::string_view token) {
    return encode_base64(
               "n,,\x01"
               "auth=Bearer " +
               std::string(token) + "\x01\x01") +
           "\r\n";
  };
  Driver plain(rules);
  (void)plain.say("");
  EXPECT_FALSE(plain.say("CAPA\r\n").contains("OAUTHBEARER"));
  EXPECT_EQ(plain.say("AUTH OAUTHBEARER " + message("good")),
            "-ERR No such mechanism: CAPA lists them\r\n");

  Driver driver(rules, {.tls = true, .bindings = {}});
  (void)driver.say("");
  EXPECT_TRUE(driver.say("CAPA\r\n")
                  .contains("\r\nSASL SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2\r\n"));
  const std::string why =
      "+ " + encode_base64(R"({"status":"invalid_token","scope":"mail"})") + "\r\n";
  EXPECT_EQ(driver.say("AUTH OAUTHBEARER " + message("bad")), why);
  EXPECT_EQ(driver.say("AQ==\r\n"), "-ERR [AUTH] Wrong name or password\r\n");
  driver.verdict = sasl::LoginVerdict::temporary;
  EXPECT_EQ(driver.say("AUTH OAUTHBEARER\r\n"), "+ \r\n");
  EXPECT_EQ(driver.say(message("good")),
            "-ERR [SYS/TEMP] Logins can't be checked now: try again later\r\n");
  driver.verdict = sasl::LoginVerdict::accepted;
  EXPECT_EQ(driver.say("AUTH OAUTHBEARER " + message(std::string(3000, 'x'))), why);
  EXPECT_EQ(driver.say("*\r\n"), "-ERR The login was given up\r\n");
  EXPECT_EQ(driver.say("AUTH OAUTHBEARER " + message("good")), "+OK 0 messages\r\n");
}

TEST(Pop3Session, CommandsBehindStlsEndTheConnection) {
  SessionRules rules;
  rules.offer_stls = true;
  Driver driver(rules);
  (void)driver.say("");
  EXPECT_EQ(driver.say("STLS\r\nUSER a\r\n"),
            "-ERR Commands came behind STLS, before the handshake\r\n");
  EXPECT_TRUE(driver.is_closed());
  EXPECT_EQ(driver.handshakes, 0);
}

TEST(Pop3Session, ForgetsTheUserThatWasNamedBeforeTls) {
  SessionRules rules = Driver::lax_rules();
  rules.offer_stls = true;
  Driver driver(rules);
  (void)driver.say("USER user@example.org\r\nSTLS\r\n");
  EXPECT_EQ(driver.say("PASS secret\r\n"), "-ERR USER comes first\r\n");
}

TEST(Pop3Session, TellsWhyALoginFails) {
  const std::vector<std::pair<sasl::LoginVerdict, std::string>> rows = {
      {sasl::LoginVerdict::rejected, "-ERR [AUTH] Wrong name or password\r\n"},
      {sasl::LoginVerdict::disabled,
       "-ERR [AUTH] This account may not log in here: ask its postmaster\r\n"},
      {sasl::LoginVerdict::throttled, "-ERR [SYS/TEMP] Too many failures: try again later\r\n"},
      {sasl::LoginVerdict::temporary,
       "-ERR [SYS/TEMP] Logins can't be checked now: try again later\r\n"},
  };
  for (const auto& [verdict, reply] : rows) {
    Driver driver;
    driver.verdict = verdict;
    (void)driver.say("USER user@example.org\r\n");
    EXPECT_EQ(driver.say("PASS secret\r\n"), reply);
    EXPECT_EQ(driver.say("STAT\r\n"), "-ERR Log in first\r\n");
  }
}

TEST(Pop3Session, EndsAfterTheThirdWrongPassword) {
  Driver driver;
  (void)driver.say("");
  const std::string wrong = "-ERR [AUTH] Wrong name or password\r\n";
  const std::string again = "USER user@example.org\r\nPASS wrong\r\n";
  EXPECT_EQ(driver.say(again + again + again + "USER user@example.org\r\nPASS secret\r\n"),
            "+OK Now the password\r\n" + wrong + "+OK Now the password\r\n" + wrong +
                "+OK Now the password\r\n" + wrong);
  EXPECT_TRUE(driver.is_closed());
}

TEST(Pop3Session, LogsInByPlainAndLogin) {
  const std::string plain = encode_base64(std::string("\0user@example.org\0secret", 24));
  Driver first;
  (void)first.say("");
  EXPECT_EQ(first.say("AUTH PLAIN " + plain + "\r\n"), "+OK 0 messages\r\n");
  Driver second;
  (void)second.say("");
  EXPECT_EQ(second.say("AUTH PLAIN\r\n" + plain + "\r\n"), "+ \r\n+OK 0 messages\r\n");
  Driver third;
  (void)third.say("");
  EXPECT_EQ(third.say("AUTH LOGIN\r\n" + encode_base64("user@example.org") + "\r\n" +
                      encode_base64("secret") + "\r\n"),
            "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK 0 messages\r\n");
}

TEST(Pop3Session, LogsInByScram) {
  Driver driver;
  (void)driver.say("");
  SeededRandom random(7);
  sasl::ClientExchange client(sasl::Mechanism::scram_sha_256, {"user@example.org", "secret"}, {},
                              random);
  const auto first = client.start();
  ASSERT_TRUE(first && *first);
  const std::string challenge = driver.say("AUTH SCRAM-SHA-256 " + encode_base64(**first) + "\r\n");
  ASSERT_TRUE(challenge.starts_with("+ ")) << challenge;
  const auto answer = client.respond(*decode_base64(challenge.substr(2, challenge.size() - 4)));
  ASSERT_TRUE(answer);
  const std::string final = driver.say(encode_base64(*answer) + "\r\n");
  ASSERT_TRUE(final.starts_with("+ ")) << final;
  EXPECT_EQ(driver.say("\r\n"), "+OK 0 messages\r\n");
}

TEST(Pop3Session, RefusesWhatIsNoExchange) {
  Driver driver;
  (void)driver.say("");
  EXPECT_EQ(driver.say("AUTH GSSAPI\r\n"), "-ERR No such mechanism: CAPA lists them\r\n");
  EXPECT_EQ(driver.say("AUTH PLAIN\r\n*\r\n"), "+ \r\n-ERR The login was given up\r\n");
  EXPECT_EQ(driver.say("AUTH PLAIN !\r\n"), "-ERR That is no base64\r\n");
  EXPECT_EQ(driver.say("AUTH PLAIN eA==\r\n"), "-ERR Not what the mechanism wants\r\n");
  EXPECT_TRUE(driver.is_closed());
}

TEST(Pop3Session, ListsWhatIsThere) {
  Driver driver = logged_in();
  EXPECT_EQ(driver.say("STAT\r\n"),
            "+OK 2 " + std::to_string(first_body.size() + second_body.size()) + "\r\n");
  EXPECT_EQ(driver.say("LIST\r\n"), "+OK 2 messages\r\n1 " + total(first_body) + "\r\n2 " +
                                        total(second_body) + "\r\n.\r\n");
  EXPECT_EQ(driver.say("LIST 2\r\n"), "+OK 2 " + total(second_body) + "\r\n");
  EXPECT_EQ(driver.say("UIDL\r\n"),
            "+OK The unique-ids\r\n1 0000000700000005\r\n2 0000000700000009\r\n.\r\n");
  EXPECT_EQ(driver.say("UIDL 2\r\n"), "+OK 2 0000000700000009\r\n");
  for (const std::string argument : {"0", "3", "-1", "x", "1 2", "99999999999", "1x", " 1"}) {
    EXPECT_EQ(driver.say("LIST " + argument + "\r\n"), "-ERR No such message: there are 2\r\n")
        << argument;
  }
}

TEST(Pop3Session, ListsAnEmptyMailbox) {
  Driver driver;
  (void)driver.say("");
  (void)driver.log_in();
  EXPECT_EQ(driver.say("STAT\r\nLIST\r\nUIDL\r\nLIST 1\r\n"),
            "+OK 0 0\r\n+OK 0 messages\r\n.\r\n+OK The unique-ids\r\n.\r\n"
            "-ERR No such message: there are 0\r\n");
}

TEST(Pop3Session, SendsMessagesAndTheirTops) {
  Driver driver = logged_in();
  EXPECT_EQ(driver.say("RETR 1\r\n"),
            "+OK " + total(first_body) + " octets\r\nSubject: one\r\n\r\nHello\r\n..dot\r\n.\r\n");
  EXPECT_EQ(driver.say("TOP 2 1\r\n"),
            "+OK The top of it follows\r\nSubject: two\r\n\r\na\r\n.\r\n");
  EXPECT_EQ(driver.say("TOP 2 0\r\n"), "+OK The top of it follows\r\nSubject: two\r\n\r\n.\r\n");
  EXPECT_EQ(driver.say("TOP 2 99\r\n"),
            "+OK The top of it follows\r\n" + std::string(second_body) + ".\r\n");
  for (const std::string argument : {"2", "2 -1", "2 x", "2 1 1"}) {
    EXPECT_EQ(driver.say("TOP " + argument + "\r\n"),
              "-ERR TOP takes a message's number and how many lines\r\n");
  }
}

TEST(Pop3Session, DeletesAtQuitOnly) {
  Driver driver = logged_in();
  EXPECT_EQ(driver.say("DELE 1\r\n"), "+OK Deleted at QUIT\r\n");
  EXPECT_EQ(driver.say("DELE 1\r\n"), "-ERR That message is deleted: RSET brings it back\r\n");
  EXPECT_EQ(driver.say("RETR 1\r\n"), "-ERR That message is deleted: RSET brings it back\r\n");
  EXPECT_EQ(driver.say("STAT\r\n"), "+OK 1 " + total(second_body) + "\r\n");
  EXPECT_EQ(driver.say("UIDL\r\n"), "+OK The unique-ids\r\n2 0000000700000009\r\n.\r\n");
  EXPECT_EQ(driver.say("LIST\r\n"), "+OK 1 messages\r\n2 " + total(second_body) + "\r\n.\r\n");
  EXPECT_EQ(driver.say("RSET\r\n"), "+OK 2 messages\r\n");
  EXPECT_EQ(driver.say("DELE 2\r\n"), "+OK Deleted at QUIT\r\n");
  EXPECT_TRUE(driver.removed.empty());
  EXPECT_EQ(driver.say("QUIT\r\n"), "+OK Bye\r\n");
  EXPECT_EQ(driver.removed, std::vector<std::uint32_t>{9});
}

// RFC 1939 3 and 6: only QUIT enters the update state.
TEST(Pop3Session, SilenceAndShutdownDeleteNothing) {
  for (const bool is_shutdown : {false, true}) {
    Driver driver = logged_in();
    (void)driver.say("DELE 1\r\n");
    std::string out;
    is_shutdown ? driver.session().on_shutdown(out) : driver.session().on_timeout(out);
    EXPECT_TRUE(out.starts_with("-ERR [SYS/TEMP]")) << out;
    (void)driver.say("QUIT\r\n");
    EXPECT_TRUE(driver.is_closed());
    EXPECT_TRUE(driver.removed.empty());
  }
}

TEST(Pop3Session, AGuardKeepsWhatClientsDelete) {
  SessionRules rules = Driver::lax_rules();
  rules.keeps_deleted = true;
  Driver driver = logged_in(rules);
  EXPECT_EQ(driver.say("DELE 1\r\nQUIT\r\n"),
            "+OK Out of this session: the message is kept\r\n+OK Bye\r\n");
  EXPECT_TRUE(driver.removed.empty());
}

TEST(Pop3Session, TellsThatSomeDeletedMessagesStay) {
  Driver driver = logged_in();
  driver.removes_all = false;
  EXPECT_EQ(driver.say("DELE 1\r\nQUIT\r\n"),
            "+OK Deleted at QUIT\r\n-ERR [SYS/TEMP] Some deleted messages were not removed\r\n");
}

TEST(Pop3Session, TroubleWithTheStoreIsTold) {
  Driver driver = logged_in();
  const std::vector<std::pair<Trouble, std::string>> rows = {
      {Trouble::gone, "-ERR That message is gone: something else has removed it\r\n"},
      {Trouble::temporary, "-ERR [SYS/TEMP] It can't be read now: try again later\r\n"},
      {Trouble::permanent, "-ERR [SYS/PERM] It can't be read: tell the postmaster\r\n"},
  };
  for (const auto& [trouble, reply] : rows) {
    driver.trouble = trouble;
    EXPECT_EQ(driver.say("RETR 1\r\n"), reply);
    driver.trouble = trouble;
    EXPECT_EQ(driver.say("DELE 1\r\n"), reply);
  }
  EXPECT_EQ(driver.say("DELE 1\r\n"), "+OK Deleted at QUIT\r\n");

  Driver closed;
  closed.trouble = Trouble::temporary;
  (void)closed.say("USER user@example.org\r\n");
  EXPECT_EQ(closed.say("PASS secret\r\n"),
            "-ERR [SYS/TEMP] The mailbox can't be opened now: try again later\r\n");
  EXPECT_TRUE(closed.is_closed());
}

TEST(Pop3Session, AnyCutGivesTheSameReplies) {
  const std::string script =
      "CAPA\r\nUSER user@example.org\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL 1\r\nRETR 1\r\n"
      "TOP 2 1\r\nDELE 2\r\nNOOP\r\nQUIT\r\n";
  const auto play = [&script](std::size_t piece) {
    Driver driver;
    driver.messages = {{5, std::string(first_body)}, {9, std::string(second_body)}};
    std::string out;
    for (std::size_t at = 0; at < script.size(); at += piece) {
      out += driver.say(script.substr(at, piece));
    }
    return out;
  };
  const std::string whole = play(script.size());
  EXPECT_NE(whole.find("+OK Bye\r\n"), whole.npos);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(play(piece), whole) << piece;
  }
}

TEST(Pop3Session, HostileInputIsRefusedAndBounded) {
  Driver driver = logged_in();
  EXPECT_EQ(driver.say("NOOP " + std::string(250, 'x') + "\r\n"), "-ERR The line is too long\r\n");
  EXPECT_EQ(driver.say("STAT\nQUIT\r\n"), "-ERR NUL, a lone CR or a lone LF in a command\r\n");
  EXPECT_EQ(driver.say(std::string("ST\0T\r\n", 6)),
            "-ERR NUL, a lone CR or a lone LF in a command\r\n");
  EXPECT_EQ(driver.say(std::string(1'000'000, 'a')), "");
  EXPECT_EQ(driver.say("\r\nNOOP\r\n"), "-ERR The line is too long\r\n+OK Here\r\n");
  std::string errors;
  for (int i = 0; i < 100; ++i) {
    errors += driver.say("X\r\n");
  }
  EXPECT_TRUE(driver.is_closed());
  EXPECT_TRUE(errors.ends_with("-ERR Too many errors\r\n"));

  Driver confused;
  (void)confused.say("");
  EXPECT_EQ(confused.say("\x16\x03\x01"),
            "-ERR This port does not begin with TLS: use STLS, or the other port\r\n");
}

TEST(Pop3MessageWriter, AnyCutGivesTheSameAnswer) {
  const std::vector<std::string> messages = {
      std::string(first_body),
      "",
      "\r\n",
      "A: b",
      "A: b\r\n\r\n",
      "\r\n.\r\n..\r\n.x",
      "A: b\r\nC: d\r\n\r\n.\r\n\r\n.\r\nlast line without an end"};
  for (const std::string& message : messages) {
    for (const std::optional<std::uint32_t> lines :
         {std::optional<std::uint32_t>(), std::optional<std::uint32_t>(0),
          std::optional<std::uint32_t>(1), std::optional<std::uint32_t>(3)}) {
      std::string expected;
      for (std::size_t piece = message.size() + 1; piece > 0; --piece) {
        MessageWriter writer(lines);
        std::string out;
        for (std::size_t at = 0; at < message.size(); at += piece) {
          writer.append(std::string_view(message).substr(at, piece), out);
        }
        writer.end(out);
        EXPECT_TRUE(out.ends_with(".\r\n"));
        EXPECT_EQ(piece == message.size() + 1 ? expected = out : out, expected) << message;
      }
    }
  }
}

TEST(Pop3MessageWriter, IsFullOnceItHasItsLines) {
  MessageWriter writer(1);
  std::string out;
  writer.append("A: b\r\n\r\none\r\n", out);
  EXPECT_FALSE(writer.is_full());  // the next octet tells
  writer.append("two\r\n", out);
  EXPECT_TRUE(writer.is_full());
  writer.append("three\r\n", out);
  writer.end(out);
  EXPECT_EQ(out, "A: b\r\n\r\none\r\n.\r\n");
}

}  // namespace
}  // namespace postrider::pop3
