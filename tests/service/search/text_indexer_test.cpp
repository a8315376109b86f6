// The index follows the store, whatever happens to either.
#include "search_world.hpp"
#include "service/search/index_database.hpp"

#include <fstream>

namespace postrider::search {
namespace {

using Uids = std::vector<store::Uid>;

class Indexing : public SearchWorld {
 public:
  Indexing() { start_index(); }
  void expunge(Uids uids, store::MailboxId mailbox = store::MailboxId::inbox) {
    EXPECT_TRUE(run(world.boxes().expunge(account, mailbox, std::move(uids), false)));
  }
  void begin() {
    (void)known();
    settle();
  }
};

TEST_F(Indexing, BeginsWhenAnAccountIsAskedAbout) {
  deliver("Subject: one\r\n\r\nthe old mill\r\n");
  settle();
  EXPECT_FALSE(std::filesystem::exists(place()));
  EXPECT_EQ(known(), Uids{});
  settle();
  EXPECT_EQ(known(), Uids{1});
  EXPECT_EQ(found(Where::body, "mill"), Uids{1});
}

TEST_F(Indexing, FollowsWhatComesAndGoes) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  deliver("Subject: two\r\n\r\nmill\r\n");
  begin();
  EXPECT_EQ(known(), (Uids{1, 2}));
  deliver("Subject: three\r\n\r\nmill\r\n");
  EXPECT_EQ(known(), (Uids{1, 2}));  // behind
  settle();
  EXPECT_EQ(found(Where::body, "mill"), (Uids{1, 2, 3}));
  expunge({2});
  settle();
  EXPECT_EQ(known(), (Uids{1, 3}));
  EXPECT_EQ(found(Where::header, "two"), Uids{});
  const auto contents = read_index(place().string());
  ASSERT_TRUE(contents.has_value());
  EXPECT_EQ(contents->mailboxes.at(store::MailboxId::inbox).known.size(), 2U);
}

TEST_F(Indexing, AMovedMessageIsFoundWhereItIs) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  deliver("Subject: two\r\n\r\nmill\r\n");
  const auto target = run(world.boxes().create(account, "Kept", store::SpecialUse::none));
  ASSERT_TRUE(target.has_value());
  begin();
  ASSERT_TRUE(run(world.boxes().copy(account, store::MailboxId::inbox, {1}, target->id, true, {})));
  settle();
  EXPECT_EQ(found(Where::body, "mill"), Uids{2});
  EXPECT_EQ(found(Where::body, "mill", target->id), Uids{1});
  ASSERT_TRUE(run(world.boxes().remove(account, target->id)));
  settle();
  const auto contents = read_index(place().string());
  ASSERT_TRUE(contents.has_value());
  EXPECT_FALSE(contents->mailboxes.contains(target->id));
}

TEST_F(Indexing, GoesOnWhereItWasStopped) {
  for (int i = 0; i < 30; ++i) {
    deliver("Subject: one\r\n\r\nmill\r\n");
  }
  begin();
  stop_index();
  for (int i = 0; i < 5; ++i) {
    deliver("Subject: later\r\n\r\nmill\r\n");
  }
  expunge({3});
  start_index();
  settle();  // nobody asks: what exists is looked at when it starts
  EXPECT_EQ(known().size(), 34U);
  EXPECT_EQ(found(Where::header, "later"), (Uids{31, 32, 33, 34, 35}));
}

// A power cut, or a copy that was brought back: the index is as it was some time ago.
TEST_F(Indexing, AnOlderIndexCatchesUp) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  deliver("Subject: two\r\n\r\nmill\r\n");
  begin();
  const auto kept = settings_of_index.directory / "kept";
  std::filesystem::copy(place(), kept, std::filesystem::copy_options::recursive);
  deliver("Subject: three\r\n\r\nmill\r\n");
  expunge({1});
  settle();
  stop_index();
  std::filesystem::remove_all(place());
  std::filesystem::rename(kept, place());
  start_index();
  settle();
  EXPECT_EQ(known(), (Uids{2, 3}));
  EXPECT_EQ(found(Where::body, "mill"), (Uids{2, 3}));
}

TEST_F(Indexing, ADamagedIndexIsMadeAnew) {
  for (int i = 0; i < 30; ++i) {
    deliver("Subject: one\r\n\r\nmill " + std::to_string(i) + "\r\n");
  }
  begin();
  for (const char* name : {"postlist.glass", "iamglass", "termlist.glass"}) {
    SCOPED_TRACE(name);
    std::ofstream(place() / name, std::ios::trunc) << "this is no such file";
    settle();
    (void)found(Where::body, "mill");  // it shows when it is read
    deliver("Subject: next\r\n\r\nmill\r\n");
    settle();
    EXPECT_EQ(found(Where::body, "mill").size(), world.uids().size());
  }
  std::filesystem::remove(place() / "iamglass");
  EXPECT_EQ(known(), Uids{});
  settle();
  EXPECT_EQ(known(), world.uids());
}

