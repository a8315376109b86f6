// NOTIFY (RFC 5465): who is told of what, of which mailbox, and when.
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

const std::string message = "Subject: new\r\n\r\nbody\r\n";

class ImapNotify : public ImapWorld {
 public:
  ImapNotify() : other(*this), mine(*this) {
    other.log_in();
    mine.log_in();
  }
  // A mailbox that other clients have made.
  store::MailboxId make(const std::string& name) {
    const auto made = run(world.boxes().create(account(), name, store::SpecialUse::none));
    EXPECT_TRUE(made.has_value());
    return made.value_or(store::Mailbox{}).id;
  }
  store::MailAccountId account() {
    return run(world.boxes().open_account("ada@example.org")).value_or(store::MailAccountId::none);
  }
  std::uint32_t uid_validity(store::MailboxId mailbox) {
    const auto opened = run(world.boxes().open(account(), mailbox, nullptr));
    return opened ? opened->view.mailbox.uid_validity : 0;
  }
  store::ModSeq modseq(store::MailboxId mailbox) {
    const auto opened = run(world.boxes().open(account(), mailbox, nullptr));
    return opened ? opened->view.mailbox.highest_modseq : 0;
  }
  ImapClient other;
  ImapClient mine;
};

TEST_F(ImapNotify, IsOffered) {
  EXPECT_TRUE(mine.say("CAPABILITY").contains(" NOTIFY "));
}

// RFC 5465 3.1: STATUS of those that are watched, none of the selected one.
TEST_F(ImapNotify, StatusComesFirstIfAskedFor) {
  const auto a = make("a");
  const auto b = make("b");
  deliver(message, {}, a);
  mine.say("SELECT INBOX");
  EXPECT_EQ(mine.say("NOTIFY SET STATUS (SELECTED (MessageNew MessageExpunge)) "
                     "(MAILBOXES (a no-such) (MessageNew MessageExpunge)) "
                     "(MAILBOXES b (MessageNew MessageExpunge FlagChange)) "
                     "(PERSONAL (MailboxName))"),
            fmt::format("* STATUS a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {})\n"
                        "* STATUS b (MESSAGES 0 UIDNEXT 1 UIDVALIDITY {} UNSEEN 0 "
                        "HIGHESTMODSEQ {})\n"
                        "OK NOTIFY completed\n",
                        uid_validity(a), uid_validity(b), modseq(b)));
}

// Between commands, at once, without a poll.
TEST_F(ImapNotify, NewMailElsewhereIsToldAsStatus) {
  const auto a = make("a");
  EXPECT_EQ(mine.say("NOTIFY SET (SUBTREE a (MessageNew MessageExpunge))"),
            "OK NOTIFY completed\n");
  const MonoTime before = reactor().now();
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear("\r\n"),
            fmt::format("* STATUS a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {})\n", uid_validity(a)));
  EXPECT_LT(reactor().now() - before, std::chrono::milliseconds(100));
  other.say("SELECT a");
  other.say("STORE 1 +FLAGS (\\Deleted)");
  EXPECT_EQ(mine.hear_now(), "");
  other.say("EXPUNGE");
  EXPECT_EQ(mine.hear("\r\n"),
            fmt::format("* STATUS a (MESSAGES 0 UIDNEXT 2 UIDVALIDITY {})\n", uid_validity(a)));
  EXPECT_EQ(mine.say("NOOP"), "OK NOOP completed\n");
}

TEST_F(ImapNotify, StatusHasHighestModseqAfterCondstore) {
  const auto a = make("a");
  mine.say("ENABLE CONDSTORE");
  mine.say("NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange))");
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear("\r\n"),
            fmt::format("* STATUS a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {} UNSEEN 1 "
                        "HIGHESTMODSEQ {})\n",
                        uid_validity(a), modseq(a)));
  other.say("SELECT a");
  other.say("STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(mine.hear("\r\n"), fmt::format("* STATUS a (UIDVALIDITY {} UNSEEN 1 "
                                           "HIGHESTMODSEQ {})\n",
                                           uid_validity(a), modseq(a)));
}

