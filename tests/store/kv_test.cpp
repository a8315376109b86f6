#include "store/kv.hpp"

#include "store/memory_kv.hpp"
#include "store/rocks_kv.hpp"
#include "temporary_directory.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace postrider::store {
namespace {

// Both sides of the seam keep one contract.
class KvContract : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { open(); }
  void open() {
    kv_.reset();
    if (GetParam()) {
      kv_ = open_rocks({.directory = directory_.path(), .write_buffer_bytes = 8UL << 20});
    } else {
      kv_ = std::make_unique<MemoryKv>(disk_);
    }
  }
  std::string keys(Family family, std::string_view from, std::string_view until = {}) {
    std::string all;
    for (auto cursor = kv_->walk(family, from, until); cursor->is_valid(); cursor->next()) {
      all += std::string(cursor->key()) + '=' + std::string(cursor->value()) + ' ';
    }
    return all;
  }
  TemporaryDirectory directory_;
  std::shared_ptr<Store::MemoryDisk> disk_ = Store::make_memory_disk();
  std::unique_ptr<Kv> kv_;
};

TEST(Batch, OfRowsThatEachChangePutsAnewTheLastIsWritten) {
  Batch group;
  for (int i = 1; i <= 3; ++i) {
    Batch change;
    change.put(Family::mailbox, "inbox", std::string(static_cast<std::size_t>(i), 'x'));
    change.put(Family::mail, "mail" + std::to_string(i), "m");
    change.put(Family::mail_account, "account", std::to_string(i));
    group.append(std::move(change));
  }
  Batch once;
  once.put(Family::mailbox, "inbox", "xxx");
  once.put(Family::mail, "mail1", "m");
  once.put(Family::mail_account, "account", "3");
  once.put(Family::mail, "mail2", "m");
  once.put(Family::mail, "mail3", "m");
  ASSERT_EQ(group.ops().size(), once.ops().size());
  EXPECT_EQ(group.bytes(), once.bytes());
  for (std::size_t i = 0; i < once.ops().size(); ++i) {
    EXPECT_EQ(group.ops()[i].key, once.ops()[i].key);
    EXPECT_EQ(group.ops()[i].tail, once.ops()[i].tail);
  }
}

TEST(Batch, AKeyOfAnotherFamilyOrAnyOtherRowIsNoSuchRow) {
  Batch batch;
  batch.put(Family::mailbox, "a", "1");
  batch.put(Family::mail_account, "a", "2");
  batch.put(Family::mailbox, "b", "3");
  batch.put(Family::mail_change, "a", "4");
  batch.put(Family::mail_change, "a", "5");
  EXPECT_EQ(batch.ops().size(), 5U);
}

TEST(Batch, ARowOfManyAccountsBeforeIsWrittenTwice) {
  Batch batch;
  for (int i = 0; i < 100; ++i) {
    batch.put(Family::mail_account, std::to_string(i), "1");
  }
  batch.put(Family::mail_account, "99", "2");
  EXPECT_EQ(batch.ops().size(), 100U);
  batch.put(Family::mail_account, "0", "2");
  EXPECT_EQ(batch.ops().size(), 101U);
  EXPECT_EQ(batch.ops().back().tail, "2");
}

// A row that goes and comes again in one group: the order counts.
TEST_P(KvContract, WhatIsPutBehindARemovalIsThere) {
  Batch batch;
  batch.put(Family::mailbox, "a", "1");
  batch.remove(Family::mailbox, "a");
  batch.put(Family::mailbox, "a", "2");
  batch.put(Family::mailbox, "b", "1");
  batch.put(Family::mailbox, "b", "2");
  batch.remove(Family::mailbox, "b");
  ASSERT_TRUE(kv_->write(batch, true));
  EXPECT_EQ(keys(Family::mailbox, ""), "a=2 ");
  batch.clear();
  batch.put(Family::mailbox, "a", "3");
  ASSERT_TRUE(kv_->write(batch, true));
  EXPECT_EQ(keys(Family::mailbox, ""), "a=3 ");
}

TEST_P(KvContract, KeepsWhatABatchSays) {
  Batch batch;
  batch.put(Family::body, "a", SharedOctets("head"), "tail");
  batch.put(Family::state, "a", "1");
  batch.put(Family::state, "b", "2");
  ASSERT_TRUE(kv_->write(batch, false));
  EXPECT_EQ(kv_->get(Family::body, "a", Read::any), "headtail");
  EXPECT_EQ(kv_->get(Family::body, "a", Read::cached), "headtail");
  EXPECT_EQ(kv_->get(Family::body, "b", Read::any), failure(KvError::not_found));
  EXPECT_EQ(kv_->get(Family::env, "a", Read::any), failure(KvError::not_found));

  Batch second;
  second.remove_once(Family::body, "a");
  second.remove(Family::state, "a");
  second.put(Family::state, "b", "3");
  ASSERT_TRUE(kv_->write(second, true));
  EXPECT_EQ(kv_->get(Family::body, "a", Read::any), failure(KvError::not_found));
  EXPECT_EQ(keys(Family::state, {}), "b=3 ");
  EXPECT_TRUE(kv_->sync());
}

