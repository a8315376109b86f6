#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/text_index.hpp>
#include <postrider/store/account_store.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::search {

class IndexMemory;

struct IndexerSettings {
  std::filesystem::path directory;  // one below it for each account; made if need be
  // From a change to its place in the index, so that many that come at once are one commit.
  Duration delay{std::chrono::seconds(5)};
  Duration retry{std::chrono::minutes(1)};  // where the disk or the store failed
  Duration sweep{std::chrono::hours(1)};    // looks at all indexes
  // Accounts whose changes are followed; those that were used last.
  std::size_t watched_max = 1000;
  // A message with more text is left to who searches.
  std::uint64_t text_octets_max = 8ULL * 1024 * 1024;
};

struct IndexerDoors {
  engine::Reactor& reactor;
  store::MailboxStore& mailboxes;
  store::AccountStore* accounts = nullptr;  // nullptr: indexes of accounts that are gone stay
};

// Keeps the full-text indexes of accounts' mail, one account after the other, behind all that is
// done to mailboxes: it compares what an index holds with what the store does, reads what is
// missing and puts it in on the pool, a few hundred messages a commit. Whatever interrupts it, it
// goes on from the last commit. An index that can't be read is thrown away and made anew, one of an
// account that is gone is removed.
//
// An account gets an index when it is first asked about. From then on its changes are followed
// while it is among those that were used last; the others are looked at when they are used again,
// and once an hour.
//
// Shard: that of the reactor. Limits: one batch of text in memory (some MiB), one job on the pool.
class TextIndexer final : public flow::TextIndexDesk {
 public:
  TextIndexer(IndexerDoors doors, IndexerSettings settings);
  TextIndexer(const TextIndexer&) = delete;
  TextIndexer& operator=(const TextIndexer&) = delete;
  // After stop() has ended.
  ~TextIndexer() override;

  void start();
  // Ends after the batch that is under way.
  [[nodiscard]] engine::Task<void> stop();

  // Somebody has asked about the account: it is to have an index.
  struct Asked {
    std::string owner;
    bool is_absent = false;
    bool is_damaged = false;
  };
  void want(store::MailAccountId account, Asked asked);
  // Brings it up to date if it has one.
  void note_used(store::MailAccountId account);

  engine::Task<std::optional<flow::TextIndexState>> state(store::MailAccountId account) override;
  engine::Task<void> rebuild(store::MailAccountId account, std::string owner) override;

  // What questions share. Any thread.
  [[nodiscard]] IndexMemory& memory();

  // Nothing is waiting: for tests.
  [[nodiscard]] bool is_idle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The index as one core's services see it. It reads on the pool, beside the indexer.
// `indexer` lives on core 0 and longer than any question.
class CoreTextIndex final : public flow::TextIndex {
 public:
  CoreTextIndex(engine::Cores& cores, engine::Reactor& reactor, TextIndexer& indexer,
                std::filesystem::path directory)
      : cores_(cores), reactor_(reactor), indexer_(indexer), directory_(std::move(directory)) {}

  engine::Task<flow::TextAnswers> ask(flow::IndexedPlace place,
                                      std::vector<flow::TextQuestion> questions) override;
  void note_used(store::MailAccountId account) override;

 private:
  engine::Cores& cores_;
  engine::Reactor& reactor_;
  TextIndexer& indexer_;
  std::filesystem::path directory_;
  std::unordered_map<store::MailAccountId, MonoTime> noted_;  // when it was last said
};

}  // namespace postrider::search
