#include "store/memory_kv.hpp"
#include "store/store_impl.hpp"
#include "store_fixture.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include <postrider/engine/real.hpp>

// Who writes a group, on a real engine: the committer's thread, or the core that has it.
namespace postrider::store {
namespace {

using std::chrono::milliseconds;

struct Seen {
  std::mutex mutex;
  std::thread::id core;
  std::size_t by_core = 0;
  std::size_t by_thread = 0;
  std::size_t bare_syncs = 0;
  Duration sync_takes{};
};

// A memory that several threads may use, whose syncs take time, and that sees who writes.
class WatchedKv final : public Kv {
 public:
  explicit WatchedKv(Seen& seen) : seen_(seen), kv_(Store::make_memory_disk()) {}

  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override {
    const std::lock_guard lock(seen_.mutex);
    return kv_.get(family, key, how);
  }
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    const std::lock_guard lock(seen_.mutex);
    return kv_.walk(family, from, until);
  }
  [[nodiscard]] std::optional<std::string> last_key(Family family) const override {
    const std::lock_guard lock(seen_.mutex);
    return kv_.last_key(family);
  }
  [[nodiscard]] StoreResult<void> write(const Batch& batch, bool sync_now) override {
    if (sync_now) {
      std::this_thread::sleep_for(seen_.sync_takes);
    }
    const std::lock_guard lock(seen_.mutex);
    ++(std::this_thread::get_id() == seen_.core ? seen_.by_core : seen_.by_thread);
    return kv_.write(batch, sync_now);
  }
  [[nodiscard]] StoreResult<void> sync() override {
    const std::lock_guard lock(seen_.mutex);
    ++seen_.bare_syncs;
    return kv_.sync();
  }
  [[nodiscard]] std::uint64_t free_bytes() const override { return UINT64_MAX; }
  [[nodiscard]] std::unique_ptr<const KvReader> snapshot() const override { return kv_.snapshot(); }
  [[nodiscard]] Result<void, std::string> checkpoint(const std::string& directory) const override {
    return kv_.checkpoint(directory);
  }

 private:
  Seen& seen_;
  MemoryKv kv_;
};

struct Fixture {
  explicit Fixture(Duration sync_takes) {
    seen.sync_takes = sync_takes;
    store = open_on(std::make_unique<WatchedKv>(seen), {}, *engine);
  }
  // Runs `work` on the one core.
  void run(engine::Task<void> (*work)(Fixture&)) {
    engine->run([this, work](engine::Reactor&) { return run_and_stop(*this, work); });
  }
  static engine::Task<void> run_and_stop(Fixture& f, engine::Task<void> (*work)(Fixture&)) {
    {
      const std::lock_guard lock(f.seen.mutex);
      f.seen.core = std::this_thread::get_id();
      f.seen.by_core = f.seen.by_thread = 0;
    }
    co_await work(f);
    f.engine->stop();
  }
  engine::Task<MessageId> commit_one() {
    const MessageId id = store->queue(0).next_id();
    const auto done = co_await store->queue(0).commit(make_message(id, "Subject: x\r\n\r\nx\r\n"));
    EXPECT_TRUE(done.has_value());
    co_return id;
  }

  Seen seen;
  std::unique_ptr<engine::Engine> engine =
      engine::Engine::create({.cores = 1, .pin = false, .ring_entries = 256});
  std::unique_ptr<Store> store;
};

engine::Task<void> commit_many(Fixture& f) {
  for (int i = 0; i < 400; ++i) {
    (void)co_await f.commit_one();
  }
}

TEST(CommitterThread, ACoreWritesWhatIsLittleToAQuickDisk) {
  Fixture f{Duration::zero()};
  f.run(commit_many);
  EXPECT_EQ(f.seen.by_core + f.seen.by_thread, 400U);
  EXPECT_GT(f.seen.by_core, 50U) << "a busy machine may make some syncs slow, not nearly all";
  EXPECT_GT(f.seen.by_thread, 0U) << "at first nobody knows how quick the disk is";
}

TEST(CommitterThread, ACoreDoesNotWaitForASlowDisk) {
  Fixture f{milliseconds(1)};
  f.run(commit_many);
  EXPECT_EQ(f.seen.by_core, 0U);
  EXPECT_EQ(f.seen.by_thread, 400U);
}

engine::Task<void> settle_last(Fixture& f) {
  MessageId last;
  for (int i = 0; i < 400; ++i) {
    last = co_await f.commit_one();
  }
  const std::size_t before = f.seen.bare_syncs;
  EXPECT_TRUE((co_await f.store->queue(0).settle({.delivery = {last, 0}})).has_value());
  co_await f.engine->reactor(0).sleep_for(std::chrono::milliseconds(1'500));
  const std::lock_guard lock(f.seen.mutex);
  EXPECT_EQ(f.seen.bare_syncs, before + 1) << "what a core left unsynced is synced after a second";
}

TEST(CommitterThread, SyncsWhatACoreHasLeftUnsynced) {
  Fixture f{Duration::zero()};
  f.run(settle_last);
}

struct Several {
  int left = 0;
};

engine::Task<void> commit_apart(Fixture& f, std::shared_ptr<Several> all) {
  for (int i = 0; i < 20; ++i) {
    (void)co_await f.commit_one();
  }
  --all->left;
}

engine::Task<void> commit_together(Fixture& f) {
  co_await commit_many(f);
  {
    const std::lock_guard lock(f.seen.mutex);
    f.seen.by_core = f.seen.by_thread = 0;
  }
  const auto all = std::make_shared<Several>(50);
  for (int i = 0; i < 50; ++i) {
    f.engine->reactor(0).spawn(commit_apart(f, all));
  }
  while (all->left > 0) {
    co_await f.engine->reactor(0).sleep_for(milliseconds(1));
  }
}

TEST(CommitterThread, WritesItselfWhatIsMuch) {
  Fixture f{Duration::zero()};
  f.run(commit_together);
  EXPECT_GT(f.seen.by_thread, f.seen.by_core) << "fifty at a time are not a core's to write";
}

}  // namespace
}  // namespace postrider::store
