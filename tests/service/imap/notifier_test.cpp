// What NOTIFY keeps of what has happened, until it may be told.
#include "service/imap/notifier.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace postrider::imap {
namespace {

struct CountingListener final : ChangeListener {
  int calls = 0;
  void on_mailbox_changed() override { ++calls; }
};

class NotifierTest : public testing::Test {
 public:
  NotifierTest() : account(std::make_shared<AccountNews>()) {
    store::WatchedAccount watched;
    watched.view.mailboxes = {row(1, "INBOX")};
    account->begin(std::move(watched));
  }
  static store::Mailbox row(std::uint32_t id, const std::string& name) {
    store::Mailbox out;
    out.id = store::MailboxId{id};
    out.name = name;
    out.uid_validity = 100 + id;
    return out;
  }
  void hear(store::MailboxUpdate update) {
    account->on_update(std::make_shared<const store::MailboxUpdate>(std::move(update)));
  }
  void create(std::uint32_t id, const std::string& name) {
    store::MailboxUpdate update;
    update.mailbox = store::MailboxId{id};
    update.naming = store::MailboxNaming{.row = row(id, name), .old_name = {}};
    update.uid_next = 1;
    hear(std::move(update));
  }
  void insert(std::uint32_t id, store::Uid uid) {
    store::MailboxUpdate update;
    update.mailbox = store::MailboxId{id};
    update.inserted = {{uid, {}}};
    update.uid_next = uid + 1;
    update.counts.messages = uid;
    hear(std::move(update));
  }
  static NotifyArguments wanting(NotifyEvents events) {
    NotifyArguments out;
    out.groups.push_back({{MailboxFilter::Kind::personal, {}}, std::move(events)});
    return out;
  }
  std::string told(Notifier& notifier) {
    std::string out;
    notifier.tell({.selected = selected, .enabled = enabled, .form = NameForm::utf8}, out);
    return out;
  }

  AccountNewsRef account;
  CountingListener listener;
  Enabled enabled;
  std::optional<store::MailboxId> selected;
};

TEST_F(NotifierTest, ManyChangesBecomeOneStatus) {
  Notifier notifier(account, wanting({.message_new = true, .message_expunge = true}), {}, listener);
  EXPECT_FALSE(notifier.has_news());
  for (store::Uid uid = 1; uid <= 50; ++uid) {
    insert(1, uid);
  }
  EXPECT_EQ(listener.calls, 1);
  EXPECT_EQ(told(notifier), "* STATUS INBOX (MESSAGES 50 UIDNEXT 51 UIDVALIDITY 101)\r\n");
  EXPECT_FALSE(notifier.has_news());
  EXPECT_EQ(told(notifier), "");
}

// RFC 5465 5.8.
TEST_F(NotifierTest, TooMuchIsAnOverflowAndThenNothing) {
  Notifier notifier(account, wanting({.mailbox_name = true}), {}, listener);
  for (std::uint32_t i = 0; i < Notifier::pending_max; ++i) {
    create(10 + i, fmt::format("m{}", i));
  }
  EXPECT_TRUE(notifier.has_news());
  create(9, "one-more");
  EXPECT_TRUE(notifier.has_news());
  EXPECT_TRUE(told(notifier).starts_with("* OK [NOTIFICATIONOVERFLOW] "));
  EXPECT_FALSE(notifier.has_news());
  create(8, "unheard");
  EXPECT_FALSE(notifier.has_news());
  EXPECT_FALSE(notifier.selected().places);
}

// As many as there may be are told, each once.
TEST_F(NotifierTest, NamesAreToldOnceAndAsTheyStand) {
  Notifier notifier(account, wanting({.mailbox_name = true}), {}, listener);
  create(2, "a");
  create(3, "a/b");
  store::MailboxUpdate gone;
  gone.mailbox = store::MailboxId{3};
  gone.is_gone = true;
  hear(gone);
  EXPECT_EQ(told(notifier),
            "* LIST (\\HasNoChildren) \"/\" a\r\n"
            "* LIST (\\NonExistent \\HasNoChildren) \"/\" a/b\r\n");
}

// RFC 5465 5.1: another mailbox of the name has another UIDVALIDITY.
TEST_F(NotifierTest, ANewMailboxOfTheNameHasAStatus) {
  Notifier notifier(account, wanting({.message_new = true, .message_expunge = true}), {}, listener);
  create(2, "a");
  EXPECT_EQ(told(notifier), "* STATUS a (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 102)\r\n");
}

TEST_F(NotifierTest, EventsOfSeveralGroupsComeTogether) {
  NotifyArguments wanted = wanting({.message_new = true, .message_expunge = true});
  NotifyEvents flags{.message_new = true, .message_expunge = true, .flag_change = true};
  wanted.groups.push_back({{MailboxFilter::Kind::subtree, {"a"}}, flags});
  Notifier notifier(account, wanted, {}, listener);
  store::MailboxUpdate flagged;
  flagged.mailbox = store::MailboxId::inbox;
  flagged.changed = {{1, {}}};
  hear(flagged);
  EXPECT_FALSE(notifier.has_news());  // not below "a"
  create(2, "a/b/c");
  (void)told(notifier);
  flagged.mailbox = store::MailboxId{2};
  flagged.modseq = 7;
  flagged.uid_next = 1;
  hear(flagged);
  enabled.condstore = true;
  EXPECT_EQ(told(notifier), "* STATUS a/b/c (UIDVALIDITY 102 UNSEEN 0 HIGHESTMODSEQ 7)\r\n");
}

TEST_F(NotifierTest, WhatAFailedCommandWithheldIsTold) {
  Notifier notifier(account, wanting({.message_new = true, .message_expunge = true}), {}, listener);
  Command copy;
  copy.verb = Verb::copy;
  copy.arguments = CopyArguments{.uid = true, .set = {}, .mailbox = "INBOX"};
  notifier.begin_own(copy);
  insert(1, 1);
  EXPECT_FALSE(notifier.has_news());
  notifier.end_own(true);
  EXPECT_FALSE(notifier.has_news());
  notifier.begin_own(copy);
  insert(1, 2);
  notifier.end_own(false);
  EXPECT_TRUE(told(notifier).starts_with("* STATUS INBOX (MESSAGES 2 "));
}

TEST_F(NotifierTest, AnnotationsAreToldByName) {
  const store::MailAccountId user{7};
  Notifier notifier(account, wanting({.mailbox_metadata_change = true}), user, listener);
  store::MailboxUpdate update;
  update.mailbox = store::MailboxId::inbox;
  const auto entry = [](store::MailAccountId holder, std::string name) {
    return store::EntryName{.kind = store::EntryKind::annotation,
                            .mailbox = store::MailboxId::inbox,
                            .holder = holder,
                            .name = std::move(name)};
  };
  update.entries = {entry(user, "/comment"), entry(store::MailAccountId::none, "/comment"),
                    entry(store::MailAccountId{8}, "/secret")};
  hear(update);
  EXPECT_EQ(told(notifier), "* METADATA INBOX /private/comment /shared/comment\r\n");
}

TEST_F(NotifierTest, NoneTellsNothing) {
  Notifier notifier;
  insert(1, 1);
  EXPECT_FALSE(notifier.has_news());
  EXPECT_FALSE(notifier.selected().places);
}

}  // namespace
}  // namespace postrider::imap
