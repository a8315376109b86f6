#include "store/backup.hpp"

#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"
#include "store/rocks_kv.hpp"
#include "store/store_check.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/mount.h>

namespace postrider::store {
namespace {

namespace fs = std::filesystem;

// Everything that a store in memory holds, in a database on disk.
void pour(const Store::MemoryDisk& disk, Kv& kv) {
  Batch batch;
  for (std::size_t i = 0; i < family_count; ++i) {
    for (const auto& [key, value] : disk.written[i]) {
      batch.put(static_cast<Family>(i), key, value);
    }
  }
  ASSERT_TRUE(kv.write(batch, true));
}

class Backup : public testing::Test {
 protected:
  Backup() {
    world_.add("Subject: one\r\n\r\none\r\n", MailboxId::inbox, {SystemFlag::seen, {"work"}});
    world_.add(noise());
    (void)world_.twin.commit();
    open();
  }
  // What can't be compressed.
  static std::string noise() {
    std::mt19937 random(1);
    std::string octets(400'000, '\0');
    std::ranges::generate(octets, [&random] { return static_cast<char>(random()); });
    return octets;
  }
  void open() {
    kv_ = open_rocks({.directory = store(), .write_buffer_bytes = 8UL << 20});
    pour(world_.twin.disk(), *kv_);
  }
  [[nodiscard]] std::string store() const { return directory_.path() + "/store"; }
  [[nodiscard]] std::string target() const { return directory_.path() + "/backup"; }
  std::vector<std::string> problems(const std::string& directory) {
    std::vector<std::string> out;
    (void)check_backup(directory, [&out](std::string_view text) { out.emplace_back(text); });
    return out;
  }

  TemporaryDirectory directory_;
  MailWorld world_;
  std::unique_ptr<Kv> kv_;
};

TEST_F(Backup, HoldsAllThatWasWrittenBefore) {
  const auto made = make_backup(*kv_, store(), target());
  ASSERT_TRUE(made) << made.error();
  EXPECT_GT(made->files, 3U);
  EXPECT_EQ(fs::status(target()).permissions(), fs::perms::owner_all);

  std::size_t findings = 0;
  const BackupReport report = check_backup(target(), [&findings](std::string_view) { ++findings; });
  EXPECT_EQ(findings, 0U);
  EXPECT_EQ(report.accounts, 1U);
  EXPECT_EQ(report.messages, 2U);
  EXPECT_EQ(report.queued, 1U);

  const auto reader = BackupReader::open(target());
  EXPECT_FALSE(reader->find_account("nobody@example.org"));
  ASSERT_TRUE(reader->find_account("Ada@Example.org"));
  ASSERT_EQ(reader->mailboxes().size(), 1U);
  const auto first = reader->next(MailboxId::inbox, 0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->octets, "Delivered-To: ada@example.org\r\nSubject: one\r\n\r\none\r\n");
  EXPECT_EQ(first->facts.flags.keywords, std::vector<std::string>{"work"});
  const auto second = reader->next(MailboxId::inbox, first->uid);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->octets.ends_with(noise()));
  EXPECT_FALSE(reader->next(MailboxId::inbox, second->uid));
}

TEST_F(Backup, LeavesTheBackupAsItIs) {
  ASSERT_TRUE(make_backup(*kv_, store(), target()));
  const auto listing = [this] {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(target())) {
      all += entry.path().string() +
             (entry.is_regular_file() ? std::to_string(entry.file_size()) : "");
    }
    return all;
  };
  const std::string before = listing();
  EXPECT_TRUE(problems(target()).empty());
  EXPECT_EQ(listing(), before);
}

TEST_F(Backup, NeverGoesOverWhatIsThere) {
  fs::create_directory(target());
  const auto made = make_backup(*kv_, store(), target());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().find("exists"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(target()));
  EXPECT_FALSE(make_backup(*kv_, store(), "relative"));
  EXPECT_FALSE(make_backup(*kv_, store(), directory_.path() + "/no/such/folder"));
  fs::create_symlink("/nowhere", directory_.path() + "/link");
  EXPECT_FALSE(make_backup(*kv_, store(), directory_.path() + "/link"));
}

TEST_F(Backup, TakesTheRestOfAKilledOneAway) {
  fs::create_directories(target() + ".partial/store");
  std::ofstream(target() + ".partial/store/CURRENT") << "rest";
  EXPECT_TRUE(make_backup(*kv_, store(), target()));
  EXPECT_FALSE(fs::exists(target() + ".partial"));
}

TEST_F(Backup, SaysThatTheDiskIsFull) {
  const std::string small = directory_.path() + "/small";
  fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "no right to mount";
  }
  const auto refused = make_backup(*kv_, store(), small + "/backup");
  EXPECT_TRUE(!refused && refused.error().contains("free space"));
  // What is not seen to be too much before shows while it is written.
  const auto failed = kv_->checkpoint(small + "/backup");
  EXPECT_TRUE(!failed && failed.error().contains("no space"));
  fs::remove_all(small + "/backup");
  fs::remove_all(small + "/backup.tmp");
  EXPECT_TRUE(fs::is_empty(small));
  ::umount(small.c_str());
}