TEST_F(ImapNotify, FlagsElsewhereAreToldAsUnseen) {
  const auto a = make("a");
  deliver(message, {}, a);
  mine.say("NOTIFY SET (MAILBOXES a (MessageNew MessageExpunge FlagChange))");
  other.say("SELECT a");
  other.say("STORE 1 +FLAGS (\\Seen)");
  EXPECT_EQ(mine.hear("\r\n"),
            fmt::format("* STATUS a (UIDVALIDITY {} UNSEEN 0)\n", uid_validity(a)));
}

// RFC 5465 6.1.1: at once, with what was asked for of new messages.
TEST_F(ImapNotify, SelectedIsToldAtOnce) {
  deliver(message);
  mine.say("SELECT INBOX");
  mine.say(
      "NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) "
      "MessageExpunge FlagChange))");
  deliver(message);
  EXPECT_EQ(mine.hear(")\r\n"),
            "* 2 EXISTS\n* 2 FETCH (UID 2 BODY[HEADER.FIELDS (SUBJECT)] {16}\n"
            "Subject: new\n\n)\n");
  other.say("SELECT INBOX");
  other.say("STORE 1 +FLAGS (\\Deleted)");
  EXPECT_EQ(mine.hear("\r\n"), "* 1 FETCH (UID 1 FLAGS (\\Deleted))\n");
  other.say("EXPUNGE");
  EXPECT_EQ(mine.hear("\r\n"), "* 1 EXPUNGE\n");
  EXPECT_EQ(mine.say("UID FETCH 2 FLAGS"), "* 1 FETCH (UID 2 FLAGS ())\nOK FETCH completed\n");
}

// New messages are not marked as seen, whatever is asked for.
TEST_F(ImapNotify, FetchingNewMailMarksNothing) {
  mine.say("SELECT INBOX");
  mine.say("NOTIFY SET (SELECTED (MessageNew (BODY[TEXT]) MessageExpunge))");
  deliver(message);
  EXPECT_EQ(mine.hear(")\r\n"), "* 1 EXISTS\n* 1 FETCH (UID 1 BODY[TEXT] {6}\nbody\n)\n");
  EXPECT_EQ(mine.say("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS ())\nOK FETCH completed\n");
}

// RFC 5465 6.1.2.
TEST_F(ImapNotify, SelectedDelayedKeepsNumbers) {
  deliver(message);
  deliver(message);
  mine.say("SELECT INBOX");
  mine.say("NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge))");
  other.say("SELECT INBOX");
  other.say("STORE 1 +FLAGS (\\Deleted)");
  other.say("EXPUNGE");
  EXPECT_EQ(mine.hear_now(), "");
  EXPECT_EQ(mine.say("FETCH 2 UID"), "* 2 FETCH (UID 2)\nOK FETCH completed\n");
  EXPECT_EQ(mine.hear_now(), "");
  EXPECT_EQ(mine.say("NOOP"), "* 1 EXPUNGE\nOK NOOP completed\n");
  deliver(message);
  EXPECT_EQ(mine.hear("\r\n"), "* 2 EXISTS\n");
}

TEST_F(ImapNotify, FlagsAreToldOnlyIfAskedFor) {
  deliver(message);
  mine.say("SELECT INBOX");
  mine.say("NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
  other.say("SELECT INBOX");
  other.say("STORE 1 +FLAGS (\\Seen)");
  EXPECT_EQ(mine.hear_now(), "");
  EXPECT_EQ(mine.say("NOOP"), "OK NOOP completed\n");
  // What has gathered is told by the next one.
  EXPECT_EQ(mine.say("NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))"),
            "* 1 FETCH (FLAGS (\\Seen))\nOK NOTIFY completed\n");
}

// RFC 5465 3.1: without SELECTED nothing is told of it, at NOOP neither.
TEST_F(ImapNotify, WithoutSelectedTheMailboxStandsStill) {
  for (const std::string how :
       {"NOTIFY SET (PERSONAL (MailboxName))", "NOTIFY NONE", "NOTIFY SET (SELECTED NONE)"}) {
    mine.say("SELECT INBOX");
    EXPECT_EQ(mine.say(how), "OK NOTIFY completed\n");
    deliver(message);
    EXPECT_EQ(mine.hear_now(), "");
    EXPECT_EQ(mine.say("NOOP"), "OK NOOP completed\n");
    EXPECT_EQ(mine.say("NOTIFY SET (SELECTED (MessageNew MessageExpunge))").substr(0, 2), "* ");
  }
}

// What a client removes itself is told in any case: its numbers change.
TEST_F(ImapNotify, OwnExpungesAreToldThoughNothingElseIs) {
  deliver(message);
  mine.say("SELECT INBOX");
  mine.say("NOTIFY NONE");
  mine.say("STORE 1 +FLAGS (\\Deleted)");
  EXPECT_TRUE(mine.say("EXPUNGE").starts_with("* 1 EXPUNGE\n"));
}

// RFC 5465 4: in IDLE the same events.
TEST_F(ImapNotify, IdleTellsTheSame) {
  const auto a = make("a");
  mine.say("SELECT INBOX");
  mine.say(
      "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge)) "
      "(PERSONAL (MessageNew MessageExpunge))");
  mine.send("i IDLE\r\n");
  mine.hear("\r\n");
  deliver(message, {}, a);
  EXPECT_TRUE(mine.hear("\r\n").starts_with("* STATUS a (MESSAGES 1 "));
  deliver(message);
  EXPECT_EQ(mine.hear("\r\n"), "* 1 EXISTS\n");
  other.say("SELECT INBOX");
  other.say("STORE 1 +FLAGS (\\Deleted)");
  other.say("EXPUNGE");
  EXPECT_EQ(mine.hear("\r\n"), "* 1 EXPUNGE\n");
  mine.send("DONE\r\n");
  EXPECT_EQ(mine.hear("\r\n"), "i OK IDLE completed\n");
}

// RFC 5465 5.4.
TEST_F(ImapNotify, NamesAreToldAsList) {
  mine.say("NOTIFY SET (PERSONAL (MailboxName))");
  other.say("CREATE a");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\HasNoChildren) \"/\" a\n");
  other.say("CREATE a/b");
  EXPECT_EQ(mine.hear("a\r\n"),
            "* LIST (\\HasNoChildren) \"/\" a/b\n* LIST (\\HasChildren) \"/\" a\n");
  other.say("RENAME a c");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\HasChildren) \"/\" c (\"OLDNAME\" (a))\n");
  other.say("DELETE c/b");
  EXPECT_EQ(mine.hear("c\r\n"),
            "* LIST (\\NonExistent \\HasNoChildren) \"/\" c/b\n"
            "* LIST (\\HasNoChildren) \"/\" c\n");
}

