// The commands that name mailboxes: what each answers, and what the store then has.
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

class ImapMailbox : public ImapWorld {
 public:
  ImapMailbox() : client(*this) { client.log_in(); }
  ImapClient client;
};

TEST_F(ImapMailbox, CreateMakesWhatStandsAbove) {
  const std::string heard = client.say("CREATE a/b/c");
  EXPECT_TRUE(heard.starts_with("OK [MAILBOXID (F")) << heard;
  EXPECT_EQ(client.say("LIST \"\" *"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\n"
            "* LIST (\\HasChildren) \"/\" a\n"
            "* LIST (\\HasChildren) \"/\" a/b\n"
            "* LIST (\\HasNoChildren) \"/\" a/b/c\n"
            "OK LIST completed\n");
  EXPECT_TRUE(client.say("CREATE a/b/").starts_with("NO [ALREADYEXISTS]"));
  EXPECT_TRUE(client.say("CREATE inbox").starts_with("NO [ALREADYEXISTS]"));
  EXPECT_TRUE(client.say("CREATE x//y").starts_with("NO [CANNOT]"));
}

TEST_F(ImapMailbox, CreateWithAUse) {
  EXPECT_TRUE(client.say("CREATE Gone (USE (\\Trash))").starts_with("OK "));
  EXPECT_TRUE(client.say("CREATE Gone2 (USE (\\Trash))").starts_with("NO [USEATTR]"));
  EXPECT_TRUE(client.say("CREATE All (USE (\\All))").starts_with("NO [USEATTR]"));
  EXPECT_EQ(client.say("LIST (SPECIAL-USE) \"\" *"),
            "* LIST (\\HasNoChildren \\Trash) \"/\" Gone\nOK LIST completed\n");
}

TEST_F(ImapMailbox, DeleteLeavesWhatStandsBelow) {
  client.say("CREATE a/b");
  EXPECT_TRUE(client.say("DELETE a").starts_with("OK "));
  EXPECT_EQ(client.say("LIST \"\" %"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\n"
            "* LIST (\\Noselect \\HasChildren) \"/\" a\n"
            "OK LIST completed\n");
  EXPECT_TRUE(client.say("DELETE a").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(client.say("DELETE INBOX").starts_with("NO [CANNOT]"));
  EXPECT_TRUE(client.say("SELECT a").starts_with("NO [NONEXISTENT]"));
}

TEST_F(ImapMailbox, DeleteOfWhatIsSelectedClosesIt) {
  client.say("CREATE a");
  client.say("SELECT a");
  const std::string heard = client.say("DELETE a");
  EXPECT_TRUE(heard.starts_with("* OK [CLOSED] ")) << heard;
  EXPECT_TRUE(client.say("CHECK").starts_with("BAD Select a mailbox first"));
}

TEST_F(ImapMailbox, RenameTakesWhatStandsBelowAlong) {
  client.say("CREATE a/b");
  EXPECT_TRUE(client.say("RENAME a z/y").starts_with("OK "));
  EXPECT_EQ(client.say("LIST \"\" z*"),
            "* LIST (\\HasChildren) \"/\" z\n"
            "* LIST (\\HasChildren) \"/\" z/y\n"
            "* LIST (\\HasNoChildren) \"/\" z/y/b\n"
            "OK LIST completed\n");
  EXPECT_TRUE(client.say("RENAME z/y z/y/x").starts_with("NO [CANNOT]"));
  EXPECT_TRUE(client.say("RENAME z inbox").starts_with("NO [ALREADYEXISTS]"));
  EXPECT_TRUE(client.say("RENAME none x").starts_with("NO [NONEXISTENT]"));
}

TEST_F(ImapMailbox, RenameOfInboxMovesItsMessages) {
  deliver("Subject: 1\r\n\r\n");
  EXPECT_TRUE(client.say("RENAME INBOX old").starts_with("OK "));
  EXPECT_EQ(client.say("STATUS inbox (MESSAGES)"),
            "* STATUS INBOX (MESSAGES 0)\nOK STATUS completed\n");
  EXPECT_EQ(client.say("STATUS old (MESSAGES)"),
            "* STATUS old (MESSAGES 1)\nOK STATUS completed\n");
}

TEST_F(ImapMailbox, NamesCrossTheWireInTheirForm) {
  client.say("CREATE Entw&APw-rfe");
  EXPECT_TRUE(client.say("LIST \"\" E*").contains(" Entw&APw-rfe\n"));
  EXPECT_EQ(client.say("ENABLE IMAP4rev2"), "* ENABLED IMAP4rev2\nOK ENABLE completed\n");
  EXPECT_TRUE(client.say("LIST \"\" E*").contains(" \"Entwürfe\"\n"));
}

TEST_F(ImapMailbox, SubscriptionsOutliveTheirMailboxes) {
  client.say("CREATE a/b");
  client.say("SUBSCRIBE a/b");
  client.say("SUBSCRIBE INBOX");
  client.say("DELETE a/b");
  EXPECT_EQ(client.say("LSUB \"\" *"),
            "* LSUB (\\HasNoChildren) \"/\" INBOX\n"
            "* LSUB (\\Noselect) \"/\" a/b\n"
            "OK LSUB completed\n");
  EXPECT_EQ(client.say("LSUB \"\" %"),
            "* LSUB (\\HasNoChildren) \"/\" INBOX\n"
            "* LSUB (\\Noselect \\HasNoChildren) \"/\" a\n"
            "OK LSUB completed\n");
  EXPECT_EQ(client.say("LIST (SUBSCRIBED) \"\" *"),
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX\n"
            "* LIST (\\NonExistent \\Subscribed \\HasNoChildren) \"/\" a/b\n"
            "OK LIST completed\n");
  EXPECT_TRUE(client.say("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %")
                  .contains("\"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\n"));
  client.say("UNSUBSCRIBE a/b");
  EXPECT_FALSE(client.say("LSUB \"\" *").contains("a/b"));
}

TEST_F(ImapMailbox, ListReturnsStatusOfEach) {
  deliver("Subject: 1\r\n\r\n");
  client.say("CREATE a");
  EXPECT_EQ(client.say("LIST \"\" * RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))"),
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX\n"
            "* STATUS INBOX (MESSAGES 1 UNSEEN 1)\n"
            "* LIST (\\HasNoChildren) \"/\" a\n"
            "* STATUS a (MESSAGES 0 UNSEEN 0)\n"
            "OK LIST completed\n");
  EXPECT_EQ(client.say("LIST \"\" \"\""), "* LIST (\\Noselect) \"/\" \"\"\nOK LIST completed\n");
  EXPECT_EQ(client.say("NAMESPACE"),
            "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL\nOK NAMESPACE completed\n");
}

TEST_F(ImapMailbox, StatusCounts) {
  deliver("Subject: 1\r\n\r\nx\r\n", {store::SystemFlag::seen, {}}, store::MailboxId::inbox, "");
  deliver("Subject: 2\r\n\r\n", {store::SystemFlag::deleted, {}}, store::MailboxId::inbox, "");
  EXPECT_EQ(client.say("STATUS INBOX (MESSAGES UIDNEXT UNSEEN DELETED SIZE RECENT "
                       "DELETED-STORAGE APPENDLIMIT MAILBOXID)"),
            "* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UNSEEN 1 DELETED 1 SIZE 31 RECENT 2 "
            "DELETED-STORAGE 14 APPENDLIMIT 52428800 MAILBOXID (F1))\nOK STATUS completed\n");
}

TEST_F(ImapMailbox, SelectTellsWhatThereIs) {
  deliver("Subject: 1\r\n\r\n", {store::SystemFlag::seen, {"$Forwarded"}});
  deliver("Subject: 2\r\n\r\n");
  const std::string validity = std::to_string(world.view().mailbox.uid_validity);
  const std::string modseq = std::to_string(world.view().mailbox.highest_modseq);
  EXPECT_EQ(client.say("SELECT inbox"),
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)\n"
            "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded \\*)] "
            "Flags that stay\n"
            "* 2 EXISTS\n"
            "* OK [UNSEEN 2] The first unseen one\n"
            "* OK [UIDVALIDITY " +
                validity +
                "] UIDs hold as long as it does\n"
                "* OK [UIDNEXT 3] The next UID\n"
                "* OK [HIGHESTMODSEQ " +
                modseq +
                "] The last change\n"
                "* OK [MAILBOXID (F1)] Its name for ever\n"
                "OK [READ-WRITE] SELECT completed\n");
  const std::string again = client.say("EXAMINE INBOX");
  EXPECT_TRUE(again.starts_with("* OK [CLOSED] ")) << again;
  EXPECT_TRUE(again.contains("* OK [PERMANENTFLAGS ()] "));
  EXPECT_TRUE(again.ends_with("OK [READ-ONLY] EXAMINE completed\n"));
}

TEST_F(ImapMailbox, SelectForRev2ListsIt) {
  client.say("ENABLE IMAP4rev2");
  const std::string heard = client.say("SELECT INBOX");
  EXPECT_TRUE(heard.contains("* LIST () \"/\" INBOX\n")) << heard;
  EXPECT_FALSE(heard.contains("RECENT"));
  EXPECT_FALSE(heard.contains("UNSEEN"));
}

TEST_F(ImapMailbox, AFailedSelectLeavesNothingSelected) {
  client.say("SELECT INBOX");
  EXPECT_TRUE(client.say("SELECT nowhere").ends_with("NO [NONEXISTENT] No such mailbox\n"));
  EXPECT_TRUE(client.say("CHECK").starts_with("BAD "));
}

TEST_F(ImapMailbox, CloseExpungesAndUnselectDoesNot) {
  const store::MailFlags deleted{store::SystemFlag::deleted, {}};
  deliver("Subject: 1\r\n\r\n", deleted);
  client.say("SELECT INBOX");
  EXPECT_EQ(client.say("UNSELECT"), "OK UNSELECT completed\n");
  EXPECT_EQ(world.uids().size(), 1U);
  client.say("EXAMINE INBOX");
  EXPECT_EQ(client.say("CLOSE"), "OK CLOSE completed\n");
  EXPECT_EQ(world.uids().size(), 1U);
  client.say("SELECT INBOX");
  EXPECT_EQ(client.say("CLOSE"), "OK CLOSE completed\n");
  EXPECT_TRUE(world.uids().empty());
}

// A user who tries another's mailbox by name finds nothing.
TEST_F(ImapMailbox, NobodySeesAnothersMail) {
  deliver("Subject: secret\r\n\r\n");
  client.say("CREATE private");
  ImapClient bob(*this);
  bob.log_in("bob@example.org");
  EXPECT_TRUE(bob.say("SELECT private").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(bob.say("SELECT \"ada@example.org/INBOX\"").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(bob.say("SELECT \"../ada@example.org\"").starts_with("NO [NONEXISTENT]"));
  EXPECT_TRUE(bob.say("SELECT INBOX").contains("* 0 EXISTS\n"));
}

}  // namespace
}  // namespace postrider::imap
