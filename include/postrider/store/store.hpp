#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/store/account_store.hpp>
#include <postrider/store/fact_store.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/queue_store.hpp>
#include <postrider/store/upkeep.hpp>

namespace postrider::store {

struct StoreSettings {
  std::string directory;
  std::uint64_t cache_bytes = 64ULL << 20;
  std::uint64_t write_buffer_bytes = 64ULL << 20;  // all families together
  std::uint64_t max_wal_bytes = 256ULL << 20;
  std::uint64_t group_bytes = 4ULL << 20;     // cap of one commit group
  std::uint64_t pending_bytes = 64ULL << 20;  // submitted to the committer and not yet written
  std::uint64_t min_free_disk_bytes = 256ULL << 20;  // below: commit() answers `full`
  std::vector<FirstMailbox> first_mailboxes;         // see MailboxStore::open_account
};

// One database for everything durable. open() takes its lock: one process at a time.
class Store {
 public:
  // Throws std::runtime_error with problem and remedy (locked by a running server, newer format,
  // damaged).
  [[nodiscard]] static std::unique_ptr<Store> open(const StoreSettings& settings,
                                                   engine::Cores& cores);
  // The in-memory twin: its committer and disk live in the simulation's one thread. Destroyed
  // before the simulation; after Simulation::kill_tasks() it can only be destroyed.
  struct MemoryDisk;  // survives the Store: what was synced (and what was only written)
  [[nodiscard]] static std::shared_ptr<MemoryDisk> make_memory_disk();
  [[nodiscard]] static std::unique_ptr<Store> open_memory(std::shared_ptr<MemoryDisk> disk,
                                                          engine::Simulation& simulation,
                                                          const StoreSettings& settings = {});

  virtual ~Store() = default;

  // The handle of one core; lives as long as the Store.
  [[nodiscard]] virtual QueueStore& queue(CoreId core) = 0;
  [[nodiscard]] virtual AccountStore& accounts(CoreId core) = 0;
  [[nodiscard]] virtual FactStore& facts(CoreId core) = 0;
  [[nodiscard]] virtual MailboxStore& mailboxes(CoreId core) = 0;
  [[nodiscard]] virtual Upkeep& upkeep(CoreId core) = 0;
  // Before the first commit. The feed of each core is told of that core's commits.
  virtual void set_feed(CoreId core, QueueFeed& feed) = 0;
  // Syncs and stops the committer; later calls answer `closed`.
  virtual void close() = 0;
};

// What a test does to the memory disk.
struct DiskFaults {
  Duration sync_latency{std::chrono::microseconds(200)};
  bool fail_next_sync = false;
  bool lie_about_syncs = false;  // says it has synced and has not: a checker must find the loss
  bool full = false;
  // A core that has little to write does so itself, in no time, as with a quick disk.
  bool cores_write = false;
};
[[nodiscard]] DiskFaults& faults(Store::MemoryDisk& disk);
// Forgets what was written and not synced, but for the first `writes_kept` of those writes, which
// had reached the medium by themselves. A kill -9 keeps all that was written: destroy the Store
// without close() and open another on the same disk.
void power_cut(Store::MemoryDisk& disk, std::size_t writes_kept = 0);

}  // namespace postrider::store
