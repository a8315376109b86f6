// Commands that touch much: how far they go (RFC 9738), and how far they are (RFC 9585).
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

class ImapBounds : public ImapWorld {
 public:
  void open(ImapClient& client, int count) {
    for (int i = 1; i <= count; ++i) {
      deliver(fmt::format("Subject: {}\r\n\r\n", i));
    }
    client.open();
  }
};

class ImapMessageLimit : public ImapBounds {
 public:
  ImapMessageLimit() { settings.rules.message_limit = 3; }
};

TEST_F(ImapMessageLimit, IsOfferedWithItsNumber) {
  ImapClient client(*this);
  client.log_in();
  EXPECT_TRUE(client.say("CAPABILITY").contains(" MESSAGELIMIT=3 "));
}

// RFC 9738 3.1: those with the largest UIDs are done, from the largest down.
TEST_F(ImapMessageLimit, FetchIsCutShort) {
  ImapClient client(*this);
  open(client, 5);
  EXPECT_TRUE(client.say("FETCH 1:* UID")
                  .starts_with("* 5 FETCH (UID 5)\n* 4 FETCH (UID 4)\n* 3 FETCH (UID 3)\n"
                               "OK [MESSAGELIMIT 3 3] "));
  EXPECT_TRUE(client.say("UID FETCH 1,2,4:5 UID").contains("\nOK [MESSAGELIMIT 3 2] "));
  EXPECT_EQ(client.say("UID FETCH 1:2 UID"),
            "* 1 FETCH (UID 1)\n* 2 FETCH (UID 2)\nOK FETCH completed\n");
  EXPECT_TRUE(client.say("FETCH 1:3 UID").ends_with("OK FETCH completed\n"));
}

