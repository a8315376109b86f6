// Annotations of mailboxes and of the server (RFC 5464).
#include "imap_world.hpp"

namespace postrider::imap {
namespace {

class ImapMetadata : public ImapWorld {
 public:
  ImapMetadata() : ada(*this), bob(*this) {
    ada.log_in();
    bob.log_in("bob@example.org");
    ada.say("CREATE team");
  }
  static inline const std::string team = "\"Other Users/ada@example.org/team\"";
  static inline const std::string done = "OK SETMETADATA completed\n";
  ImapClient ada;
  ImapClient bob;
};

TEST_F(ImapMetadata, SetGetRemove) {
  EXPECT_TRUE(ada.say("CAPABILITY").contains(" METADATA "));
  EXPECT_EQ(ada.say("SETMETADATA team (/private/Comment \"mine\" /shared/comment {4+}\r\nours)"),
            done);
  EXPECT_EQ(
      ada.say("GETMETADATA team (/shared/comment /PRIVATE/comment /private/none)"),
      "* METADATA team (/private/comment \"mine\" /private/none NIL /shared/comment \"ours\")\n"
      "OK GETMETADATA completed\n");
  EXPECT_EQ(ada.say("SETMETADATA team (/private/comment NIL /shared/comment \"\")"), done);
  EXPECT_EQ(ada.say("GETMETADATA team /private/comment"),
            "* METADATA team (/private/comment NIL)\nOK GETMETADATA completed\n");
  EXPECT_EQ(ada.say("GETMETADATA team /shared/comment"),
            "* METADATA team (/shared/comment \"\")\nOK GETMETADATA completed\n");
  EXPECT_TRUE(ada.say("GETMETADATA none /shared/comment").starts_with("NO [NONEXISTENT] "));
  EXPECT_TRUE(ada.say("SETMETADATA team (/comment \"x\")").starts_with("BAD "));
  EXPECT_TRUE(ada.say("SETMETADATA team (/private \"x\")").starts_with("BAD "));
  EXPECT_TRUE(ada.say("SETMETADATA team (/private/a* \"x\")").starts_with("BAD "));
}

TEST_F(ImapMetadata, DepthAndMaxsize) {
  ada.say(
      "SETMETADATA team (/shared/a \"1\" /shared/a/b \"22\" /shared/a/b/c \"333\" /shared/ab "
      "\"4\")");
  EXPECT_EQ(ada.say("GETMETADATA (DEPTH 1) team /shared/a"),
            "* METADATA team (/shared/a \"1\" /shared/a/b \"22\")\nOK GETMETADATA completed\n");
  EXPECT_EQ(ada.say("GETMETADATA (DEPTH infinity) team (/shared /private)"),
            "* METADATA team (/shared/a \"1\" /shared/a/b \"22\" /shared/a/b/c \"333\" /shared/ab "
            "\"4\")\n"
            "OK GETMETADATA completed\n");
  EXPECT_EQ(ada.say("GETMETADATA team (DEPTH infinity MAXSIZE 1) /shared/a"),
            "* METADATA team (/shared/a \"1\")\n"
            "OK [METADATA LONGENTRIES 3] GETMETADATA completed\n");
  EXPECT_EQ(ada.say("GETMETADATA (DEPTH 1) team /private/none"), "OK GETMETADATA completed\n");
}

TEST_F(ImapMetadata, Limits) {
  const std::string most(64 * 1024, 'x');
  EXPECT_EQ(ada.say("SETMETADATA team (/private/a {65536+}\r\n" + most + ")"), done);
  EXPECT_TRUE(ada.say("SETMETADATA team (/private/a {65537+}\r\n" + most + "x)")
                  .starts_with("NO [METADATA MAXSIZE 65536] "));
  for (int i = 1; i < 100; ++i) {
    ASSERT_EQ(ada.say("SETMETADATA team (/private/n" + std::to_string(i) + " \"v\")"), done);
  }
  EXPECT_TRUE(
      ada.say("SETMETADATA team (/private/more \"v\")").starts_with("NO [METADATA TOOMANY] "));
  EXPECT_EQ(ada.say("SETMETADATA team (/private/more \"v\" /private/n1 NIL)"), done);
  EXPECT_EQ(ada.say("SETMETADATA team (/shared/more \"v\")"), done);
}

TEST_F(ImapMetadata, OfTheServer) {
  EXPECT_EQ(ada.say("SETMETADATA \"\" (/private/vendor/x/colour \"red\")"), done);
  EXPECT_EQ(ada.say("GETMETADATA \"\" /private/vendor/x/colour"),
            "* METADATA \"\" (/private/vendor/x/colour \"red\")\nOK GETMETADATA completed\n");
  EXPECT_EQ(bob.say("GETMETADATA \"\" (/private/vendor/x/colour /shared/admin)"),
            "* METADATA \"\" (/private/vendor/x/colour NIL /shared/admin "
            "\"mailto:postmaster@example.org\")\nOK GETMETADATA completed\n");
  EXPECT_TRUE(ada.say("SETMETADATA \"\" (/shared/comment \"x\")").starts_with("NO [NOPERM] "));
}

// RFC 6154 4.
TEST_F(ImapMetadata, UsesOfMailboxes) {
  ada.say("CREATE Gone (USE (\\Trash))");
  EXPECT_EQ(ada.say("GETMETADATA Gone /private/specialuse"),
            "* METADATA Gone (/private/specialuse \"\\\\Trash\")\nOK GETMETADATA completed\n");
  EXPECT_EQ(ada.say("GETMETADATA team /private/specialuse"),
            "* METADATA team (/private/specialuse NIL)\nOK GETMETADATA completed\n");
  EXPECT_TRUE(
      ada.say("SETMETADATA team (/private/specialuse \"\\\\Sent\")").starts_with("NO [CANNOT] "));
}

TEST_F(ImapMetadata, OfSharedMailboxes) {
  ada.say("SETMETADATA team (/private/a \"ada's\" /shared/a \"ours\")");
  ada.say("SETACL team bob@example.org l");
  EXPECT_TRUE(bob.say("GETMETADATA " + team + " /shared/a").starts_with("NO [NOPERM] "));
  ada.say("SETACL team bob@example.org lr");
  EXPECT_EQ(bob.say("GETMETADATA " + team + " (/private/a /shared/a)"),
            "* METADATA " + team +
                " (/private/a NIL /shared/a \"ours\")\n"
                "OK GETMETADATA completed\n");
  EXPECT_EQ(bob.say("SETMETADATA " + team + " (/private/a \"bob's\")"), done);
  EXPECT_TRUE(
      bob.say("SETMETADATA " + team + " (/shared/a \"bob's\")").starts_with("NO [NOPERM] "));
  EXPECT_TRUE(ada.say("GETMETADATA team /private/a").contains("\"ada's\""));
  ada.say("SETACL team bob@example.org lrw");
  EXPECT_EQ(bob.say("SETMETADATA " + team + " (/shared/a \"bob's\")"), done);
  EXPECT_TRUE(ada.say("GETMETADATA team /shared/a").contains("\"bob's\""));
}

// RFC 5464 4.4.2.
TEST_F(ImapMetadata, ChangesAreToldToWhoEnabledIt) {
  ada.say("SETACL team bob@example.org lrw");
  EXPECT_EQ(bob.say("ENABLE METADATA"), "* ENABLED METADATA\nOK ENABLE completed\n");
  bob.say("SELECT " + team);
  ada.say("SELECT team");
  ada.say("SETMETADATA team (/private/a \"v\" /shared/b \"v\" /shared/c \"v\")");
  EXPECT_EQ(bob.say("NOOP"), "* METADATA " + team + " /shared/b /shared/c\nOK NOOP completed\n");
  EXPECT_EQ(bob.say("NOOP"), "OK NOOP completed\n");
  bob.send("i IDLE\r\n");
  EXPECT_TRUE(bob.hear("\n").starts_with("+ "));
  ada.say("SETMETADATA team (/shared/b NIL)");
  EXPECT_EQ(bob.hear("\n"), "* METADATA " + team + " /shared/b\n");
  bob.send("DONE\r\n");
  EXPECT_EQ(bob.hear("\n"), "i OK IDLE completed\n");
  EXPECT_EQ(ada.say("NOOP"), "OK NOOP completed\n");  // it has not asked for it
}

}  // namespace
}  // namespace postrider::imap