// RFC 5465 5.5.
TEST_F(ImapNotify, SubscriptionsAreToldAsList) {
  make("a");
  mine.say("NOTIFY SET (SUBTREE a (SubscriptionChange))");
  other.say("SUBSCRIBE a");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\Subscribed \\HasNoChildren) \"/\" a\n");
  other.say("UNSUBSCRIBE a");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\HasNoChildren) \"/\" a\n");
  other.say("SUBSCRIBE b");
  EXPECT_EQ(mine.hear_now(), "");
}

// Names of the entries, whether METADATA was enabled or not.
TEST_F(ImapNotify, AnnotationsAreToldByName) {
  mine.say("NOTIFY SET (PERSONAL (MailboxMetadataChange ServerMetadataChange))");
  other.say("SETMETADATA INBOX (/private/comment \"x\")");
  EXPECT_EQ(mine.hear("\r\n"), "* METADATA INBOX /private/comment\n");
  other.say("SETMETADATA \"\" (/private/comment \"x\")");
  EXPECT_EQ(mine.hear("\r\n"), "* METADATA \"\" /private/comment\n");
}

// RFC 5465 6.4: who subscribes later hears of it from then on.
TEST_F(ImapNotify, SubscribedFollowsTheList) {
  const auto a = make("a");
  mine.say("NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge))");
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear_now(), "");
  other.say("SUBSCRIBE a");
  deliver(message, {}, a);
  EXPECT_TRUE(mine.hear("\r\n").starts_with("* STATUS a (MESSAGES 2 "));
}

