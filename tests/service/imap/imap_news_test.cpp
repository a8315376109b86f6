// Several connections to one mailbox: who is told what, and when.
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

class ImapNews : public ImapWorld {
 public:
  ImapNews() : first(*this), second(*this) {}
  void open_both(int count) {
    for (int i = 1; i <= count; ++i) {
      deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
    }
    first.open();
    second.open();
  }
  ImapClient first;
  ImapClient second;
};

TEST_F(ImapNews, NoopTellsWhatOthersDid) {
  open_both(3);
  first.say("STORE 2 +FLAGS (\\Deleted)");
  EXPECT_EQ(second.say("NOOP"), "* 2 FETCH (FLAGS (\\Deleted))\nOK NOOP completed\n");
  first.say("EXPUNGE");
  deliver("Subject: new\r\n\r\n");
  EXPECT_EQ(second.say("NOOP"), "* 2 EXPUNGE\n* 3 EXISTS\nOK NOOP completed\n");
  EXPECT_EQ(second.say("NOOP"), "OK NOOP completed\n");
}

// RFC 7162 3.1: a command that turns CONDSTORE on is answered with what the client needs for it.
TEST_F(ImapNews, TheFirstCondstoreCommandTellsTheLastChange) {
  open_both(1);
  const std::string heard = first.say("FETCH 1 MODSEQ");
  EXPECT_TRUE(heard.starts_with("* OK [HIGHESTMODSEQ ")) << heard;
  EXPECT_FALSE(first.say("FETCH 1 MODSEQ").contains("HIGHESTMODSEQ"));
  EXPECT_FALSE(second.say("FETCH 1 FLAGS").contains("HIGHESTMODSEQ"));
}

// No EXPUNGE during FETCH, STORE, SEARCH: numbers stay what they are.
TEST_F(ImapNews, NoExpungeDuringFetchAndStore) {
  open_both(3);
  first.say("STORE 1 +FLAGS (\\Deleted)");
  first.say("EXPUNGE");
  deliver("Subject: new\r\n\r\n");
  EXPECT_EQ(second.say("FETCH 3 UID"), "* 3 FETCH (UID 3)\nOK FETCH completed\n");
  EXPECT_EQ(second.say("STORE 3 +FLAGS.SILENT (\\Seen)"), "OK STORE completed\n");
  EXPECT_TRUE(second.say("FETCH 1 FLAGS").starts_with("* 1 FETCH (FLAGS (\\Deleted))"));
  EXPECT_TRUE(second.say("STORE 1 +FLAGS (\\Seen)").starts_with("NO [EXPUNGEISSUED]"));
  EXPECT_EQ(second.say("NOOP"), "* 1 EXPUNGE\n* 3 EXISTS\nOK NOOP completed\n");
  EXPECT_EQ(second.say("FETCH 2 (UID FLAGS)"),
            "* 2 FETCH (UID 3 FLAGS (\\Seen))\nOK FETCH completed\n");
}

TEST_F(ImapNews, UidCommandsTellExpunges) {
  open_both(2);
  first.say("STORE 1 +FLAGS (\\Deleted)");
  first.say("EXPUNGE");
  EXPECT_EQ(second.say("UID FETCH 2 UID"), "* 2 FETCH (UID 2)\n* 1 EXPUNGE\nOK FETCH completed\n");
}

TEST_F(ImapNews, IdlePushesWithoutAPoll) {
  open_both(1);
  second.send("i IDLE\r\n");
  EXPECT_EQ(second.hear("\r\n"), "+ idling\n");
  const MonoTime before = reactor().now();
  deliver("Subject: new\r\n\r\n");
  EXPECT_EQ(second.hear("\r\n"), "* 2 EXISTS\n");
  EXPECT_LT(reactor().now() - before, std::chrono::milliseconds(100));
  first.say("STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(second.hear("\r\n"), "* 1 FETCH (FLAGS (\\Flagged))\n");
  second.send("DONE\r\n");
  EXPECT_EQ(second.hear("\r\n"), "i OK IDLE completed\n");
  EXPECT_EQ(second.say("NOOP"), "OK NOOP completed\n");
}

// A word every 2 to 4 minutes while idling.
TEST_F(ImapNews, IdleIsKeptAlive) {
  open_both(0);
  second.send("i IDLE\r\n");
  second.hear("\r\n");
  MonoTime last = reactor().now();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(second.hear("\r\n"), "* OK Still here\n");
    const Duration between = reactor().now() - last;
    EXPECT_GE(between, std::chrono::minutes(2));
    EXPECT_LE(between, std::chrono::minutes(4) + std::chrono::seconds(1));
    last = reactor().now();
  }
}

