// A milter hears of a message what Postfix's milters hear, and what it says and wants changed is
// done; one that stalls, hangs up or babbles never lets a message by.
#include "fake_peer.hpp"
#include "intake_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include <postrider/codec/filter/milter.hpp>
#include <postrider/flow/filter.hpp>

namespace postrider::flow {
namespace {

using namespace std::string_literals;

std::string packet(std::string_view body) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(body.size() >> shift & 0xff);
  }
  return out + std::string(body);
}

// Answers each command as `replies` says, "c" where it says nothing.
class FakeMilter {
 public:
  explicit FakeMilter(engine::Reactor& reactor)
      : peer(reactor, [this](engine::Stream& stream) { return converse(stream); }) {}
  std::string terms = "O\0\0\0\6\0\0\1\xff\0\0\0\0"s;
  std::map<char, std::vector<std::string>> replies;  // packets
  std::vector<std::string> heard;                    // commands; macros stand before them
  std::string body;
  bool hangs_up_after_message = false;
  FakePeer peer;

  // The first that begins so.
  [[nodiscard]] std::string find(std::string_view begin) const {
    for (const std::string& command : heard) {
      if (command.starts_with(begin)) {
        return command;
      }
    }
    return {};
  }

 private:
  engine::Task<void> converse(engine::Stream& stream) {
    std::string octets;
    while (true) {
      const auto found = filter::parse_milter_packet(octets);
      EXPECT_TRUE(found.has_value());
      if (!found) {
        co_return;
      }
      if (!*found) {
        const auto received = co_await stream.receive(peer.soon());
        if (!received) {
          co_return;
        }
        octets += *received;
        continue;
      }
      const char kind = (*found)->kind;
      const std::string data((*found)->data);
      octets.erase(0, (*found)->octets);
      heard.push_back(kind + data);
      if (kind == 'B') {
        body += data;
      }
      std::string out;
      if (kind == 'O') {
        out = packet(terms);
      } else if (const auto wanted = replies.find(kind); wanted != replies.end()) {
        for (const std::string& reply : wanted->second) {
          if (reply != "silence") {
            out += reply == "raw" ? "\xff\xff\xff\xff"s : packet(reply);
          }
        }
        if (wanted->second.empty()) {
          (void)co_await stream.receive(peer.soon());  // stalls
          co_return;
        }
      } else if (kind != 'D' && kind != 'A' && kind != 'Q') {
        out = packet("c");
      }
      if (!out.empty()) {
        (void)co_await stream.send(out, peer.soon());
      }
      if (kind == 'E' && hangs_up_after_message) {
        co_return;
      }
    }
  }
};

class MilterClientTest : public IntakeFixture {
 protected:
  MilterClientTest() {
    settings.filters.push_back(
        {.name = "milter", .kind = FilterKind::milter, .address = milter.peer.address});
    conversation.door = Door::inbound;
    conversation.account.clear();
    conversation.client.name = "client.example";
  }
  ~MilterClientTest() override {
    milter.peer.stop();
    simulation->run_until_idle();
  }
  engine::Task<void> talk_four_times();
  engine::Task<void> talk_to_one_that_refuses();
  FakeMilter milter{simulation->reactor(0)};
};

const std::string message =
    "From: User <user@example.org>\r\nSubject: hi\r\n there\r\nX-A: 1\r\n\r\nbody\r\n.dot\r\n";

engine::Task<void> MilterClientTest::talk_four_times() {
  const auto session = intake->open_filters(Door::inbound);
  EXPECT_NE(session, nullptr);
  for (int i = 0; i < 4; ++i) {
    milter.hangs_up_after_message = i == 2;
    const auto refusal = co_await session->check_sender(
        conversation, std::vector<std::string>{"<user@example.org>", "SIZE=7"});
    EXPECT_FALSE(refusal.has_value()) << i;
    const auto second =
        co_await session->check_recipient(std::vector<std::string>{"<a@b.example>"});
    EXPECT_FALSE(second.has_value());
    if (i == 1) {
      continue;  // RSET
    }
    Conversation heard = conversation;
    heard.filters = session.get();
    const auto incoming = intake->open(heard, transaction);
    const auto appended = co_await incoming->append(message);
    EXPECT_TRUE(appended.has_value());
    const auto committed = co_await incoming->commit();
    EXPECT_TRUE(committed.has_value());
  }
}

