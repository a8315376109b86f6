// STORE, EXPUNGE, COPY, MOVE, APPEND: what is answered, and what the store then has.
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

class ImapChange : public ImapWorld {
 public:
  ImapChange() : client(*this) {}
  void fill(int count) {
    for (int i = 1; i <= count; ++i) {
      deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
    }
  }
  store::ModSeq modseq() { return world.view().mailbox.highest_modseq; }
  ImapClient client;
};

TEST_F(ImapChange, StoreTellsTheFlags) {
  fill(2);
  client.open();
  EXPECT_EQ(client.say("STORE 1 +FLAGS (\\Flagged $Work)"),
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\n"
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] "
            "Flags that stay\n"
            "* 1 FETCH (FLAGS (\\Flagged $Work))\nOK STORE completed\n");
  EXPECT_EQ(client.say("UID STORE 1 -FLAGS ($work)"),
            "* 1 FETCH (UID 1 FLAGS (\\Flagged))\nOK STORE completed\n");
  EXPECT_EQ(client.say("STORE 1:2 FLAGS.SILENT (\\Seen)"), "OK STORE completed\n");
  EXPECT_EQ(client.say("NOOP"), "OK NOOP completed\n");
  EXPECT_EQ(client.say("FETCH 1:2 FLAGS"),
            "* 1 FETCH (FLAGS (\\Seen))\n* 2 FETCH (FLAGS (\\Seen))\nOK FETCH completed\n");
  EXPECT_TRUE(client.say("STORE 3 +FLAGS (\\Seen)").starts_with("BAD "));
  EXPECT_EQ(client.say("UID STORE 77 +FLAGS (\\Seen)"), "OK STORE completed\n");
}

TEST_F(ImapChange, StoreUnchangedSince) {
  fill(2);
  client.open();
  client.say("ENABLE CONDSTORE");
  const store::ModSeq before = modseq();
  client.say("STORE 2 +FLAGS (\\Seen)");
  EXPECT_EQ(
      client.say(fmt::format("STORE 1:2 (UNCHANGEDSINCE {}) +FLAGS.SILENT (\\Flagged)", before)),
      fmt::format("* 1 FETCH (MODSEQ ({}))\n* 2 FETCH (FLAGS (\\Seen) MODSEQ ({}))\n"
                  "OK [MODIFIED 2] Some had changed since\n",
                  before + 2, before + 1));
}

TEST_F(ImapChange, ExamineChangesNothing) {
  fill(1);
  client.log_in();
  client.say("EXAMINE INBOX");
  EXPECT_TRUE(client.say("STORE 1 +FLAGS (\\Deleted)").starts_with("NO "));
  EXPECT_TRUE(client.say("EXPUNGE").starts_with("NO "));
  EXPECT_TRUE(client.say("MOVE 1 INBOX").starts_with("NO "));
}

TEST_F(ImapChange, ExpungeCountsDown) {
  fill(4);
  client.open();
  client.say("STORE 1,3:4 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(client.say("UID EXPUNGE 2:3"), "* 3 EXPUNGE\nOK EXPUNGE completed\n");
  EXPECT_EQ(client.say("EXPUNGE"), "* 3 EXPUNGE\n* 1 EXPUNGE\nOK EXPUNGE completed\n");
  EXPECT_EQ(world.uids(), std::vector<store::Uid>{2});
  EXPECT_EQ(client.say("EXPUNGE"), "OK EXPUNGE completed\n");
}

TEST_F(ImapChange, ExpungeVanishesAfterQresync) {
  fill(3);
  client.open();
  client.say("ENABLE QRESYNC");
  client.say("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(client.say("EXPUNGE"),
            fmt::format("* VANISHED 1:2\nOK [HIGHESTMODSEQ {}] EXPUNGE completed\n", modseq()));
}

TEST_F(ImapChange, CopyTellsTheUids) {
  fill(3);
  client.open();
  client.say("CREATE there");
  const auto validity = world.twin.run(world.boxes().list(world.account))->back().uid_validity;
  EXPECT_EQ(client.say("COPY 1,3 there"),
            fmt::format("OK [COPYUID {} 1,3 1:2] COPY completed\n", validity));
  EXPECT_EQ(client.say("UID MOVE 2 there"),
            fmt::format("* OK [COPYUID {} 2 3] Moved\n* 2 EXPUNGE\nOK MOVE completed\n", validity));
  EXPECT_TRUE(client.say("COPY 1 nowhere").starts_with("NO [TRYCREATE]"));
  EXPECT_EQ(client.say("STATUS there (MESSAGES)"),
            "* STATUS there (MESSAGES 3)\nOK STATUS completed\n");
}

// UID MOVE of what is gone answers OK.
TEST_F(ImapChange, UidMoveOfWhatIsGone) {
  fill(1);
  client.open();
  EXPECT_EQ(client.say("UID MOVE 77 INBOX"), "OK MOVE completed\n");
  EXPECT_EQ(client.say("UID COPY 77 INBOX"), "OK COPY completed\n");
}

TEST_F(ImapChange, CopyIntoTheSameMailbox) {
  fill(1);
  const std::string heard = client.open();
  EXPECT_TRUE(client.say("COPY 1 INBOX")
                  .ends_with("* 2 EXISTS\nOK [COPYUID " +
                             std::to_string(world.view().mailbox.uid_validity) +
                             " 1 2] COPY completed\n"));
}

TEST_F(ImapChange, AppendedMessagesComeBackAsTheyAre) {
  client.open();
  client.send(
      "a APPEND INBOX (\\Seen $Mine) \"17-Jul-1996 02:44:25 -0700\" {28+}\r\n"
      "Subject: x\r\n\r\n12345\r\n67890\r\n\r\n");
  EXPECT_EQ(client.hear("completed\r\n"),
            "* 1 EXISTS\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Mine)\n"
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Mine \\*)] "
            "Flags that stay\na OK [APPENDUID " +
                std::to_string(world.view().mailbox.uid_validity) + " 1] APPEND completed\n");
  EXPECT_EQ(client.say("FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])"),
            "* 1 FETCH (FLAGS (\\Seen $Mine) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" "
            "BODY[] {28}\nSubject: x\n\n12345\n67890\n)\nOK FETCH completed\n");
}