TEST_P(KvContract, WalksBetweenItsBounds) {
  Batch batch;
  for (const char* key : {"b", "a", "d", "c", "cc"}) {
    batch.put(Family::due, key, key);
  }
  ASSERT_TRUE(kv_->write(batch, true));
  EXPECT_EQ(keys(Family::due, {}), "a=a b=b c=c cc=cc d=d ");
  EXPECT_EQ(keys(Family::due, "b", "cc"), "b=b c=c ");
  EXPECT_EQ(keys(Family::due, std::string("c\0", 2)), "cc=cc d=d ");
  EXPECT_EQ(keys(Family::due, "e"), "");
  EXPECT_EQ(keys(Family::due, "c", "b"), "");
  EXPECT_EQ(kv_->last_key(Family::due), "d");
  EXPECT_EQ(kv_->last_key(Family::journal), std::nullopt);

  const auto cursor = kv_->walk(Family::due, "a", "d");
  cursor->seek("c");
  ASSERT_TRUE(cursor->is_valid());
  EXPECT_EQ(cursor->key(), "c");
  cursor->seek("d");
  EXPECT_FALSE(cursor->is_valid());
  EXPECT_EQ(cursor->error(), std::nullopt);
}

TEST_P(KvContract, FindsEverythingAgainAfterAReopen) {
  Batch batch;
  batch.put(Family::meta, "word", "text");
  batch.put(Family::env, "gone", "1");
  ASSERT_TRUE(kv_->write(batch, false));
  Batch removal;
  removal.remove_once(Family::env, "gone");
  ASSERT_TRUE(kv_->write(removal, true));
  open();
  EXPECT_EQ(kv_->get(Family::meta, "word", Read::any), "text");
  EXPECT_EQ(kv_->get(Family::env, "gone", Read::any), failure(KvError::not_found));
}

TEST_P(KvContract, PutsAKeyAgainAfterItsSingleRemoval) {
  for (int round = 0; round < 3; ++round) {
    Batch batch;
    if (round > 0) {
      batch.remove_once(Family::journal, "k");
    }
    batch.put(Family::journal, "k", std::to_string(round));
    ASSERT_TRUE(kv_->write(batch, false));
    EXPECT_EQ(kv_->get(Family::journal, "k", Read::any), std::to_string(round));
  }
  Batch last;
  last.remove_once(Family::journal, "k");
  ASSERT_TRUE(kv_->write(last, true));
  EXPECT_EQ(kv_->get(Family::journal, "k", Read::any), failure(KvError::not_found));
}

// RocksDB opens 16 files at its start and the rest when they are asked. To who reads the cache only
// it says "found", with nothing, of a key that may be in one of those.
TEST_P(KvContract, NeverAnswersWithNothingFromTheCache) {
  const std::string value(64UL << 10, 'v');
  for (std::size_t number = 0; number < family_count; ++number) {
    const auto family = static_cast<Family>(number);
    for (int i = 0; i < 52; ++i) {
      Batch batch;
      batch.put(family, "key" + std::to_string(i), value);
      ASSERT_TRUE(kv_->write(batch, false));
    }
  }
  open();
  for (std::size_t number = 0; number < family_count; ++number) {
    const auto family = static_cast<Family>(number);
    for (int i = 0; i < 52; ++i) {
      const auto read = kv_->get(family, "key" + std::to_string(i), Read::cached);
      EXPECT_TRUE(read == value || read == failure(KvError::would_block))
          << family_names[number] << " " << i << ": " << (read ? read->size() : 0);
    }
  }
}

TEST_P(KvContract, KnowsItsFreeSpace) {
  EXPECT_GT(kv_->free_bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seam, KvContract, testing::Bool(),
                         [](const auto& info) { return info.param ? "Rocks" : "Memory"; });

TEST(RocksKv, RefusesASecondProcessWithARemedy) {
  const TemporaryDirectory directory;
  const auto first = open_rocks({.directory = directory.path()});
  try {
    (void)open_rocks({.directory = directory.path()});
    FAIL() << "opened twice";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("in use by a running server"), std::string::npos)
        << error.what();
  }
}

TEST(RocksKv, RefusesADirectoryThatCannotBeMade) {
  EXPECT_THROW((void)open_rocks({.directory = "/proc/nowhere/queue"}), std::runtime_error);
}

TEST(MemoryKv, APowerCutForgetsWhatWasNotSynced) {
  const auto disk = Store::make_memory_disk();
  MemoryKv kv(disk);
  const auto put = [&kv](const std::string& key, bool sync) {
    Batch batch;
    batch.put(Family::meta, key, key);
    EXPECT_TRUE(kv.write(batch, sync));
  };
  put("a", true);
  put("b", false);
  put("c", false);
  power_cut(*disk, 1);
  EXPECT_TRUE(kv.get(Family::meta, "a", Read::any));
  EXPECT_TRUE(kv.get(Family::meta, "b", Read::any));
  EXPECT_FALSE(kv.get(Family::meta, "c", Read::any));
  put("d", false);
  put("e", true);  // a sync covers what was written before
  power_cut(*disk);
  EXPECT_TRUE(kv.get(Family::meta, "d", Read::any));
}

TEST(MemoryKv, AFailedSyncIsToldOnceAndKeepsNothing) {
  const auto disk = Store::make_memory_disk();
  MemoryKv kv(disk);
  faults(*disk).fail_next_sync = true;
  Batch batch;
  batch.put(Family::meta, "a", "1");
  EXPECT_EQ(kv.write(batch, true), failure(StoreError::io));
  power_cut(*disk);
  EXPECT_FALSE(kv.get(Family::meta, "a", Read::any));
}

}  // namespace
}  // namespace postrider::store