engine::Task<void> MilterClientTest::talk_to_one_that_refuses() {
  const auto session = intake->open_filters(Door::inbound);
  const std::vector<std::string> mail{"<a@b.example>"};
  milter.replies = {{'R', {"y550 5.1.1 Not here\0"s}}};
  const auto taken = co_await session->check_sender(conversation, mail);
  EXPECT_FALSE(taken.has_value());
  const auto refused = co_await session->check_recipient(mail);
  EXPECT_TRUE(refused.has_value());
  EXPECT_EQ(refused ? refused->text : "", "Not here");
  milter.replies.clear();
  const auto other = co_await session->check_recipient(mail);
  EXPECT_FALSE(other.has_value());
  milter.replies = {{'M', {"r"}}};
  const auto sender = co_await session->check_sender(conversation, mail);
  EXPECT_TRUE(sender.has_value());
  EXPECT_EQ(sender ? sender->code : 0, 550);
}

TEST_F(MilterClientTest, HearsWhatPostfixTells) {
  transaction.smtputf8 = false;
  const auto id = send(message);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string i = id->text();
  const std::vector<std::string> wanted = {
      "O\0\0\0\6\0\0\1\xff\0\x1f\xf7\xff"s,
      "DCj\0mail.example.org\0{daemon_name}\0mail.example.org\0v\0Postrider\0_\0client.example "
      "[192.0.2.7]\0{client_addr}\000192.0.2.7\0{client_name}\0client.example\0{client_port}\0"
      "4711\0{client_ptr}\0client.example\0"s,
      "Cclient.example\0"
      "4\x12\x67"
      "192.0.2.7\0"s,
      "DH{tls_version}\0TLSv1.3\0{cipher}\0TLS_AES_128_GCM_SHA256\0"s,
      "Hclient.example\0"s,
      "DM{mail_addr}\0user@example.org\0{mail_host}\0example.org\0"s,
      "M<user@example.org>\0"s,
      "DR{rcpt_addr}\0friend@Example.NET\0{rcpt_host}\0Example.NET\0"s,
      "R<friend@Example.NET>\0"s,
      "DTi\0"s + i + "\0"s,
      "T",
      "LFrom\0User <user@example.org>\0"s,
      "LSubject\0hi\n there\0"s,
      "LX-A\0001\0"s,
      "DNi\0"s + i + "\0"s,
      "N",
      "Bbody\r\n.dot\r\n",
      "DEi\0"s + i + "\0"s,
      "E"};
  EXPECT_EQ(milter.heard, wanted);
  EXPECT_FALSE(read(*id).contains("X-Postrider"));
}

TEST_F(MilterClientTest, WhatItDoesNotWantIsNotTold) {
  using namespace filter::milter_step;
  const std::uint32_t steps =
      no_connect | no_helo | no_mail | no_rcpt | no_data | no_headers | no_header_end | no_body;
  milter.terms = "O\0\0\0\6\0\0\1\xff"s;
  for (int shift = 24; shift >= 0; shift -= 8) {
    milter.terms += static_cast<char>(steps >> shift & 0xff);
  }
  ASSERT_TRUE(send(message).has_value());
  EXPECT_EQ(milter.heard.size(), 3U);  // terms, macros and the end
  EXPECT_EQ(milter.heard.back(), "E");
}

TEST_F(MilterClientTest, WhatItDoesNotAnswerIsNotWaitedFor) {
  milter.terms = "O\0\0\0\6\0\0\1\xff\0\x1d\xf0\x80"s;  // nothing but the end, and with blanks
  for (const char kind : "CHMRTLNB"s) {
    milter.replies[kind] = {"silence"};
  }
  ASSERT_TRUE(send(message).has_value());
  EXPECT_EQ(milter.find("LX-A"), "LX-A\0 1\0"s);
  EXPECT_EQ(milter.heard.back(), "E");
}

TEST_F(MilterClientTest, BodiesGoInPieces) {
  std::string large = message;
  while (large.size() < 3U << 20) {
    large += "A line that fills more pieces than one, and more than is kept in memory.\r\n";
  }
  const auto id = send(large);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_EQ(milter.body, large.substr(large.find("\r\n\r\n") + 4));
  for (const std::string& command : milter.heard) {
    EXPECT_LE(command.size(), 65536U);
  }
  milter.heard.clear();
  milter.body.clear();
  milter.terms = "O\0\0\0\6\0\0\1\xff\0\0\4\0"s;
  milter.replies['B'] = {"s"};
  ASSERT_TRUE(send(large).has_value());
  EXPECT_LE(milter.body.size(), 65535U);  // it has seen enough
  EXPECT_EQ(milter.heard.back(), "E");
}

