// Who watches an account hears of all its mailboxes, and of what belongs to none.
#include "mailbox_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

class Ear final : public MailboxListener {
 public:
  void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
    heard.push_back(update);
  }
  std::vector<std::shared_ptr<const MailboxUpdate>> heard;
};

class AccountWatch : public testing::Test {
 public:
  AccountWatch() : world(1, 3) {}
  WatchedAccount watch(CoreId core = 2) {
    auto watched = world.twin.run(world.boxes(core).watch(world.account, &ear));
    return watched ? *std::move(watched) : WatchedAccount{};
  }
  MailboxId create(const std::string& name) {
    return world.twin.run(world.boxes().create(world.account, name, SpecialUse::none))
        .value_or(Mailbox{})
        .id;
  }
  void arrive() { (void)world.twin.run(world.boxes(2).usage(world.account)); }

  MailWorld world;
  Ear ear;
};

TEST_F(AccountWatch, BeginsWithAViewAndTellsWhatComesAfterIt) {
  const MailboxId before = create("before");
  ASSERT_TRUE(world.twin.run(world.boxes().subscribe(world.account, "before", true)));
  const auto watched = watch();
  ASSERT_EQ(watched.view.mailboxes.size(), 2U);
  EXPECT_EQ(watched.view.mailboxes.back().name, "before");
  EXPECT_EQ(watched.view.subscriptions, (std::vector<std::string>{"INBOX", "before"}));
  const Uid uid = world.add("one", before);
  world.add("two");
  arrive();
  ASSERT_EQ(ear.heard.size(), 2U);
  EXPECT_EQ(ear.heard[0]->mailbox, before);
  EXPECT_EQ(ear.heard[0]->inserted.front().first, uid);
  EXPECT_EQ(ear.heard[0]->counts.messages, 1U);
  EXPECT_FALSE(ear.heard[0]->naming);
  EXPECT_EQ(ear.heard[1]->mailbox, MailboxId::inbox);
}

TEST_F(AccountWatch, TellsNames) {
  const auto watched = watch();
  const MailboxId upper = create("a");
  const MailboxId lower = create("a/b");
  ASSERT_TRUE(world.twin.run(world.boxes(1).rename(world.account, upper, "c")));
  ASSERT_TRUE(world.twin.run(world.boxes(1).remove(world.account, upper)));
  arrive();
  ASSERT_EQ(ear.heard.size(), 5U);
  ASSERT_TRUE(ear.heard[0]->naming);
  EXPECT_EQ(ear.heard[0]->naming->row.name, "a");
  EXPECT_EQ(ear.heard[0]->naming->old_name, "");
  EXPECT_GT(ear.heard[0]->naming->row.uid_validity, 0U);
  ASSERT_TRUE(ear.heard[2]->naming);
  EXPECT_EQ(ear.heard[2]->naming->row.name, "c");
  EXPECT_EQ(ear.heard[2]->naming->old_name, "a");
  EXPECT_FALSE(ear.heard[2]->naming->is_along);
  ASSERT_TRUE(ear.heard[3]->naming);
  EXPECT_EQ(ear.heard[3]->mailbox, lower);
  EXPECT_EQ(ear.heard[3]->naming->row.name, "c/b");
  EXPECT_TRUE(ear.heard[3]->naming->is_along);
  EXPECT_EQ(ear.heard[4]->mailbox, upper);
  EXPECT_TRUE(ear.heard[4]->is_gone);
}

TEST_F(AccountWatch, TellsSubscriptionsThatChange) {
  const auto watched = watch();
  for (const bool yes : {true, true, false}) {
    ASSERT_TRUE(world.twin.run(world.boxes().subscribe(world.account, "no/such", yes)));
  }
  arrive();
  ASSERT_EQ(ear.heard.size(), 2U);
  EXPECT_EQ(ear.heard[0]->mailbox, MailboxId::none);
  EXPECT_EQ(ear.heard[0]->subscription, std::pair(std::string("no/such"), true));
  EXPECT_EQ(ear.heard[1]->subscription, std::pair(std::string("no/such"), false));
}

// Entries of a mailbox, and those of the account, which stand under no mailbox.
TEST_F(AccountWatch, TellsEntriesThatChange) {
  const auto watched = watch();
  const EntryName of_inbox{
      .kind = EntryKind::annotation, .mailbox = MailboxId::inbox, .name = "/comment"};
  const EntryName of_account{.kind = EntryKind::annotation, .name = "/vendor/x"};
  ASSERT_TRUE(world.twin.run(world.boxes().set_entries(
      world.account, {{.name = of_inbox, .value = "a"}, {.name = of_account, .value = "b"}})));
  arrive();
  ASSERT_EQ(ear.heard.size(), 2U);
  EXPECT_EQ(ear.heard[0]->entries, std::vector{of_inbox});
  EXPECT_EQ(ear.heard[1]->mailbox, MailboxId::none);
  EXPECT_EQ(ear.heard[1]->entries, std::vector{of_account});
}

TEST_F(AccountWatch, EndsWithTheWatchAndLeavesOtherAccountsOut) {
  const MailAccountId other = world.open_account("bob@example.org");
  auto watched = watch();
  ASSERT_TRUE(world.twin.run(world.boxes().create(other, "x", SpecialUse::none)));
  watched.watch.reset();
  create("unheard");
  arrive();
  EXPECT_TRUE(ear.heard.empty());
}

// One who has the mailbox open and one who watches the account hear the same.
TEST_F(AccountWatch, StandsBesideThoseOfMailboxes) {
  Ear of_inbox;
  const auto opened =
      world.twin.run(world.boxes(2).open(world.account, MailboxId::inbox, &of_inbox));
  const auto watched = watch();
  world.add();
  arrive();
  ASSERT_EQ(ear.heard.size(), 1U);
  ASSERT_EQ(of_inbox.heard.size(), 1U);
  EXPECT_EQ(ear.heard.front()->modseq, of_inbox.heard.front()->modseq);
}

}  // namespace
}  // namespace postrider::store
