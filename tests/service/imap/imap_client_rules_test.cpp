// Rules that no RFC has, or that hide in one, and that real clients enforce. Others of them stand
// with their commands: UID FETCH n:*, ascending UIDs, partial fetches, BODY[n.MIME], CHANGEDSINCE 0
// (imap_fetch_test), DONE with the next command, keepalive, HIGHESTMODSEQ (imap_news_test), UID
// MOVE of what is gone (imap_change_test), an empty ESEARCH (imap_search_test).
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

class ImapClientRules : public ImapWorld {
 public:
  ImapClientRules() : client(*this) {}
  ImapClient client;
};

// Outlook looks for Sent and Trash in LSUB.
TEST_F(ImapClientRules, LsubTellsTheUses) {
  client.log_in();
  client.say("CREATE Sent (USE (\\Sent))");
  client.say("SUBSCRIBE Sent");
  EXPECT_EQ(client.say("LSUB \"\" *"),
            "* LSUB (\\HasNoChildren) \"/\" INBOX\n"
            "* LSUB (\\HasNoChildren \\Sent) \"/\" Sent\nOK LSUB completed\n");
}

TEST_F(ImapClientRules, StatusHasNoTrailingBlank) {
  client.log_in();
  EXPECT_EQ(client.say("STATUS INBOX (MESSAGES)"),
            "* STATUS INBOX (MESSAGES 0)\nOK STATUS completed\n");
}

TEST_F(ImapClientRules, InboxInAnyCase) {
  client.log_in();
  EXPECT_TRUE(client.say("SELECT iNbOx").ends_with("OK [READ-WRITE] SELECT completed\n"));
  EXPECT_TRUE(client.say("STATUS \"Inbox\" (MESSAGES)").starts_with("* STATUS INBOX "));
  EXPECT_TRUE(client.say("LIST \"\" inbox").starts_with("* LIST (\\HasNoChildren) \"/\" INBOX\n"));
  EXPECT_TRUE(client.say("CREATE inbox/below").starts_with("OK "));
  EXPECT_TRUE(client.say("LIST \"\" *").contains("\"/\" INBOX/below\n"));
}

TEST_F(ImapClientRules, NoExpungeDuringSearch) {
  deliver("Subject: 1\r\n\r\n");
  deliver("Subject: 2\r\n\r\n");
  client.open();
  ImapClient other(*this);
  other.open();
  other.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
  other.say("EXPUNGE");
  EXPECT_EQ(client.say("SEARCH SUBJECT 2"), "* SEARCH 2\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("SORT (SUBJECT) UTF-8 ALL"), "* SORT 1 2\nOK SORT completed\n");
  EXPECT_EQ(client.say("UID SEARCH SUBJECT 2"), "* SEARCH 2\n* 1 EXPUNGE\nOK SEARCH completed\n");
}

TEST_F(ImapClientRules, AHundredConnectionsOfOneUserAndAddress) {
  EXPECT_EQ(ImapSettings{}.connections_per_user, 100U);
  EXPECT_EQ(ImapSettings{}.limits.sessions_per_peer, 100U);
}

TEST_F(ImapClientRules, APreviewIsWhatAPersonReads) {
  deliver("Subject: x\r\n\r\nHello  Ada,\r\n\r\n  how are   you?\r\n");
  deliver(
      "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>no</title>"
      "<style>p{}</style></head><body><p>Caf\xC3\xA9 &amp; <b>bar</b></p></body></html>\r\n");
  deliver("Subject: x\r\nContent-Type: image/png\r\n\r\nxx\r\n");
  client.open();
  EXPECT_EQ(client.say("FETCH 1 PREVIEW"),
            "* 1 FETCH (PREVIEW \"Hello Ada, how are you?\")\nOK FETCH completed\n");
  EXPECT_EQ(client.say("FETCH 2 PREVIEW (LAZY)").substr(0, 21), "* 2 FETCH (PREVIEW {1");
  EXPECT_EQ(client.say("FETCH 3 PREVIEW"), "* 3 FETCH (PREVIEW \"\")\nOK FETCH completed\n");
}

// RFC 10022 3.1: from the newest down to 1, whether that is there or not; an answer even where
// there are none.
TEST_F(ImapClientRules, UidsInBatches) {
  for (int i = 0; i < 1100; ++i) {
    (void)world.add("x", store::MailboxId::inbox);
  }
  client.open();
  EXPECT_EQ(client.say("UIDBATCHES 500"),
            "* UIDBATCHES (TAG \"t3\") 1100:601,600:101,100:1\nOK UIDBATCHES completed\n");
  EXPECT_TRUE(client.say("UIDBATCHES 500 2:2").contains(" 600:101\n"));
  EXPECT_TRUE(client.say("UIDBATCHES 500 3:9").contains(" 100:1\n"));
  EXPECT_EQ(client.say("UIDBATCHES 500 4:9"),
            "* UIDBATCHES (TAG \"t6\")\nOK UIDBATCHES completed\n");
  EXPECT_TRUE(client.say("UIDBATCHES 499").starts_with("NO [TOOFEW] "));
  EXPECT_TRUE(client.say("UIDBATCHES 500 2:1").starts_with("BAD "));
  EXPECT_TRUE(client.say("UIDBATCHES 500 2").starts_with("BAD "));
  client.say("STORE 1:20 +FLAGS.SILENT (\\Deleted)");
  client.say("UID EXPUNGE 1:*");
  EXPECT_TRUE(client.say("UIDBATCHES 500").contains(" 1100:601,600:101,100:1\n"));
  EXPECT_TRUE(client.say("UIDBATCHES 4294967295").contains(" 1100:1\n"));
  client.say("CREATE empty");
  client.say("SELECT empty");
  EXPECT_TRUE(client.say("UIDBATCHES 500").contains("\")\nOK UIDBATCHES completed\n"));
}

}  // namespace
}  // namespace postrider::imap