TEST_F(MilterClientTest, WhatItChangesIsChanged) {
  milter.replies['E'] = {"p",
                         "hX-End\0e\0"s,
                         "i\0\0\0\1X-Top\0t\n u\0"s,
                         "m\0\0\0\1Subject\0new\0"s,
                         "m\0\0\0\1X-A\0\0"s,
                         "e<other@example.org>\0"s,
                         "+<second@EXAMPLE.net>\0"s,
                         "-<friend@example.net>\0"s,
                         "bother ",
                         "bbody",
                         "c"};
  const auto id = send(message);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string kept = read(*id);
  EXPECT_TRUE(
      kept.ends_with("X-Top: t\r\n u\r\nFrom: User <user@example.org>\r\nSubject: new\r\n"
                     "X-End: e\r\n\r\nother body\r\n"))
      << kept;
  const store::Envelope& envelope = *feed.entries.back().envelope;
  EXPECT_EQ(envelope.reverse_path, "other@example.org");
  ASSERT_EQ(envelope.destinations.size(), 1U);
  ASSERT_EQ(envelope.destinations[0].recipients.size(), 1U);
  EXPECT_EQ(envelope.destinations[0].recipients[0].address, "second@example.net");
}

TEST_F(MilterClientTest, ABodyMayBecomeLargeOrSmall) {
  std::string line(100, 'x');
  line += "\r\n";
  std::string piece = "b";
  while (piece.size() < 60'000) {
    piece += line;
  }
  milter.replies['E'].assign(40, piece);
  milter.replies['E'].emplace_back("c");
  auto id = send(message);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string kept = read(*id);
  EXPECT_EQ(kept.size() - kept.find("\r\n\r\n") - 4, 40 * (piece.size() - 1));
  EXPECT_GT(feed.entries.back().envelope->body_chunks, 1U);

  milter.replies['E'] = {"bsmall\r\n", "c"};
  std::string large = message;
  while (large.size() < 3U << 20) {
    large += line;
  }
  id = send(large);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).ends_with("\r\n\r\nsmall\r\n"));
  EXPECT_EQ(feed.entries.back().envelope->body_chunks, 0U);
  // Nothing of what was there remains.
  simulation->run_until_idle();
}

TEST_F(MilterClientTest, WhatItSaysIsObeyed) {
  struct Row {
    char command;
    std::string reply;
    IntakeFailure kind;
    std::uint16_t code;
    std::string enhanced;
    std::string words;
  };
  for (const Row& row : {
           Row{'C', "r", IntakeFailure::rejected, 550, "5.7.1", "Command rejected"},
           Row{'H', "t", IntakeFailure::deferred, 451, "4.7.1", "Service unavailable"},
           Row{'M', "y554 5.7.9 No\0"s, IntakeFailure::rejected, 554, "5.7.9", "No"},
           Row{'R', "y450 4.2.1 Later\0"s, IntakeFailure::deferred, 450, "4.2.1", "Later"},
           Row{'T', "r", IntakeFailure::rejected, 550, "5.7.1", "Command rejected"},
           Row{'L', "4", IntakeFailure::deferred, 421, "4.7.0", "Service unavailable"},
           Row{'N', "r", IntakeFailure::rejected, 550, "5.7.1", "Command rejected"},
           Row{'B', "t", IntakeFailure::deferred, 451, "4.7.1", "Service unavailable"},
           Row{'E', "y550-5.7.1 a\r\n550 5.7.1 b\0"s, IntakeFailure::rejected, 550, "5.7.1", "a b"},
       }) {
    milter.replies = {{row.command, {row.reply}}};
    make();
    const auto id = send(message);
    ASSERT_FALSE(id.has_value()) << row.command;
    EXPECT_EQ(id.error().kind, row.kind) << row.command;
    EXPECT_EQ(id.error().code, row.code) << row.command;
    EXPECT_EQ(id.error().enhanced, row.enhanced) << row.command;
    EXPECT_TRUE(id.error().reply.starts_with(row.words)) << id.error().reply;
  }
  EXPECT_TRUE(feed.entries.empty());
}

TEST_F(MilterClientTest, OrBecomesWhatTheOperatorWants) {
  for (const char command : "CMRTE"s) {
    milter.replies = {{command, {"r"}}};
    settings.filters[0].on_reject = FilterAction::quarantine;
    make();
    const auto id = send(message);
    ASSERT_TRUE(id.has_value()) << command << id.error().text;
    EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::quarantine);
    EXPECT_TRUE(read(*id).contains("X-Postrider-Verdict: quarantine; milter: it says 550"));
  }
  milter.replies = {{'E', {"qlooks odd\0"s, "c"}}};
  ASSERT_TRUE(send(message).has_value());
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::quarantine);
  EXPECT_TRUE(events.events.back().text.contains("looks odd"));
}

TEST_F(MilterClientTest, AcceptEndsItsInterest) {
  for (const char command : "CHMRTLNB"s) {
    milter.heard.clear();
    milter.replies = {{command, {"a"}}};
    make();
    ASSERT_TRUE(send(message).has_value()) << command;
    EXPECT_EQ(milter.heard.back().front(), command);
  }
}