TEST_F(ImapNews, IdleEndsByAutologout) {
  open_both(0);
  second.send("i IDLE\r\n");
  const MonoTime began = reactor().now();
  EXPECT_TRUE(second.hear_all().ends_with("* BYE Nothing came for too long\n"));
  EXPECT_GE(reactor().now() - began, std::chrono::minutes(30));
  EXPECT_LT(reactor().now() - began, std::chrono::minutes(31));
}

// iOS 18 sends DONE with the next command, and an empty line after it.
TEST_F(ImapNews, DoneMayComeWithTheNextCommand) {
  open_both(1);
  second.send("i IDLE\r\n");
  second.hear("\r\n");
  second.send("DONE\r\n\r\nj NOOP\r\n");
  EXPECT_EQ(second.hear("NOOP completed\r\n"), "i OK IDLE completed\nj OK NOOP completed\n");
}

TEST_F(ImapNews, IdleWhileTheServerStops) {
  open_both(0);
  second.send("i IDLE\r\n");
  second.hear("\r\n");
  twin().simulation().run(service->stop(reactor().now() + std::chrono::seconds(5)));
  EXPECT_EQ(second.hear_all(), "* BYE [UNAVAILABLE] Shutting down: connect again\n");
  service.reset();
}

TEST_F(ImapNews, ADeletedMailboxIsClosedUnderOthers) {
  open_both(0);
  first.say("CREATE a");
  second.say("SELECT a");
  first.say("DELETE a");
  EXPECT_EQ(second.say("NOOP"), "* OK [CLOSED] The selected mailbox is gone\nOK NOOP completed\n");
  EXPECT_TRUE(second.say("FETCH 1 FLAGS").starts_with("BAD Select a mailbox first"));
}

// A silent STORE still tells what somebody else changed on the same message.
TEST_F(ImapNews, ASilentStoreHidesNobodyElsesChange) {
  open_both(1);
  first.say("STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(second.say("STORE 1 +FLAGS.SILENT (\\Seen)"),
            "* 1 FETCH (FLAGS (\\Flagged \\Seen))\nOK STORE completed\n");
}

TEST_F(ImapNews, CondstoreTellsModseqs) {
  open_both(1);
  second.say("ENABLE CONDSTORE");
  first.say("STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(second.say("NOOP"), fmt::format("* 1 FETCH (FLAGS (\\Flagged) MODSEQ ({}))\n"
                                            "OK NOOP completed\n",
                                            world.view().mailbox.highest_modseq));
}

TEST_F(ImapNews, AClientThatComesBackHearsWhatItMissed) {
  open_both(5);
  const auto validity = world.view().mailbox.uid_validity;
  const auto modseq = world.view().mailbox.highest_modseq;
  first.say("STORE 2:3 +FLAGS.SILENT (\\Deleted)");
  first.say("EXPUNGE");
  first.say("STORE 1 +FLAGS.SILENT (\\Seen)");
  second.say("ENABLE QRESYNC");
  const std::string heard =
      second.say(fmt::format("SELECT INBOX (QRESYNC ({} {} 1:5))", validity, modseq));
  EXPECT_TRUE(
      heard.contains(fmt::format("* VANISHED (EARLIER) 2:3\n"
                                 "* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ ({}))\n"
                                 "OK [READ-WRITE]",
                                 world.view().mailbox.highest_modseq)))
      << heard;
  EXPECT_TRUE(second.say(fmt::format("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {} VANISHED)", modseq))
                  .starts_with("* VANISHED (EARLIER) 2:3\n"));
}

// HIGHESTMODSEQ is at least 1, of a mailbox in which nothing has happened, too.
TEST_F(ImapNews, HighestModseqIsAtLeastOne) {
  first.log_in("bob@example.org");
  const std::string heard = first.say("SELECT INBOX");
  const std::size_t at = heard.find("[HIGHESTMODSEQ ");
  ASSERT_NE(at, heard.npos);
  EXPECT_GE(std::stoi(heard.substr(at + 15)), 1);
}

}  // namespace
}  // namespace postrider::imap