TEST_F(Indexing, IsMadeAnewWhenToldWhileItServes) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  begin();
  const auto before = run(indexer->state(account));
  ASSERT_TRUE(before.has_value());
  EXPECT_TRUE(before->exists);
  EXPECT_FALSE(before->is_busy);
  EXPECT_EQ(before->indexed, 1U);
  EXPECT_EQ(before->messages, 1U);
  EXPECT_GT(before->size_bytes, 1000U);
  twin().simulation().run(indexer->rebuild(account, "ada@example.org"));
  EXPECT_TRUE(run(indexer->state(account))->is_busy);
  settle();
  EXPECT_EQ(found(Where::body, "mill"), Uids{1});
  EXPECT_FALSE(run(indexer->state(store::MailAccountId{999})).has_value());
}

TEST_F(Indexing, GoesWithItsAccount) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  begin();
  EXPECT_TRUE(std::filesystem::exists(place()));
  ASSERT_TRUE(run(twin().accounts().remove_account("ada@example.org")));
  pass(std::chrono::hours(2));
  EXPECT_FALSE(std::filesystem::exists(place()));
}

TEST_F(Indexing, WhatIsTooLargeIsLeftToSearches) {
  stop_index();
  settings_of_index.text_octets_max = 1000;
  start_index();
  deliver("Subject: one\r\n\r\nmill\r\n");
  deliver("Subject: two\r\n\r\nmill " + std::string(2000, 'x') + "\r\n");
  deliver("Subject: three\r\n\r\nmill\r\n");
  begin();
  EXPECT_EQ(known(), (Uids{1, 3}));
  EXPECT_EQ(run(indexer->state(account))->skipped, 1U);
  expunge({2});
  settle();
  EXPECT_EQ(run(indexer->state(account))->skipped, 0U);
}

TEST_F(Indexing, ManyAccountsAreFollowedByTurns) {
  stop_index();
  settings_of_index.watched_max = 1;
  start_index();
  deliver("Subject: one\r\n\r\nmill\r\n");
  begin();
  const auto bob = world.open_account("bob@example.org");
  (void)run(index->ask({bob, "bob@example.org", store::MailboxId::inbox, 1}, {{.text = "x"}}));
  settle();
  deliver("Subject: two\r\n\r\nmill\r\n");
  settle();
  pass(std::chrono::minutes(50));
  EXPECT_EQ(found(Where::body, "mill").size(), 1U);  // and it is followed again
  settle();
  EXPECT_EQ(found(Where::body, "mill").size(), 2U);
}

TEST_F(Indexing, AMailboxOfAnotherUidValidityIsNotKnown) {
  deliver("Subject: one\r\n\r\nmill\r\n");
  begin();
  const auto answers = run(
      index->ask({account, "ada@example.org", store::MailboxId::inbox, 4711}, {{.text = "mill"}}));
  EXPECT_TRUE(answers.known.is_empty());
}

TEST_F(Indexing, Answers) {
  deliver(
      "From: Bob <bob@example.org>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n"
      "the old mill, by the river\r\n");
  deliver(
      "Subject: two\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nw5xiZXIgYWxsZW4gR2lwZmVsbg==\r\n");
  begin();
  struct Row {
    Where where;
    const char* text;
    Uids found;
    bool is_exact;
  };
  const std::vector<Row> rows = {
      {Where::body, "mill", {1}, true},
      {Where::body, "MIL", {1}, true},
      {Where::body, "il", {1}, true},
      {Where::body, "old mill", {1}, false},
      {Where::body, "the mill", {1}, false},  // a candidate
      {Where::body, "old stone", {}, false},
      {Where::body, "w5xiZXI", {}, true},
      {Where::body,
       "\xC3\xBC"
       "ber",
       {2},
       true},
      {Where::body, "gipfel", {2}, true},
      {Where::body, "bob", {}, true},
      {Where::any, "bob", {1, 2}, true},  // Return-Path, too
      {Where::any, "mill", {1}, true},
      {Where::header, "gr\xC3\xBC\xC3\x9F", {1}, false},
      {Where::header, "mill", {}, false},
  };
  for (const Row& row : rows) {
    const auto answers = ask({{.where = row.where, .text = row.text}});
    ASSERT_EQ(answers.answers.size(), 1U);
    EXPECT_EQ(store::MailWorld::all_of(answers.answers.front().found), row.found) << row.text;
    EXPECT_EQ(answers.answers.front().is_exact, row.is_exact) << row.text;
  }
  const auto fuzzy = ask({{.where = Where::body, .text = "mil rivers", .is_fuzzy = true}});
  EXPECT_EQ(store::MailWorld::all_of(fuzzy.answers.front().found), Uids{1});
  EXPECT_EQ(fuzzy.answers.front().scores.size(), 1U);
  EXPECT_TRUE(fuzzy.answers.front().is_exact);
}

}  // namespace
}  // namespace postrider::search
