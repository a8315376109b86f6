// REPLACE (RFC 8508): what comes, what goes, and what is refused before the octets are sent.
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

class ImapReplace : public ImapWorld {
 public:
  ImapReplace() : ada(*this) {
    ada.log_in();
    ada.say("CREATE drafts");
    ada.say("CREATE other");
    append("drafts");
    append("drafts");
    append("drafts");
    ada.say("SELECT drafts");
  }
  void append(const std::string& mailbox) {
    ada.send("x APPEND " + mailbox + " (\\Draft) {8+}\r\nX: 1\r\n\r\n\r\n");
    EXPECT_TRUE(ada.hear("\n").starts_with("x OK "));
  }
  // A message of "X: 22" in place of another one.
  std::string replace(const std::string& what, const std::string& mailbox = "drafts") {
    return ada.say(what + " " + mailbox + " (\\Seen) {9+}\r\nX: 22\r\n\r\n");
  }
  ImapClient ada;
};

TEST_F(ImapReplace, InItsMailbox) {
  const std::string heard = replace("REPLACE 2");
  EXPECT_TRUE(heard.starts_with("* OK [APPENDUID ")) << heard;
  EXPECT_TRUE(
      heard.contains(" 4] Replacement message ready\n* 2 EXPUNGE\n* 3 EXISTS\n"
                     "OK REPLACE completed\n"))
      << heard;
  EXPECT_EQ(ada.say("UID FETCH 1:* (FLAGS RFC822.SIZE)"),
            "* 1 FETCH (UID 1 FLAGS (\\Draft) RFC822.SIZE 8)\n"
            "* 2 FETCH (UID 3 FLAGS (\\Draft) RFC822.SIZE 8)\n"
            "* 3 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 9)\nOK FETCH completed\n");
}

TEST_F(ImapReplace, ByUidAndTheLastOne) {
  EXPECT_TRUE(replace("UID REPLACE 1").contains("* 1 EXPUNGE\n* 3 EXISTS\n"));
  EXPECT_TRUE(replace("REPLACE *").contains("* 3 EXPUNGE\n* 3 EXISTS\n"));
  EXPECT_TRUE(ada.say("UID SEARCH ALL").starts_with("* SEARCH 2 3 5\n"));
}

TEST_F(ImapReplace, IntoAnother) {
  const std::string heard = replace("REPLACE 1", "other");
  EXPECT_TRUE(heard.contains("* 1 EXPUNGE\nOK REPLACE completed\n")) << heard;
  EXPECT_TRUE(ada.say("STATUS other (MESSAGES)").contains("(MESSAGES 1)"));
}

TEST_F(ImapReplace, WithVanished) {
  ada.say("ENABLE QRESYNC");
  const std::string heard = replace("UID REPLACE 2");
  EXPECT_TRUE(heard.contains("* VANISHED 2\n* 3 EXISTS\nOK [HIGHESTMODSEQ ")) << heard;
}

TEST_F(ImapReplace, WhatIsRefused) {
  EXPECT_TRUE(replace("REPLACE 4").starts_with("BAD "));
  EXPECT_TRUE(replace("UID REPLACE 9").starts_with("NO [NONEXISTENT] "));
  EXPECT_TRUE(replace("REPLACE 1", "none").starts_with("NO [TRYCREATE] "));
  EXPECT_TRUE(replace("REPLACE 0").starts_with("BAD "));
  EXPECT_TRUE(replace("REPLACE 1:2").starts_with("BAD "));
  // Before the octets are sent.
  ada.send("y UID REPLACE 9 drafts {9}\r\n");
  EXPECT_TRUE(ada.hear("\n").starts_with("y NO [NONEXISTENT] "));
  ImapClient other(*this);
  other.open("drafts");
  other.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
  other.say("EXPUNGE");
  EXPECT_TRUE(replace("REPLACE 1").contains("NO [EXPUNGEISSUED] "));
  EXPECT_TRUE(ada.say("STATUS drafts (MESSAGES)").contains("(MESSAGES 2)"));
  ada.say("EXAMINE drafts");
  EXPECT_TRUE(replace("REPLACE 1").starts_with("NO "));
  ada.say("UNSELECT");
  EXPECT_TRUE(replace("REPLACE 1").starts_with("BAD "));
}

TEST_F(ImapReplace, GoneWhileTheOctetsCome) {
  ada.send("y REPLACE 1 drafts {9}\r\n");
  EXPECT_TRUE(ada.hear("\n").starts_with("+ "));
  ImapClient other(*this);
  other.open("drafts");
  other.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
  other.say("EXPUNGE");
  ada.send("X: 22\r\n\r\n\r\n");
  EXPECT_TRUE(ada.hear("\ny NO [EXPUNGEISSUED] ").contains("* 1 EXPUNGE"));
  ada.hear("\n");
  EXPECT_TRUE(ada.say("STATUS drafts (MESSAGES)").contains("(MESSAGES 2)"));
}

// From one account's mailbox to another's: the old one goes when the new one is there.
TEST_F(ImapReplace, AcrossAccounts) {
  ImapClient bob(*this);
  bob.log_in("bob@example.org");
  ada.say("SETACL drafts bob@example.org lr");
  bob.say("SELECT \"Other Users/ada@example.org/drafts\"");
  const std::string command = "REPLACE 1 INBOX {9+}\r\nX: 22\r\n\r\n";
  EXPECT_TRUE(bob.say(command).starts_with("NO [NOPERM] "));
  ada.say("SETACL drafts bob@example.org lrte");
  bob.say("NOOP");
  const std::string heard = bob.say(command);
  EXPECT_TRUE(heard.starts_with("* OK [APPENDUID ")) << heard;
  EXPECT_TRUE(heard.contains("* 1 EXPUNGE\nOK REPLACE completed\n")) << heard;
  EXPECT_TRUE(bob.say("STATUS INBOX (MESSAGES)").contains("(MESSAGES 1)"));
  EXPECT_TRUE(ada.say("STATUS drafts (MESSAGES)").contains("(MESSAGES 2)"));
}

}  // namespace
}  // namespace postrider::imap