// The same where what is read ahead of one slice comes in several parts.
TEST_F(ImapBounds, BodiesAreCutShortFromTheLargestDown) {
  settings.rules.message_limit = 40;
  ImapClient client(*this);
  std::string expected;
  for (int i = 1; i <= 45; ++i) {
    const std::string text = fmt::format("Subject: {}\r\n\r\n{}", i, std::string(50'000, 'x'));
    deliver(text, {}, store::MailboxId::inbox, {});
    const std::string heard = fmt::format("* {} FETCH (BODY[] {{{}}}\nSubject: {}\n\n{})\n", i,
                                          text.size(), i, std::string(50'000, 'x'));
    expected = i > 5 ? heard + expected : expected;
  }
  client.open();
  EXPECT_TRUE(
      client.say("FETCH 1:* BODY.PEEK[]").starts_with(expected + "OK [MESSAGELIMIT 40 6] "));
}

// RFC 9738 3.1: PARTIAL of more is not even begun.
TEST_F(ImapMessageLimit, PartialOfMoreIsRefused) {
  ImapClient client(*this);
  open(client, 5);
  EXPECT_TRUE(client.say("UID FETCH 1:* UID (PARTIAL -1:-4)").starts_with("NO [MESSAGELIMIT 3] "));
  EXPECT_TRUE(client.say("UID FETCH 1:* UID (PARTIAL 3:5)")
                  .starts_with("* 3 FETCH (UID 3)\n* 4 FETCH (UID 4)\n* 5 FETCH (UID 5)\nOK "));
}

// RFC 9738 3.1: then an untagged NO tells of the limit.
TEST_F(ImapMessageLimit, StoreIsCutShortAndKeepsItsOtherCode) {
  ImapClient client(*this);
  open(client, 5);
  EXPECT_TRUE(client.say("STORE 1:* +FLAGS.SILENT (\\Seen)").starts_with("OK [MESSAGELIMIT 3 3]"));
  EXPECT_EQ(client.say("SEARCH UID 1:2 UNSEEN"), "* SEARCH 1 2\nOK SEARCH completed\n");
  const std::string heard = client.say("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Draft)");
  EXPECT_TRUE(heard.contains("* NO [MESSAGELIMIT 3 3] ")) << heard;
  EXPECT_TRUE(heard.contains("\nOK [MODIFIED 3:5] ")) << heard;
}

// It is those that are looked at that count, not those that are found.
TEST_F(ImapMessageLimit, SearchIsCutShort) {
  ImapClient client(*this);
  open(client, 5);
  EXPECT_TRUE(
      client.say("UID SEARCH UNDELETED").starts_with("* SEARCH 3 4 5\nOK [MESSAGELIMIT 3 3] "));
  EXPECT_TRUE(client.say("UID SEARCH SUBJECT 1").starts_with("* SEARCH\nOK [MESSAGELIMIT 3 3] "));
  EXPECT_EQ(client.say("UID SEARCH UIDBEFORE 3 UNDELETED"), "* SEARCH 1 2\nOK SEARCH completed\n");
  // RFC 9738 3.2: unlike UID n:*, with which the last is always found.
  EXPECT_EQ(client.say("UID SEARCH UIDAFTER 3"), "* SEARCH 4 5\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("UID SEARCH UIDAFTER 5"), "* SEARCH\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("UID SEARCH UIDAFTER 4294967295"), "* SEARCH\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("UID SEARCH NOT UIDAFTER 3 UIDBEFORE 3"),
            "* SEARCH 1 2\nOK SEARCH completed\n");
  EXPECT_TRUE(client.say("UID SEARCH UIDAFTER 0").starts_with("BAD "));
  EXPECT_TRUE(client.say("UID SEARCH UIDBEFORE *").starts_with("BAD "));
  EXPECT_EQ(client.say("UID SEARCH UIDBEFORE 1"), "* SEARCH\nOK SEARCH completed\n");
}

// RFC 9738 3.4: what is saved is what was looked at.
TEST_F(ImapMessageLimit, SavesWhatWasFoundUpToIt) {
  ImapClient client(*this);
  open(client, 5);
  EXPECT_TRUE(client.say("UID SEARCH RETURN (SAVE) ALL").contains("OK [MESSAGELIMIT 3 3] "));
  EXPECT_EQ(client.say("UID SEARCH $"), "* SEARCH 3 4 5\nOK SEARCH completed\n");
}

// RFC 9738 3.1: a MOVE can be done in part, as its messages are moved one by one (RFC 6851 3.3).
TEST_F(ImapMessageLimit, MoveIsCutShort) {
  ImapClient client(*this);
  open(client, 5);
  client.say("CREATE a");
  const std::string heard = client.say("UID MOVE 1:* a");
  EXPECT_TRUE(heard.starts_with("* OK [COPYUID ")) << heard;
  EXPECT_TRUE(heard.contains(" 3:5 1:3] Moved\n* 5 EXPUNGE\n* 4 EXPUNGE\n* 3 EXPUNGE\n")) << heard;
  EXPECT_TRUE(heard.contains("\nOK [MESSAGELIMIT 3 3] ")) << heard;
  EXPECT_TRUE(client.say("UID MOVE 1:* a").contains("\nOK MOVE completed\n"));
  EXPECT_TRUE(client.say("STATUS a (MESSAGES)").contains("(MESSAGES 5)"));
}

// RFC 9738 3.1 (COPY) and 3.3 (SORT, THREAD): what can't be done in part is refused.
TEST_F(ImapMessageLimit, SortThreadAndCopyAreRefused) {
  ImapClient client(*this);
  open(client, 5);
  client.say("CREATE a");
  for (const std::string command : {"SORT (ARRIVAL) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"}) {
    EXPECT_TRUE(client.say(command).starts_with("NO [MESSAGELIMIT 3] ")) << command;
  }
  EXPECT_TRUE(client.say("COPY 1:4 a").starts_with("NO [MESSAGELIMIT 3 2] "));
  EXPECT_TRUE(client.say("STATUS a (MESSAGES)").contains("(MESSAGES 0)"));
  EXPECT_TRUE(client.say("SORT (ARRIVAL) UTF-8 UID 1:3").starts_with("* SORT 1 2 3\nOK "));
  EXPECT_TRUE(client.say("COPY 1:3 a").starts_with("OK [COPYUID "));
}

TEST_F(ImapMessageLimit, UidExpungeIsCutShortAndExpungeIsNot) {
  ImapClient client(*this);
  open(client, 5);
  client.say("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
  client.say("STORE 3:5 +FLAGS.SILENT (\\Deleted)");
  EXPECT_TRUE(client.say("UID EXPUNGE 1:*")
                  .ends_with("OK [MESSAGELIMIT 3 3] Only so many at a time: say it again for those "
                             "with smaller UIDs\n"));
  EXPECT_EQ(client.say("EXPUNGE"), "* 2 EXPUNGE\n* 1 EXPUNGE\nOK EXPUNGE completed\n");
}

// Who is not told of the limit does not have it.
TEST_F(ImapMessageLimit, IsNotAppliedWhereItIsSwitchedOff) {
  settings.account_quirks.push_back({"ada@example.org", {Capability::message_limit}});
  ImapClient client(*this);
  open(client, 5);
  EXPECT_FALSE(client.say("CAPABILITY").contains("MESSAGELIMIT"));
  EXPECT_TRUE(client.say("FETCH 1:* UID").starts_with("* 1 FETCH (UID 1)\n"));
}

class ImapProgress : public ImapBounds {
 public:
  ImapProgress() { settings.progress_interval = Duration(0); }
};

TEST_F(ImapProgress, SearchTellsHowFarItIs) {
  ImapClient client(*this);
  EXPECT_FALSE(client.greeting.contains("INPROGRESS"));
  open(client, 3);
  EXPECT_TRUE(client.say("CAPABILITY").contains(" INPROGRESS "));
  client.send("s1 SEARCH SUBJECT 2\r\n");
  EXPECT_EQ(client.hear("SEARCH completed\r\n"),
            "* OK [INPROGRESS (\"s1\" 1 3)] Still working on it\n"
            "* OK [INPROGRESS (\"s1\" 2 3)] Still working on it\n"
            "* SEARCH 2\ns1 OK SEARCH completed\n");
}

// The number of those that will be found is not known before.
TEST_F(ImapProgress, SortAndThreadCountWithoutAGoal) {
  ImapClient client(*this);
  open(client, 2);
  client.send("s1 SORT (SUBJECT) UTF-8 ALL\r\n");
  const std::string heard = client.hear("SORT completed\r\n");
  EXPECT_TRUE(heard.contains("* OK [INPROGRESS (\"s1\" 4 NIL)]")) << heard;
  EXPECT_TRUE(heard.contains("* SORT 1 2\n")) << heard;
  client.send("t1 THREAD REFERENCES UTF-8 ALL\r\n");
  EXPECT_TRUE(client.hear("THREAD completed\r\n").contains("* OK [INPROGRESS (\"t1\" 4 NIL)]"));
}

// Short commands say nothing of themselves.
TEST_F(ImapBounds, ShortCommandsAreNotReported) {
  ImapClient client(*this);
  open(client, 3);
  EXPECT_EQ(client.say("SEARCH SUBJECT 2"), "* SEARCH 2\nOK SEARCH completed\n");
}

}  // namespace
}  // namespace postrider::imap