TEST_F(ImapChange, SeveralMessagesInOneAppend) {
  client.log_in();
  EXPECT_EQ(client.say("APPEND INBOX {3+}\r\na\r\n () {3+}\r\nb\r\n"),
            "OK [APPENDUID " + std::to_string(world.view().mailbox.uid_validity) +
                " 1:2] APPEND completed\n");
  EXPECT_EQ(world.uids().size(), 2U);
}

// 10,000 octets are refused by their number, and what comes after them is a command again.
TEST_F(ImapChange, ARefusedMessageIsNeverReadAsCommands) {
  client.log_in();
  EXPECT_TRUE(client.say("APPEND nowhere {12+}\r\nx DELETE a\r\n").starts_with("NO [TRYCREATE]"));
  EXPECT_TRUE(client.say("NOOP").starts_with("OK "));
}

TEST_F(ImapChange, NulIsRefusedInAMessage) {
  client.log_in();
  const std::string nul(std::string("APPEND INBOX {3+}\r\na\0b", 22));
  EXPECT_TRUE(client.say(nul).starts_with("BAD NUL in a message"));
  EXPECT_TRUE(world.uids().empty());
}

TEST_F(ImapChange, QuotaIsCheckedBeforeTheOctetsCome) {
  struct Tight final : flow::Directory {
    bool hosts_any() const override { return true; }
    engine::Task<Result<bool, flow::AddressFailure>> is_hosted(std::string) override {
      co_return true;
    }
    engine::Task<Result<flow::AddressHome, flow::AddressFailure>> check(
        flow::AddressQuestion) override {
      co_return flow::AddressHome::here;
    }
    engine::Task<Result<std::vector<store::Recipient>, flow::AddressFailure>> place(
        std::vector<store::Recipient> recipients) override {
      co_return recipients;
    }
    engine::Task<Result<flow::MailOwner, flow::AddressFailure>> owner(std::string name) override {
      co_return flow::MailOwner{std::move(name), {.size_bytes = 100, .messages = 2}};
    }
    engine::Task<Result<flow::ListFacts, flow::AddressFailure>> list(std::string) override {
      co_return failure(flow::AddressFailure::unknown);
    }
  } tight;
  twin().simulation().run(service->stop(reactor().now()));
  directory = &tight;
  start();
  ImapClient late(*this);
  late.open();
  EXPECT_TRUE(late.say("APPEND INBOX {101}").starts_with("NO [OVERQUOTA]"));
  EXPECT_TRUE(late.say("APPEND INBOX {60+}\r\n" + std::string(60, 'x')).contains("OK [APPENDUID"));
  EXPECT_TRUE(late.say("APPEND INBOX {60}").starts_with("NO [OVERQUOTA]"));
  EXPECT_TRUE(late.say("COPY 1 INBOX").starts_with("NO [OVERQUOTA]"));
}

TEST_F(ImapChange, AppendToNowhere) {
  client.log_in();
  EXPECT_TRUE(client.say("APPEND nowhere {3}").starts_with("NO [TRYCREATE]"));
  EXPECT_TRUE(client.say("APPEND nowhere {3+}\r\na\r\n").starts_with("NO [TRYCREATE]"));
  EXPECT_TRUE(client.say("APPEND INBOX {99999999999}").starts_with("NO [TOOBIG]"));
  EXPECT_TRUE(client.say("APPEND INBOX {18446744073709551616}").starts_with("BAD "));
}

}  // namespace
}  // namespace postrider::imap
