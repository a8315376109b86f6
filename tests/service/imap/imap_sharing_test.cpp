// Mailboxes that are shared (RFC 4314): who may do what, and what the others get to know of them.
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

class ImapSharing : public ImapWorld {
 public:
  ImapSharing() : ada(*this), bob(*this) {
    ada.log_in();
    bob.log_in("bob@example.org");
    ada.say("CREATE team");
  }
  // What ada's folder is called by others.
  static inline const std::string team = "\"Other Users/ada@example.org/team\"";
  std::string grant(const std::string& rights, const std::string& who = "bob@example.org") {
    return ada.say("SETACL team " + who + " " + rights);
  }
  void append(const std::string& flags = "()") {
    ada.send("x APPEND team " + flags + " {17+}\r\nSubject: a\r\n\r\nb\r\n\r\n");
    ada.hear("x OK");
    ada.hear("\n");
  }
  ImapClient ada;
  ImapClient bob;
};

TEST_F(ImapSharing, CapabilitiesAndTheSecondNamespace) {
  const std::string heard = bob.say("CAPABILITY");
  EXPECT_TRUE(heard.contains(" ACL RIGHTS=texk")) << heard;
  EXPECT_TRUE(heard.contains(" LIST-MYRIGHTS ")) << heard;
  EXPECT_EQ(bob.say("NAMESPACE"),
            "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL\nOK NAMESPACE completed\n");
}

TEST_F(ImapSharing, OnesOwnRights) {
  EXPECT_EQ(ada.say("MYRIGHTS team"), "* MYRIGHTS team lrswipkxteacd\nOK MYRIGHTS completed\n");
  EXPECT_EQ(ada.say("GETACL team"),
            "* ACL team ada@example.org lrswipkxteacd\nOK GETACL completed\n");
  EXPECT_EQ(ada.say("LISTRIGHTS team ada@example.org"),
            "* LISTRIGHTS team ada@example.org la r s w i p k x t e c d\n"
            "OK LISTRIGHTS completed\n");
  EXPECT_EQ(ada.say("LISTRIGHTS team Bob@example.org"),
            "* LISTRIGHTS team Bob@example.org \"\" l r s w i p k x t e a c d\n"
            "OK LISTRIGHTS completed\n");
}

TEST_F(ImapSharing, ListsAreChanged) {
  EXPECT_EQ(grant("lrd"), "OK SETACL completed\n");
  EXPECT_EQ(grant("+s"), "OK SETACL completed\n");
  EXPECT_EQ(grant("-t"), "OK SETACL completed\n");
  EXPECT_EQ(grant("x", "-anyone"), "OK SETACL completed\n");
  EXPECT_EQ(ada.say("GETACL team"),
            "* ACL team ada@example.org lrswipkxteacd bob@example.org lrsed -anyone xc\n"
            "OK GETACL completed\n");
  EXPECT_EQ(bob.say("MYRIGHTS " + team), "* MYRIGHTS " + team + " lrsed\nOK MYRIGHTS completed\n");
  EXPECT_EQ(ada.say("DELETEACL team BOB@example.org"), "OK DELETEACL completed\n");
  EXPECT_EQ(ada.say("DELETEACL team -anyone"), "OK DELETEACL completed\n");
  EXPECT_EQ(ada.say("GETACL team"),
            "* ACL team ada@example.org lrswipkxteacd\nOK GETACL completed\n");
}

TEST_F(ImapSharing, WhatIsRefused) {
  EXPECT_TRUE(grant("lr", "eve@example.org").starts_with("NO [NONEXISTENT] "));
  EXPECT_TRUE(grant("lr", "\"\"").starts_with("BAD "));
  EXPECT_TRUE(grant("lr", "-").starts_with("BAD "));
  EXPECT_TRUE(grant("lr", std::string(400, 'x')).starts_with("BAD "));
  EXPECT_TRUE(grant("lrq").starts_with("BAD "));
  EXPECT_TRUE(grant("LR").starts_with("BAD "));
  EXPECT_TRUE(ada.say("SETACL none bob@example.org lr").starts_with("NO [NONEXISTENT] "));
  EXPECT_TRUE(ada.say("CREATE \"Other Users/x\"").starts_with("NO [CANNOT] "));
  EXPECT_TRUE(ada.say("RENAME team \"Other Users\"").starts_with("NO [CANNOT] "));
}