TEST_F(Backup, GoesOnWhileOthersWrite) {
  const auto snapshot = kv_->snapshot();
  Batch more;
  more.put(Family::fact, "k", "v");
  ASSERT_TRUE(kv_->write(more, false));
  EXPECT_FALSE(snapshot->get(Family::fact, "k", Read::any));
  EXPECT_TRUE(kv_->get(Family::fact, "k", Read::any));
  EXPECT_FALSE(snapshot->walk(Family::fact, {}, {})->is_valid());
}

TEST_F(Backup, IsFoundOutIfItIsDamaged) {
  struct Damage {
    Family family;
    const char* says;
  };
  for (const auto& [family, says] :
       {Damage{Family::env, "q.env"}, Damage{Family::body, "q.body"},
        Damage{Family::mail, "its record can't be read"}, Damage{Family::blob, "mb.blob"},
        Damage{Family::mail_detail, "found out of it"}, Damage{Family::mail_page, "index"},
        Damage{Family::mailbox, "mailbox 1: its record can't be read"},
        Damage{Family::mail_account, "the account's record"}, Damage{Family::meta, "meta"},
        Damage{Family::mail_change, "log of changes"}, Damage{Family::blob_ref, "mb.ref"},
        Damage{Family::mail_name, "name"}}) {
    MemoryKv memory(world_.twin.shared_disk());
    auto& records = world_.twin.disk().written[index(family)];
    ASSERT_FALSE(records.empty()) << says;
    const auto whole = records;
    records.begin()->second.back() ^= 1;
    std::string all;
    (void)check_store(memory, [&all](std::string_view text) { all += std::string(text) + "\n"; });
    EXPECT_NE(all.find(says), std::string::npos) << says << ": " << all;
    records = whole;
  }
  for (const auto& [family, says] :
       {Damage{Family::body, "missing, of a queued message"},
        Damage{Family::env, "of a message that is not there"},
        Damage{Family::mail, "it is in the index, and there is no such message"},
        Damage{Family::blob_ref, "not marked as in use"},
        Damage{Family::blob, "its body can't be read"},
        Damage{Family::mail_name, "nothing leads from its name"}}) {
    MemoryKv memory(world_.twin.shared_disk());
    auto& records = world_.twin.disk().written[index(family)];
    const auto whole = records;
    records.erase(records.begin());
    std::string all;
    (void)check_store(memory, [&all](std::string_view text) { all += std::string(text) + "\n"; });
    EXPECT_NE(all.find(says), std::string::npos) << says << ": " << all;
    records = whole;
  }
}

}  // namespace
}  // namespace postrider::store
