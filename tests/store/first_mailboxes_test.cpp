#include "mailbox_fixture.hpp"

#include <gtest/gtest.h>
#include <map>

// What an account begins with, and how one that is there gets it.
namespace postrider::store {
namespace {

using Names = std::vector<std::string>;
using Uses = std::map<std::string, SpecialUse>;

StoreSettings settings(std::vector<FirstMailbox> first) {
  StoreSettings out;
  out.first_mailboxes = std::move(first);
  return out;
}

const std::vector<FirstMailbox> usual{{"Drafts", SpecialUse::drafts}, {"Sent", SpecialUse::sent}};

Uses uses_of(MailWorld& world, MailAccountId account) {
  Uses out;
  for (const Mailbox& row :
       world.twin.run(world.boxes().list(account)).value_or(std::vector<Mailbox>())) {
    out[row.name] = row.special_use;
  }
  return out;
}

Names subscriptions_of(MailWorld& world, MailAccountId account) {
  return world.twin.run(world.boxes().subscriptions(account)).value_or(Names());
}

Names completed(MailWorld& world, MailAccountId account) {
  Names out;
  for (const Mailbox& row :
       world.twin.run(world.boxes().complete(account)).value_or(std::vector<Mailbox>())) {
    out.push_back(row.name);
  }
  return out;
}

TEST(FirstMailboxes, AreMadeWithTheAccountAndSubscribedTo) {
  MailWorld world(1, 2, settings(usual));
  const Uses begun{
      {"INBOX", SpecialUse::none}, {"Drafts", SpecialUse::drafts}, {"Sent", SpecialUse::sent}};
  EXPECT_EQ(uses_of(world, world.account), begun);
  const auto rows = world.twin.run(world.boxes().list(world.account));
  EXPECT_EQ(rows->front().id, MailboxId::inbox);
  EXPECT_NE(rows->front().uid_validity, rows->back().uid_validity);
  EXPECT_EQ(subscriptions_of(world, world.account), (Names{"Drafts", "INBOX", "Sent"}));
  world.twin.lose_power();
  EXPECT_EQ(uses_of(world, world.account), begun);
  EXPECT_EQ(subscriptions_of(world, world.account), (Names{"Drafts", "INBOX", "Sent"}));
}

TEST(FirstMailboxes, NeverComeBackByThemselves) {
  MailWorld world(1, 1, settings(usual));
  const auto rows = world.twin.run(world.boxes().list(world.account));
  ASSERT_TRUE(world.twin.run(world.boxes().remove(world.account, rows->back().id)));
  world.twin.restart();
  EXPECT_EQ(world.open_account(), world.account);
  EXPECT_EQ(uses_of(world, world.account).size(), 2U);
}

TEST(FirstMailboxes, WithoutThemAnAccountHasItsInboxAndASubscriptionToIt) {
  MailWorld world;
  EXPECT_EQ(uses_of(world, world.account), (Uses{{"INBOX", SpecialUse::none}}));
  EXPECT_EQ(subscriptions_of(world, world.account), Names{"INBOX"});
  EXPECT_EQ(completed(world, world.account), Names());
}

TEST(FirstMailboxes, StandBelowOthersThatComeWithThem) {
  MailWorld world(1, 1,
                  settings({{"Mail/Old/Sent", SpecialUse::sent},
                            {"inbox/Drafts", SpecialUse::drafts},
                            {"Mail", SpecialUse::archive},
                            {"/no name", SpecialUse::junk},
                            {"INBOX", SpecialUse::trash}}));
  EXPECT_EQ(uses_of(world, world.account), (Uses{{"INBOX", SpecialUse::none},
                                                 {"INBOX/Drafts", SpecialUse::drafts},
                                                 {"Mail", SpecialUse::archive},
                                                 {"Mail/Old", SpecialUse::none},
                                                 {"Mail/Old/Sent", SpecialUse::sent}}));
  EXPECT_EQ(subscriptions_of(world, world.account),
            (Names{"INBOX", "INBOX/Drafts", "Mail", "Mail/Old/Sent"}));
}

// An upgrade: what is there stays as it is until somebody asks.
TEST(FirstMailboxes, AreAddedToAnAccountThatIsThereOnRequestOnly) {
  MailWorld world;
  auto& before = world.boxes();
  ASSERT_TRUE(world.twin.run(before.create(world.account, "Entw\u00fcrfe", SpecialUse::drafts)));
  ASSERT_TRUE(world.twin.run(before.create(world.account, "Sent", SpecialUse::none)));
  ASSERT_TRUE(world.twin.run(before.create(world.account, "Junk", SpecialUse::archive)));
  ASSERT_TRUE(world.twin.run(before.subscribe(world.account, "INBOX", false)));
  auto more = usual;
  more.push_back({"Junk", SpecialUse::junk});
  more.push_back({"Trash", SpecialUse::trash});
  world.twin.kill();
  const auto upgraded =
      Store::open_memory(world.twin.shared_disk(), world.twin.simulation(), settings(more));
  auto& boxes = upgraded->mailboxes(0);
  const auto count = [&] { return world.twin.run(boxes.list(world.account))->size(); };
  EXPECT_EQ(world.twin.run(boxes.open_account("ada@example.org")), world.account);
  EXPECT_EQ(count(), 4U);
  const auto made = world.twin.run(boxes.complete(world.account));
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 2U);
  EXPECT_EQ(made->front().name, "Sent");
  EXPECT_EQ(made->front().special_use, SpecialUse::sent);
  EXPECT_EQ(made->back().name, "Trash");
  EXPECT_EQ(made->back().special_use, SpecialUse::trash);
  EXPECT_EQ(count(), 5U);
  EXPECT_EQ(*world.twin.run(boxes.subscriptions(world.account)), (Names{"Sent", "Trash"}));
  EXPECT_TRUE(world.twin.run(boxes.complete(world.account))->empty());
  EXPECT_EQ(world.twin.run(boxes.complete(MailAccountId{99})).error(), MailError::not_found);
}

// NOTIFY (RFC 5465) and caches live on it.
TEST(FirstMailboxes, AreToldToWhoWatchesTheAccount) {
  struct Ear final : MailboxListener {
    void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
      names.push_back(update->naming ? update->naming->row.name : update->subscription->first);
    }
    Names names;
  } ear;
  MailWorld world(1, 1, settings({usual.back()}));
  const auto rows = world.twin.run(world.boxes().list(world.account));
  ASSERT_TRUE(world.twin.run(world.boxes().remove(world.account, rows->back().id)));
  ASSERT_TRUE(world.twin.run(world.boxes().subscribe(world.account, "Sent", false)));
  const auto watched = world.twin.run(world.boxes().watch(world.account, &ear));
  ASSERT_TRUE(watched);
  EXPECT_EQ(completed(world, world.account), Names{"Sent"});
  (void)world.twin.run(world.boxes().usage(world.account));
  EXPECT_EQ(ear.names, (Names{"Sent", "Sent"}));
}

}  // namespace
}  // namespace postrider::store