TEST_F(ImapSharing, AListHasAnEnd) {
  for (int i = 0; i < 128; ++i) {
    add_account("u" + std::to_string(i) + "@example.org");
    run(world.boxes().open_account("u" + std::to_string(i) + "@example.org"));
    ASSERT_EQ(grant("l", "u" + std::to_string(i) + "@example.org"), "OK SETACL completed\n");
  }
  EXPECT_TRUE(grant("l").starts_with("NO [LIMIT] "));
  EXPECT_EQ(grant("", "u7@example.org").substr(0, 3), "BAD");
  EXPECT_EQ(grant("\"\"", "u7@example.org"), "OK SETACL completed\n");
  EXPECT_EQ(grant("l"), "OK SETACL completed\n");
}

TEST_F(ImapSharing, TheOwnerKeepsTheKeysAndMayTieHisHands) {
  EXPECT_EQ(grant("lr", "ada@example.org"), "OK SETACL completed\n");
  EXPECT_EQ(ada.say("MYRIGHTS team"), "* MYRIGHTS team lra\nOK MYRIGHTS completed\n");
  EXPECT_TRUE(ada.say("DELETE team").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(ada.say("CREATE team/x").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(ada.say("SELECT team").contains("OK [READ-ONLY] "));
  ada.say("UNSELECT");
  EXPECT_EQ(ada.say("DELETEACL team ada@example.org"), "OK DELETEACL completed\n");
  EXPECT_EQ(ada.say("MYRIGHTS team"), "* MYRIGHTS team la\nOK MYRIGHTS completed\n");
  EXPECT_EQ(grant("lrswipkxtea", "ada@example.org"), "OK SETACL completed\n");
  EXPECT_TRUE(ada.say("DELETE team").starts_with("OK "));
}

// RFC 4314 6: the answers are the same, letter for letter.
TEST_F(ImapSharing, WhatMayNotBeLookedUpIsNotThere) {
  ada.say("CREATE secret");
  for (const std::string command :
       {"SELECT ", "EXAMINE ", "GETACL ", "MYRIGHTS ", "DELETE ", "SUBSCRIBE ", "GETQUOTAROOT "}) {
    const std::string hidden = bob.say(command + "\"Other Users/ada@example.org/secret\"");
    EXPECT_TRUE(hidden.starts_with("NO [NONEXISTENT] ")) << command << hidden;
    EXPECT_EQ(hidden, bob.say(command + "\"Other Users/ada@example.org/nothing\"")) << command;
    EXPECT_EQ(hidden, bob.say(command + "\"Other Users/nobody@example.org/x\"")) << command;
  }
  for (const std::string command :
       {"STATUS %s (MESSAGES)", "SETACL %s anyone lr", "LISTRIGHTS %s anyone", "RENAME %s x",
        "GETMETADATA %s /shared/comment", "CREATE %s/x"}) {
    const auto with = [&](const std::string& name) {
      std::string text = command;
      return text.replace(text.find("%s"), 2, "\"Other Users/" + name + "\"");
    };
    const auto slashed = [&](std::string text) {  // CREATE "a"/x is no name
      const std::size_t at = text.find("\"/x");
      return at == text.npos ? text : text.replace(at, 3, "/x\"");
    };
    const std::string hidden = bob.say(slashed(with("ada@example.org/secret")));
    EXPECT_TRUE(hidden.starts_with("NO [NONEXISTENT] ")) << command << hidden;
    EXPECT_EQ(hidden, bob.say(slashed(with("ada@example.org/nothing")))) << command;
    EXPECT_EQ(hidden, bob.say(slashed(with("nobody@example.org/x")))) << command;
  }
  bob.send("x APPEND \"Other Users/ada@example.org/secret\" {5}\r\n");
  EXPECT_TRUE(bob.hear("\n").starts_with("x NO [TRYCREATE] "));
}

TEST_F(ImapSharing, ListShowsWhatIsShared) {
  EXPECT_FALSE(bob.say("LIST \"\" *").contains("Other Users"));
  grant("l");
  const std::string shared =
      "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users\"\n"
      "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users/ada@example.org\"\n"
      "* LIST (\\HasNoChildren) \"/\" " +
      team + "\n";
  EXPECT_EQ(bob.say("LIST \"\" *"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\n" + shared + "OK LIST completed\n");
  EXPECT_EQ(bob.say("LIST \"\" %"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\n"
            "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users\"\nOK LIST completed\n");
  EXPECT_EQ(bob.say("LIST \"Other Users/\" \"*/team\""),
            "* LIST (\\HasNoChildren) \"/\" " + team + "\nOK LIST completed\n");
  EXPECT_EQ(bob.say("LIST \"\" \"INBOX*\""),
            "* LIST (\\HasNoChildren) \"/\" INBOX\nOK LIST completed\n");
  ada.say("RENAME team crew");
  EXPECT_TRUE(bob.say("LIST \"\" *").contains("\"Other Users/ada@example.org/crew\"\n"));
  ada.say("DELETE crew");
  EXPECT_FALSE(bob.say("LIST \"\" *").contains("Other Users"));
}

TEST_F(ImapSharing, WithAnyone) {
  EXPECT_EQ(grant("lr", "anyone"), "OK SETACL completed\n");
  EXPECT_TRUE(bob.say("LIST \"\" *").contains(team));
  EXPECT_FALSE(ada.say("LIST \"\" *").contains("Other Users"));
  EXPECT_EQ(grant("l", "-bob@example.org"), "OK SETACL completed\n");
  EXPECT_FALSE(bob.say("LIST \"\" *").contains("Other Users"));
  EXPECT_TRUE(bob.say("SELECT " + team).contains("OK [READ-ONLY] "));  // "r" is left
  EXPECT_EQ(ada.say("DELETEACL team anyone"), "OK DELETEACL completed\n");
  EXPECT_TRUE(bob.say("SELECT " + team).starts_with("* OK [CLOSED]"));
}

TEST_F(ImapSharing, ListTellsRightsAndStatus) {
  grant("lr");
  EXPECT_EQ(bob.say("LIST \"\" (INBOX \"Other Users/ada@example.org/*\") RETURN (MYRIGHTS STATUS "
                    "(MESSAGES))"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\n* MYRIGHTS INBOX lrswipkxteacd\n* STATUS INBOX "
            "(MESSAGES 0)\n"
            "* LIST (\\HasNoChildren) \"/\" " +
                team + "\n* MYRIGHTS " + team + " lr\n* STATUS " + team +
                " (MESSAGES 0)\nOK LIST completed\n");
  grant("l");
  EXPECT_FALSE(bob.say("LIST \"\" \"Oth*\" RETURN (STATUS (MESSAGES))").contains("* STATUS"));
}

TEST_F(ImapSharing, SubscriptionsMayBeOfOthers) {
  const std::string inbox = "* LSUB (\\HasNoChildren) \"/\" INBOX\n";
  grant("lr");
  EXPECT_EQ(bob.say("SUBSCRIBE " + team), "OK SUBSCRIBE completed\n");
  EXPECT_EQ(bob.say("LSUB \"\" *"),
            inbox + "* LSUB (\\HasNoChildren) \"/\" " + team + "\nOK LSUB completed\n");
  ada.say("DELETEACL team bob@example.org");
  EXPECT_EQ(bob.say("LSUB \"\" *"),
            inbox + "* LSUB (\\Noselect) \"/\" " + team + "\nOK LSUB completed\n");
  EXPECT_EQ(bob.say("UNSUBSCRIBE " + team), "OK UNSUBSCRIBE completed\n");
  EXPECT_EQ(bob.say("LSUB \"\" *"), inbox + "OK LSUB completed\n");
}

TEST_F(ImapSharing, ReadersChangeNothing) {
  append();
  grant("lr");
  const std::string opened = bob.say("SELECT " + team);
  EXPECT_TRUE(opened.contains("* 1 EXISTS\n")) << opened;
  EXPECT_TRUE(opened.contains("* OK [PERMANENTFLAGS ()] ")) << opened;
  EXPECT_TRUE(opened.contains("OK [READ-ONLY] ")) << opened;
  EXPECT_TRUE(bob.say("FETCH 1 BODY[TEXT]").contains("* 1 FETCH (BODY[TEXT] "));
  EXPECT_EQ(bob.say("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS ())\nOK FETCH completed\n");
  EXPECT_TRUE(bob.say("STORE 1 +FLAGS (\\Seen)").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(bob.say("EXPUNGE").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(bob.say("MOVE 1 INBOX").starts_with("NO [NOPERM] "));
  bob.send("x APPEND " + team + " {5}\r\n");
  EXPECT_TRUE(bob.hear("\n").starts_with("x NO [NOPERM] "));
  EXPECT_TRUE(bob.say("CREATE \"Other Users/ada@example.org/team/x\"").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(bob.say("DELETE " + team).starts_with("NO [NOPERM] "));
  EXPECT_EQ(bob.say("GETQUOTAROOT " + team),
            "* QUOTAROOT " + team + "\nOK GETQUOTAROOT completed\n");
}

// RFC 4314 4: each flag has its right, and what may not be changed is no error beside what may.
TEST_F(ImapSharing, FlagsByRights) {
  append("(\\Flagged)");
  grant("lrs");
  const std::string opened = bob.say("SELECT " + team);
  EXPECT_TRUE(opened.contains("[PERMANENTFLAGS (\\Seen)]")) << opened;
  EXPECT_TRUE(opened.contains("OK [READ-WRITE] ")) << opened;
  EXPECT_EQ(bob.say("STORE 1 +FLAGS (\\Seen \\Deleted k)"),
            "* 1 FETCH (FLAGS (\\Flagged \\Seen))\nOK STORE completed\n");
  EXPECT_TRUE(bob.say("STORE 1 +FLAGS (\\Deleted)").starts_with("NO [NOPERM] "));
  EXPECT_EQ(bob.say("STORE 1 FLAGS (\\Deleted)"),
            "* 1 FETCH (FLAGS (\\Flagged))\nOK STORE completed\n");
  grant("lrt");
  EXPECT_TRUE(
      bob.say("STORE 1 FLAGS (\\Deleted)").contains("* 1 FETCH (FLAGS (\\Flagged \\Deleted))\n"));
  EXPECT_TRUE(bob.say("EXPUNGE").starts_with("NO [NOPERM] "));
  EXPECT_EQ(bob.say("CLOSE"), "OK CLOSE completed\n");  // and nothing is expunged
  EXPECT_TRUE(ada.say("STATUS team (MESSAGES)").contains("(MESSAGES 1)"));
  grant("lrte");
  bob.say("SELECT " + team);
  EXPECT_EQ(bob.say("EXPUNGE"), "* 1 EXPUNGE\nOK EXPUNGE completed\n");
}

TEST_F(ImapSharing, AppendCopyAndMoveAcross) {
  append("(\\Seen \\Flagged k)");
  append();
  grant("lri");
  bob.say("SELECT " + team);
  // Into one's own: all flags; what the copy is of stays.
  EXPECT_TRUE(bob.say("COPY 1 INBOX").contains("OK [COPYUID "));
  EXPECT_TRUE(bob.say("STATUS INBOX (MESSAGES UNSEEN)").contains("(MESSAGES 1 UNSEEN 0)"));
  bob.say("SELECT INBOX");
  EXPECT_EQ(bob.say("FETCH 1 (FLAGS BODY[])"),
            "* 1 FETCH (FLAGS (\\Flagged \\Seen k) BODY[] {17}\nSubject: a\n\nb\n)\n"
            "OK FETCH completed\n");
  // Into the other's: no flag that one may not set.
  bob.say("COPY 1 " + team);
  bob.send("x APPEND " + team + " (\\Seen \\Draft) {5+}\r\nX: \r\n\r\n");
  EXPECT_TRUE(bob.hear("\n").starts_with("x OK [APPENDUID "));
  ada.say("SELECT team");
  EXPECT_EQ(ada.say("FETCH 1:* FLAGS"),
            "* 1 FETCH (FLAGS (\\Flagged \\Seen k))\n* 2 FETCH (FLAGS ())\n"
            "* 3 FETCH (FLAGS ())\n* 4 FETCH (FLAGS ())\nOK FETCH completed\n");
  // A MOVE takes the right to delete.
  grant("lrite");
  bob.say("SELECT " + team);
  const std::string moved = bob.say("UID MOVE 1,2,99 INBOX");
  EXPECT_TRUE(moved.starts_with("* OK [COPYUID ")) << moved;
  EXPECT_TRUE(moved.contains(" 1:2 2:3]")) << moved;
  EXPECT_TRUE(moved.contains("* 2 EXPUNGE\n* 1 EXPUNGE\nOK MOVE completed\n")) << moved;
  EXPECT_EQ(ada.say("NOOP"), "* 2 EXPUNGE\n* 1 EXPUNGE\nOK NOOP completed\n");
  EXPECT_TRUE(bob.say("STATUS INBOX (MESSAGES)").contains("(MESSAGES 3)"));
}

TEST_F(ImapSharing, NewOnesAreSharedAsTheOneAbove) {
  grant("lrk");
  EXPECT_TRUE(bob.say("CREATE \"Other Users/ada@example.org/team/a/b\"").starts_with("OK "));
  EXPECT_TRUE(ada.say("LIST \"\" team*").contains("team/a/b\n"));
  EXPECT_TRUE(ada.say("GETACL team/a").contains(" bob@example.org lrkc\n"));
  EXPECT_TRUE(bob.say("LIST \"\" *").contains("team/a/b\"\n"));
  EXPECT_TRUE(
      bob.say("DELETE \"Other Users/ada@example.org/team/a/b\"").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(
      bob.say(
             "RENAME \"Other Users/ada@example.org/team/a\" \"Other Users/ada@example.org/team/c\"")
          .starts_with("NO [NOPERM] "));
  ada.say("SETACL team/a bob@example.org lrkx");
  EXPECT_TRUE(
      bob.say("RENAME \"Other Users/ada@example.org/team/a\" x").starts_with("NO [CANNOT] "));
  EXPECT_TRUE(
      bob.say("RENAME \"Other Users/ada@example.org/team/a\" \"Other Users/ada@example.org/top\"")
          .starts_with("NO [NONEXISTENT] "));
  EXPECT_TRUE(
      bob.say(
             "RENAME \"Other Users/ada@example.org/team/a\" \"Other Users/ada@example.org/team/c\"")
          .starts_with("OK "));
  EXPECT_TRUE(ada.say("LIST \"\" team*").contains("team/c/b\n"));
  EXPECT_TRUE(bob.say("DELETE \"Other Users/ada@example.org/team/c\"").starts_with("OK "));
}

TEST_F(ImapSharing, WhoLosesTheRightToReadIsTold) {
  append();
  grant("lr");
  bob.say("SELECT " + team);
  grant("l");
  EXPECT_EQ(bob.say("FETCH 1 FLAGS"),
            "* OK [CLOSED] The selected mailbox may not be read any more\n"
            "NO [NOPERM] The mailbox may not be read any more\n");
  EXPECT_TRUE(bob.say("FETCH 1 FLAGS").starts_with("BAD "));
  grant("lr");
  bob.say("SELECT " + team);
  bob.send("i IDLE\r\n");
  EXPECT_TRUE(bob.hear("\n").starts_with("+ "));
  ada.say("DELETEACL team bob@example.org");
  EXPECT_EQ(bob.hear("\n"), "* OK [CLOSED] The selected mailbox is gone\n");
  bob.send("DONE\r\n");
  EXPECT_EQ(bob.hear("\n"), "i OK IDLE completed\n");
  EXPECT_TRUE(bob.say("CLOSE").starts_with("BAD "));
  EXPECT_TRUE(bob.say("SELECT " + team).starts_with("NO [NONEXISTENT] "));
}

TEST_F(ImapSharing, WhatOneMayDoChangesUnderOnesEyes) {
  append();
  grant("lr");
  bob.say("SELECT " + team);
  grant("lrs");
  const std::string told = bob.say("NOOP");
  EXPECT_TRUE(told.contains("* OK [PERMANENTFLAGS (\\Seen)] ")) << told;
  EXPECT_TRUE(told.contains("* OK [READ-WRITE] ")) << told;
  EXPECT_EQ(bob.say("STORE 1 +FLAGS (\\Seen)"), "* 1 FETCH (FLAGS (\\Seen))\nOK STORE completed\n");
  grant("lr");
  EXPECT_TRUE(bob.say("STORE 1 -FLAGS (\\Seen)").contains("NO [NOPERM] "));
}

TEST_F(ImapSharing, NewsComeAcrossAccounts) {
  append();
  grant("lrs");
  bob.say("SELECT " + team);
  ada.say("SELECT team");
  bob.say("STORE 1 +FLAGS (\\Seen)");
  EXPECT_EQ(ada.say("NOOP"), "* 1 FETCH (FLAGS (\\Seen))\nOK NOOP completed\n");
  append();
  EXPECT_EQ(bob.say("NOOP"), "* 2 EXISTS\nOK NOOP completed\n");
  // Mailboxes of two accounts may have one number.
  ada.say("CLOSE");
  bob.say("CREATE mine");
  bob.say("DELETE mine");
  EXPECT_EQ(bob.say("NOOP"), "OK NOOP completed\n");
}

TEST_F(ImapSharing, AnotherMayAdminister) {
  grant("la");
  EXPECT_EQ(bob.say("SETACL " + team + " bob@example.org lra"), "OK SETACL completed\n");
  EXPECT_TRUE(bob.say("SELECT " + team).contains("OK [READ-ONLY] "));
  EXPECT_EQ(bob.say("SETACL " + team + " ada@example.org \"\""), "OK SETACL completed\n");
  EXPECT_EQ(ada.say("MYRIGHTS team"), "* MYRIGHTS team la\nOK MYRIGHTS completed\n");
}

}  // namespace
}  // namespace postrider::imap