// RFC 5465 5: what the client does itself it knows already.
TEST_F(ImapNotify, OwnChangesAreNotTold) {
  make("a");
  deliver(message);
  mine.say("SELECT INBOX");
  mine.say(
      "NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge)) "
      "(PERSONAL (MessageNew MessageExpunge MailboxName SubscriptionChange))");
  EXPECT_TRUE(mine.say("CREATE b/c").starts_with("OK "));
  EXPECT_EQ(mine.say("RENAME b/c d/e"), "OK RENAME completed\n");
  EXPECT_EQ(mine.say("SUBSCRIBE a"), "OK SUBSCRIBE completed\n");
  EXPECT_EQ(mine.say("DELETE d/e"), "OK DELETE completed\n");
  EXPECT_TRUE(mine.say("COPY 1 a").starts_with("OK "));
  EXPECT_EQ(mine.hear_now(), "");
  EXPECT_TRUE(mine.say("COPY 1 INBOX").starts_with("* 2 EXISTS\nOK "));
  EXPECT_TRUE(mine.say("APPEND INBOX {3+}\r\nabc").starts_with("* 3 EXISTS\nOK "));
  EXPECT_EQ(mine.hear_now(), "");
  EXPECT_EQ(mine.say("NOOP"), "OK NOOP completed\n");
  deliver(message);
  EXPECT_EQ(mine.hear(")\r\n"), "* 4 EXISTS\n* 4 FETCH (UID 4)\n");
}

// A name that fails, or somebody else's change at the same time, hides nothing.
TEST_F(ImapNotify, AFailedCommandHidesNobodyElsesChange) {
  make("a");
  mine.say("NOTIFY SET (PERSONAL (MailboxName))");
  EXPECT_TRUE(mine.say("CREATE a").starts_with("NO [ALREADYEXISTS]"));
  other.say("DELETE a");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\NonExistent \\HasNoChildren) \"/\" a\n");
  other.say("CREATE a");
  EXPECT_EQ(mine.hear("\r\n"), "* LIST (\\HasNoChildren) \"/\" a\n");
}

TEST_F(ImapNotify, ANewSetReplacesTheOld) {
  const auto a = make("a");
  const auto b = make("b");
  mine.say("NOTIFY SET (MAILBOXES a (MessageNew MessageExpunge))");
  mine.say("NOTIFY SET (MAILBOXES b (MessageNew MessageExpunge))");
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear_now(), "");
  deliver(message, {}, b);
  EXPECT_TRUE(mine.hear("\r\n").starts_with("* STATUS b "));
  mine.say("NOTIFY NONE");
  deliver(message, {}, b);
  EXPECT_EQ(mine.hear_now(), "");
}

// The selected mailbox is told by SELECTED alone, though a filter means it, too.
TEST_F(ImapNotify, TheSelectedMailboxHasNoStatus) {
  mine.say("SELECT INBOX");
  mine.say(
      "NOTIFY SET (SELECTED (MessageNew MessageExpunge)) "
      "(PERSONAL (MessageNew MessageExpunge))");
  deliver(message);
  EXPECT_EQ(mine.hear("\r\n"), "* 1 EXISTS\n");
  EXPECT_EQ(mine.hear_now(), "");
  mine.say("UNSELECT");
  deliver(message);
  EXPECT_TRUE(mine.hear("\r\n").starts_with("* STATUS INBOX (MESSAGES 2 "));
}

TEST_F(ImapNotify, Refusals) {
  EXPECT_TRUE(mine.say("NOTIFY SET (PERSONAL (AnnotationChange))")
                  .starts_with("NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "
                               "SubscriptionChange MailboxMetadataChange ServerMetadataChange)]"));
  EXPECT_TRUE(mine.say("NOTIFY SET (PERSONAL (NoSuchEvent))").starts_with("NO [BADEVENT ("));
  for (const std::string wrong :
       {"NOTIFY", "NOTIFY SET", "NOTIFY SET (PERSONAL (MessageNew))",
        "NOTIFY SET (PERSONAL (FlagChange))", "NOTIFY SET (SELECTED (MailboxName))",
        "NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)",
        "NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))",
        "NOTIFY SET (SUBTREE-ONE a (MailboxName))"}) {
    EXPECT_TRUE(mine.say(wrong).starts_with("BAD ")) << wrong;
  }
  ImapClient stranger(*this);
  EXPECT_TRUE(stranger.say("NOTIFY NONE").starts_with("BAD "));
}

TEST_F(ImapNotify, IsForgottenWithTheLogin) {
  const auto a = make("a");
  mine.say("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))");
  mine.say("UNAUTHENTICATE");
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear_now(), "");
  mine.log_in();
  deliver(message, {}, a);
  EXPECT_EQ(mine.hear_now(), "");
}

}  // namespace
}  // namespace postrider::imap
