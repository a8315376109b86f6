// ESEARCH over several mailboxes (RFC 7377).
#include "imap_world.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace postrider::imap {
namespace {

class ImapMultisearch : public ImapWorld {
 public:
  ImapMultisearch() : client(*this) {
    client.log_in();
    for (const std::string name : {"a", "a/b", "a/b/c", "d"}) {
      client.say("CREATE " + name);
      deliver("Subject: in " + name + "\r\n\r\n", {}, id_of(name));
    }
    deliver("Subject: other\r\n\r\n");
    deliver("Subject: in INBOX\r\n\r\n");
  }
  std::vector<store::Mailbox> all() {
    const auto account = run(world.boxes().open_account("ada@example.org"));
    return run(world.boxes().list(*account)).value_or(std::vector<store::Mailbox>());
  }
  store::MailboxId id_of(const std::string& name) {
    const auto mailboxes = all();
    return std::ranges::find(mailboxes, name, &store::Mailbox::name)->id;
  }
  std::string answer(const std::string& mailbox, const std::string& what) {
    const auto mailboxes = all();
    const auto row = std::ranges::find(mailboxes, mailbox, &store::Mailbox::name);
    return fmt::format("* ESEARCH (TAG \"e\" MAILBOX {} UIDVALIDITY {}) UID {}\n", mailbox,
                       row->uid_validity, what);
  }
  std::string search(const std::string& command) {
    client.send("e ESEARCH " + command + "\r\n");
    std::string heard = client.hear("\r\n");
    while (!heard.contains("e OK ") && !heard.contains("e NO ") && !heard.contains("e BAD ")) {
      heard += client.hear("\r\n");
    }
    return heard;
  }
  ImapClient client;
  const std::string ok = "e OK ESEARCH completed\n";
};

TEST_F(ImapMultisearch, IsOffered) {
  EXPECT_TRUE(client.say("CAPABILITY").contains(" MULTISEARCH "));
}

// Each mailbox has an answer of its own; those without a match have none.
TEST_F(ImapMultisearch, FindsInEachSource) {
  EXPECT_EQ(search("IN (PERSONAL) SUBJECT in"),
            answer("INBOX", "ALL 2") + answer("a", "ALL 1") + answer("a/b", "ALL 1") +
                answer("a/b/c", "ALL 1") + answer("d", "ALL 1") + ok);
  EXPECT_EQ(search("IN (MAILBOXES (INBOX d no-such)) SUBJECT other"),
            answer("INBOX", "ALL 1") + ok);
  EXPECT_EQ(search("IN (SUBTREE a) ALL"),
            answer("a", "ALL 1") + answer("a/b", "ALL 1") + answer("a/b/c", "ALL 1") + ok);
  EXPECT_EQ(search("IN (SUBTREE-ONE a) ALL"), answer("a", "ALL 1") + answer("a/b", "ALL 1") + ok);
  client.say("SUBSCRIBE d");
  EXPECT_EQ(search("IN (SUBSCRIBED) ALL"), answer("INBOX", "ALL 1:2") + answer("d", "ALL 1") + ok);
  EXPECT_EQ(search("IN (PERSONAL) SUBJECT nowhere"), ok);
}

TEST_F(ImapMultisearch, ReturnOptionsHoldForEach) {
  EXPECT_EQ(search("IN (MAILBOXES (INBOX d)) RETURN (MIN MAX COUNT) ALL"),
            answer("INBOX", "MIN 1 MAX 2 COUNT 2") + answer("d", "MIN 1 MAX 1 COUNT 1") + ok);
  EXPECT_EQ(search("IN (INBOXES) RETURN (COUNT) SUBJECT nowhere"), ok);
}

// A mailbox that several sources mean is searched once.
TEST_F(ImapMultisearch, SourcesOverlap) {
  client.say("SELECT a");
  EXPECT_EQ(search("IN (SELECTED SUBTREE a MAILBOXES a/b) ALL"),
            answer("a", "ALL 1") + answer("a/b", "ALL 1") + answer("a/b/c", "ALL 1") + ok);
}

TEST_F(ImapMultisearch, SelectedIsTheDefaultAndMayBeSaved) {
  EXPECT_TRUE(search("ALL").starts_with("e BAD "));
  EXPECT_TRUE(search("IN (SELECTED) ALL").starts_with("e BAD "));
  client.say("SELECT INBOX");
  EXPECT_EQ(search("SUBJECT other"), answer("INBOX", "ALL 1") + ok);
  EXPECT_EQ(search("RETURN (SAVE COUNT) SUBJECT other"), answer("INBOX", "COUNT 1") + ok);
  EXPECT_EQ(client.say("FETCH $ UID"), "* 1 FETCH (UID 1)\nOK FETCH completed\n");
  EXPECT_TRUE(search("IN (SELECTED MAILBOXES d) RETURN (SAVE) ALL").starts_with("e BAD "));
}

// RFC 7377 2: numbers past the end are no error, and the selection stays as it is.
TEST_F(ImapMultisearch, NumbersAreClipped) {
  client.say("SELECT d");
  EXPECT_EQ(search("IN (MAILBOXES (INBOX a)) 1:100"),
            answer("INBOX", "ALL 1:2") + answer("a", "ALL 1") + ok);
  EXPECT_EQ(search("IN (MAILBOXES a) 7:9"), ok);
  EXPECT_TRUE(client.say("FETCH 1 UID").starts_with("* 1 FETCH (UID 1)"));
}

TEST_F(ImapMultisearch, OthersMailboxesAreNotFound) {
  ImapClient bob(*this);
  bob.log_in("bob@example.org");
  EXPECT_EQ(bob.say("ESEARCH IN (PERSONAL) ALL"), "OK ESEARCH completed\n");
  EXPECT_EQ(bob.say("ESEARCH IN (MAILBOXES (a \"Other Users/ada@example.org/a\")) ALL"),
            "OK ESEARCH completed\n");
}

}  // namespace
}  // namespace postrider::imap