TEST_F(MilterClientTest, WhatItThrowsAwayIsGoneAndTold) {
  for (const char command : "MRE"s) {
    milter.replies = {{command, {"d"}}};
    make();
    const std::size_t before = feed.entries.size();
    const auto id = send(message);
    ASSERT_TRUE(id.has_value()) << command;
    EXPECT_EQ(feed.entries.size(), before);
    EXPECT_EQ(events.events.back().kind, EventKind::deleted);
    EXPECT_EQ(events.events.back().id, *id);
    EXPECT_EQ(events.events.back().text, "milter: it wants it thrown away");
  }
}

TEST_F(MilterClientTest, OneThatFailsNeverLetsAMessageBy) {
  const std::vector<std::string> failures[] = {
      {},                       // it stalls
      {"raw"},                  // no packet
      {"z"},                    // no reply
      {"y250 ok\0"s},           // no refusal
      {"bx", "c"},              // a change before its time
      {"hX: evil\0a\0"s, "c"},  // no field
      {"+nobody\0"s, "c"},      // no address
  };
  for (const char command : "CHMRTLNBE"s) {
    for (const auto& replies : failures) {
      if (command == 'E' && !replies.empty() && replies.front() == "bx") {
        continue;
      }
      milter.replies = {{command, replies}};
      make();
      const auto id = send(message);
      ASSERT_FALSE(id.has_value()) << command << (replies.empty() ? "" : replies.front());
      EXPECT_EQ(id.error().kind, IntakeFailure::deferred);
    }
  }
  milter.replies.clear();
  for (const std::string& terms :
       {"c"s, "O\0\0\0\7\0\0\0\0\0\0\0\0"s, "O\0\0\0\6\0\0\2\0\0\0\0\0"s, "O\0\0"s}) {
    milter.terms = terms;
    make();
    EXPECT_EQ(send(message).error().kind, IntakeFailure::deferred);
  }
  EXPECT_TRUE(feed.entries.empty());
}

TEST_F(MilterClientTest, UnlessTheOperatorSaysSo) {
  settings.filters[0].when_down = WhenDown::accept;
  for (const char command : "CRE"s) {
    milter.replies = {{command, {"z"}}};
    make();
    const auto id = send(message);
    ASSERT_TRUE(id.has_value()) << command;
    EXPECT_TRUE(read(*id).contains("X-Postrider-Verdict: tag; milter: not looked at"));
  }
}

TEST_F(MilterClientTest, ChangesThatWereNotAgreedOnAreNotMade) {
  milter.terms = "O\0\0\0\6\0\0\0\1\0\0\0\0"s;  // it may add fields
  milter.replies['E'] = {"m\0\0\0\1Subject\0new\0"s, "c"};
  EXPECT_EQ(send(message).error().kind, IntakeFailure::deferred);
  milter.replies['E'] = {"hX-End\0e\0"s, "c"};
  EXPECT_TRUE(send(message).has_value());
}

TEST_F(MilterClientTest, OneConnectionServesAllTransactionsOfAClient) {
  make();
  simulation->run(talk_four_times());
  EXPECT_EQ(milter.peer.connections, 2);  // it hung up once
  EXPECT_EQ(feed.entries.size(), 3U);
  EXPECT_EQ(std::ranges::count(milter.heard, "A"), 1);
  EXPECT_EQ(milter.find("M"), "M<user@example.org>\0SIZE=7\0"s);
}

TEST_F(MilterClientTest, SendersAndRecipientsAreRefusedAtOnce) {
  make();
  simulation->run(talk_to_one_that_refuses());
  EXPECT_EQ(intake->open_filters(Door::relay), nullptr);
}

TEST_F(MilterClientTest, ItChoosesItsMacros) {
  milter.terms = "O\0\0\0\6\0\0\1\xff\0\0\0\0"s + "\0\0\0\2{auth_authen} j {nobody}\0"s +
                 "\0\0\0\0\0"s + "\0\0\0\5{i}\0"s;
  conversation.account = "user@example.org";
  const auto id = send(message);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(milter.find("DC"), "");
  EXPECT_EQ(milter.find("DM"), "DM{auth_authen}\0user@example.org\0j\0mail.example.org\0"s);
  EXPECT_EQ(milter.find("DE"), "DEi\0"s + id->text() + "\0"s);
}

TEST_F(MilterClientTest, WhatIsSubmittedIsCompletedBefore) {
  conversation.door = Door::submission;
  conversation.account = "user@example.org";
  const auto id = send("Bcc: secret@example.org\r\n" + message);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_EQ(milter.find("LBcc"), "");
  EXPECT_EQ(milter.find("LMessage-ID"), "LMessage-ID\0<"s + id->text() + "@mail.example.org>\0"s);
  EXPECT_TRUE(milter.find("LDate").size() > 20);
  const std::string kept = read(*id);
  EXPECT_EQ(kept.find("Message-ID"), kept.rfind("Message-ID"));
}

}  // namespace
}  // namespace postrider::flow
