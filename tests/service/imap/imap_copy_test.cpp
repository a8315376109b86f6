// COPY, MOVE and REPLACE of much, and what is left when they fail.
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

// Has a limit for one account, and else none.
struct QuotaOf final : flow::Directory {
  store::MailQuota quota;
  [[nodiscard]] bool hosts_any() const override { return true; }
  engine::Task<Result<bool, flow::AddressFailure>> is_hosted(std::string) override {
    co_return true;
  }
  engine::Task<Result<flow::AddressHome, flow::AddressFailure>> check(
      flow::AddressQuestion) override {
    co_return flow::AddressHome::here;
  }
  engine::Task<Result<std::vector<store::Recipient>, flow::AddressFailure>> place(
      std::vector<store::Recipient> recipients) override {
    co_return recipients;
  }
  engine::Task<Result<flow::MailOwner, flow::AddressFailure>> owner(std::string) override {
    flow::MailOwner out;
    out.quota = quota;
    co_return out;
  }
  engine::Task<Result<flow::ListFacts, flow::AddressFailure>> list(std::string) override {
    co_return failure(flow::AddressFailure::unavailable);
  }
};

// Two slices of the store and some.
constexpr int many = 2100;

class ImapCopy : public ImapWorld {
 public:
  ImapCopy() {
    directory = &limits;
    for (int i = 0; i < many; ++i) {
      (void)world.add(fmt::format("Subject: {}\r\n\r\n", i));
    }
  }
  std::string status(ImapClient& client, const std::string& mailbox) {
    return client.say("STATUS " + mailbox + " (MESSAGES)");
  }
  QuotaOf limits;
};

TEST_F(ImapCopy, GoesSliceBySlice) {
  settings.progress_interval = Duration(0);
  ImapClient client(*this);
  client.open();
  client.say("CREATE a");
  const std::string heard = client.say("COPY 1:* a");
  EXPECT_TRUE(heard.contains(" 1000 2100)] Still working on it\n")) << heard.substr(0, 300);
  EXPECT_TRUE(heard.contains(" 2000 2100)] Still working on it\n"));
  EXPECT_TRUE(heard.contains(" 1:2100 1:2100] COPY completed\n"));
  EXPECT_TRUE(status(client, "a").contains("(MESSAGES 2100)"));
  const std::string moved = client.say("UID MOVE 1:2000 a");
  EXPECT_TRUE(moved.contains(" 1:2000 2101:4100] Moved\n"));
  EXPECT_TRUE(status(client, "a").contains("(MESSAGES 4100)"));
  EXPECT_TRUE(status(client, "INBOX").contains("(MESSAGES 100)"));
}

// RFC 9051 6.4.7: the destination is as it was before.
TEST_F(ImapCopy, TakesBackWhatWasCopiedWhenItFails) {
  ImapClient client(*this);
  client.open();
  client.say("CREATE a");
  const auto all = world.rows();
  std::uint64_t size = 0;
  for (const store::MailRow& row : all) {
    size += row.facts.size_bytes();
  }
  limits.quota.size_bytes = 2 * size - 1;  // all but the last
  EXPECT_TRUE(client.say("COPY 1:* a").starts_with("NO [OVERQUOTA] "));
  EXPECT_TRUE(status(client, "a").contains("(MESSAGES 0)"));
  EXPECT_EQ(run(world.boxes().usage(world.account))->messages, std::uint64_t{many});
  limits.quota.size_bytes = 2 * size;
  EXPECT_TRUE(client.say("COPY 1:* a").starts_with("OK [COPYUID "));
}

TEST_F(ImapCopy, ASumThatIsOverIsKnownBefore) {
  ImapClient client(*this);
  client.open();
  client.say("CREATE a");
  limits.quota.messages = 2 * many - 1;
  EXPECT_TRUE(client.say("COPY 1:* a").starts_with("NO [OVERQUOTA] "));
  const auto boxes = run(world.boxes().list(world.account));
  EXPECT_EQ(boxes->back().uid_next, 1U);  // none of them was ever there
}

// What comes in between the slices is news.
TEST_F(ImapCopy, IntoItselfSkipsItsOwnOnly) {
  ImapClient client(*this);
  client.open();
  client.say("NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge))");
  const std::string heard = client.say("COPY 1:1001 INBOX");
  EXPECT_TRUE(heard.contains(" 1:1001 2101:3101] COPY completed\n")) << heard.substr(0, 300);
  EXPECT_FALSE(heard.contains("FETCH")) << heard.substr(0, 300);
  const store::Uid uid = world.add("Subject: new\r\n\r\n");
  EXPECT_TRUE(client.hear_now().contains(fmt::format("FETCH (UID {}", uid)));
}

// From one account to another there are two commits: first the new one comes, then the old one
// goes.
class ImapReplaceOrder : public ImapWorld {
 public:
  ImapReplaceOrder() : ada(*this), bob(*this) {
    ada.log_in();
    ada.say("CREATE drafts");
    ada.send("x APPEND drafts {8+}\r\nX: 1\r\n\r\n\r\n");
    EXPECT_TRUE(ada.hear("\n").starts_with("x OK "));
    bob.log_in("bob@example.org");
    ada.say("SETACL drafts bob@example.org lrte");
    bob.say("SELECT \"Other Users/ada@example.org/drafts\"");
  }
  ImapClient ada;
  ImapClient bob;
};

TEST_F(ImapReplaceOrder, WhatCannotComeLeavesTheOldOne) {
  ImapClient other(*this);
  other.log_in("bob@example.org");
  other.say("CREATE kept");
  bob.send("y REPLACE 1 kept {9}\r\n");
  const std::string go_on = bob.hear("\n");
  ASSERT_TRUE(go_on.starts_with("+ ")) << go_on;
  other.say("DELETE kept");
  bob.send("X: 22\r\n\r\n\r\n");
  const std::string heard = bob.hear("\n");
  EXPECT_TRUE(heard.starts_with("y NO [TRYCREATE] ")) << heard;
  EXPECT_TRUE(ada.say("STATUS drafts (MESSAGES)").contains("(MESSAGES 1)"));
}

TEST_F(ImapReplaceOrder, IfTheOldOneCannotGoTheNewOneIsTakenBack) {
  bob.send("y REPLACE 1 INBOX {9}\r\n");
  const std::string go_on = bob.hear("\n");
  ASSERT_TRUE(go_on.starts_with("+ ")) << go_on;
  ada.say("SELECT drafts");
  ada.say("STORE 1 +FLAGS.SILENT (\\Deleted)");
  ada.say("EXPUNGE");
  bob.send("X: 22\r\n\r\n\r\n");
  const std::string heard = bob.hear("\ny NO ") + bob.hear("\n");
  EXPECT_TRUE(heard.contains("y NO [EXPUNGEISSUED] ")) << heard;
  EXPECT_TRUE(bob.say("STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
}

TEST_F(ImapReplaceOrder, NorIfItsMailboxGoes) {
  bob.send("y REPLACE 1 INBOX {9}\r\n");
  const std::string go_on = bob.hear("\n");
  ASSERT_TRUE(go_on.starts_with("+ ")) << go_on;
  ada.say("DELETE drafts");
  bob.send("X: 22\r\n\r\n\r\n");
  EXPECT_TRUE(bob.hear("y NO ").ends_with("y NO "));
  bob.hear("\n");
  EXPECT_TRUE(bob.say("STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
}

}  // namespace
}  // namespace postrider::imap
