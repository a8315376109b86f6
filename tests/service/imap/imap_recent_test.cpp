// \Recent, of RFC 3501 2.3.2: new to the first session that hears of it, and to no other.
#include "imap_world.hpp"

#include <set>
#include <string>

namespace postrider::imap {
namespace {

class Client : public ImapClient {
 public:
  explicit Client(ImapWorld& world) : ImapClient(world) { hears_recent = true; }
};

class ImapRecent : public ImapWorld {
 public:
  void deliver_some(int count) {
    for (int i = 0; i < count; ++i) {
      deliver("Subject: x\r\n\r\n");
    }
  }
};

TEST_F(ImapRecent, IsForTheFirstThatSelects) {
  deliver_some(2);
  Client first(*this);
  first.log_in();
  EXPECT_TRUE(first.say("STATUS INBOX (RECENT)").starts_with("* STATUS INBOX (RECENT 2)\n"));
  // Who changes nothing takes nothing (RFC 3501 6.3.2).
  EXPECT_TRUE(first.say("EXAMINE INBOX").contains("\n* 2 RECENT\n"));
  EXPECT_EQ(first.say("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS (\\Recent))\nOK FETCH completed\n");
  EXPECT_TRUE(first.say("SELECT INBOX").contains("\n* 2 RECENT\n"));
  EXPECT_TRUE(first.say("STATUS INBOX (RECENT)").starts_with("* STATUS INBOX (RECENT 0)\n"));
  Client second(*this);
  second.log_in();
  EXPECT_TRUE(second.say("SELECT INBOX").contains("\n* 0 RECENT\n"));
  EXPECT_EQ(second.say("FETCH 1:2 FLAGS"),
            "* 1 FETCH (FLAGS ())\n* 2 FETCH (FLAGS ())\nOK FETCH completed\n");
  // It stays as long as the session does, and is told with every FLAGS.
  EXPECT_EQ(first.say("STORE 1 FLAGS (\\Seen)"),
            "* 1 FETCH (FLAGS (\\Seen \\Recent))\nOK STORE completed\n");
  second.say("STORE 2 +FLAGS (\\Flagged)");
  EXPECT_EQ(first.say("NOOP"), "* 2 FETCH (FLAGS (\\Flagged \\Recent))\nOK NOOP completed\n");
  EXPECT_TRUE(first.say("SELECT INBOX").contains("\n* 0 RECENT\n"));
}

TEST_F(ImapRecent, IsForTheFirstThatIsTold) {
  Client first(*this);
  Client second(*this);
  first.log_in();
  second.log_in();
  first.say("SELECT INBOX");
  second.say("SELECT INBOX");
  deliver_some(1);
  EXPECT_EQ(second.say("NOOP"), "* 1 EXISTS\n* 1 RECENT\nOK NOOP completed\n");
  EXPECT_EQ(first.say("NOOP"), "* 1 EXISTS\nOK NOOP completed\n");
  deliver_some(1);
  EXPECT_EQ(first.say("NOOP"), "* 2 EXISTS\n* 1 RECENT\nOK NOOP completed\n");
  EXPECT_EQ(second.say("UID FETCH 1:* (FLAGS)"),
            "* 1 FETCH (UID 1 FLAGS (\\Recent))\n* 2 EXISTS\nOK FETCH completed\n");
  EXPECT_EQ(second.say("UID FETCH 2 (FLAGS)"), "* 2 FETCH (UID 2 FLAGS ())\nOK FETCH completed\n");
}

TEST_F(ImapRecent, IsSearchedFor) {  // RFC 3501 6.4.4
  deliver_some(1);
  Client before(*this);
  before.open();
  deliver_some(2);
  Client client(*this);
  client.open();
  client.say("STORE 3 +FLAGS (\\Seen)");
  EXPECT_EQ(client.say("SEARCH RECENT"), "* SEARCH 2 3\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("SEARCH NEW"), "* SEARCH 2\nOK SEARCH completed\n");
  EXPECT_EQ(client.say("SEARCH OLD"), "* SEARCH 1\nOK SEARCH completed\n");
}

TEST_F(ImapRecent, IsCopied) {  // RFC 3501 6.4.7: it comes into another mailbox anew
  deliver_some(1);
  Client client(*this);
  client.open();
  client.say("CREATE x");
  client.say("COPY 1 x");
  EXPECT_TRUE(client.say("SELECT x").contains("\n* 1 RECENT\n"));
}

// What SELECT tells is of one moment, though it asks who is new in between: no UID below UIDNEXT
// shows up later (RFC 9051 2.3.1.1).
TEST_F(ImapRecent, SelectTellsOfOneMoment) {
  constexpr std::uint32_t count = 300;
  struct Local {
    static engine::Task<void> file(ImapRecent* test, bool* is_done) {
      flow::MailFiling filing(test->reactor(), test->world.boxes());
      for (std::uint32_t i = 0; i < count; ++i) {
        auto mail = co_await filing.prepare(SharedOctets(std::string("Subject: x\r\n\r\n")));
        flow::FilingOrder order{.account = "ada@example.org", .mailbox = store::MailboxId::inbox};
        EXPECT_TRUE(co_await filing.file(std::move(mail), std::move(order)));
      }
      *is_done = true;
    }
  };
  const auto number_before = [](const std::string& text, std::string_view word) {
    const std::size_t end = text.find(word);
    const std::size_t begin = text.rfind(' ', end - 1) + 1;
    return std::stoul(text.substr(begin, end - begin));
  };
  Client client(*this);
  client.log_in();
  bool is_done = false;
  reactor().spawn(Local::file(this, &is_done));
  std::set<unsigned long> seen;
  while (!is_done) {
    const std::string told = client.say("SELECT INBOX");
    ASSERT_TRUE(told.contains(" EXISTS\n") && told.contains("UIDNEXT ")) << told;
    const auto exists = number_before(told, " EXISTS\n");
    seen.insert(exists);
    ASSERT_EQ(number_before(told, "] The next UID"), exists + 1) << told;
  }
  EXPECT_GT(seen.size(), 10U) << "nothing came in between: the test did not test what it says";
}

// \Recent is gone from it.
TEST_F(ImapRecent, NothingInImap4rev2) {
  deliver_some(1);
  Client client(*this);
  client.log_in();
  client.say("ENABLE IMAP4rev2");
  EXPECT_FALSE(client.say("SELECT INBOX").contains("RECENT"));
  EXPECT_EQ(client.say("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS ())\nOK FETCH completed\n");
  deliver_some(1);
  EXPECT_EQ(client.say("NOOP"), "* 2 EXISTS\nOK NOOP completed\n");
  EXPECT_EQ(client.say("SEARCH RETURN (COUNT) RECENT"),
            "* ESEARCH (TAG \"t6\") COUNT 0\nOK SEARCH completed\n");
  Client second(*this);
  EXPECT_TRUE(second.open().contains("\n* 0 RECENT\n"));
}

// RFC 9051 7.3.5: FLAGS has every keyword before a FETCH response does.
TEST_F(ImapRecent, KeywordsAreToldBeforeTheyAreUsed) {
  deliver_some(1);
  Client first(*this);
  Client second(*this);
  first.open();
  second.open();
  second.say("STORE 1 +FLAGS ($New)");
  const std::string heard = first.say("FETCH 1 FLAGS");
  EXPECT_TRUE(heard.starts_with("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)\n"))
      << heard;
  EXPECT_TRUE(heard.contains("* 1 FETCH (FLAGS (\\Recent $New))\n")) << heard;
}

}  // namespace
}  // namespace postrider::imap
