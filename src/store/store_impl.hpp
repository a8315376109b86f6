#pragma once

#include "account_handle.hpp"
#include "committer.hpp"
#include "core_port.hpp"
#include "fact_handle.hpp"
#include "kv.hpp"
#include "mailbox_handle.hpp"
#include "queue_handle.hpp"
#include "start_state.hpp"
#include "status.hpp"
#include "upkeep_handle.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <postrider/store/store.hpp>

namespace postrider::store {

// Binds one seam, one committer and the cores' handles together.
class StoreImpl final : public Store {
 public:
  StoreImpl(std::unique_ptr<Kv> kv, const StoreSettings& settings, engine::Cores& cores);
  StoreImpl(std::shared_ptr<MemoryDisk> disk, const StoreSettings& settings,
            engine::Simulation& simulation);
  ~StoreImpl() override;

  [[nodiscard]] QueueStore& queue(CoreId core) override { return *queues_.at(core); }
  [[nodiscard]] AccountStore& accounts(CoreId core) override { return *accounts_.at(core); }
  [[nodiscard]] FactStore& facts(CoreId core) override { return *facts_.at(core); }
  [[nodiscard]] MailboxStore& mailboxes(CoreId core) override { return *mailboxes_.at(core); }
  [[nodiscard]] Upkeep& upkeep(CoreId core) override { return *upkeeps_.at(core); }
  void set_feed(CoreId core, QueueFeed& feed) override { ports_.at(core)->set_feed(feed); }
  void close() override;

 private:
  [[nodiscard]] static Committer::Limits limits(const StoreSettings& settings);
  void make_handles(const StoreSettings& settings, engine::Cores& cores);
  void sweep_staged();

  std::unique_ptr<Kv> kv_;
  Status status_;
  StartState start_;
  bool is_simulated_ = false;
  std::vector<std::shared_ptr<CorePort>> ports_;  // shared with their pending calls
  std::vector<std::unique_ptr<QueueHandle>> queues_;
  std::vector<std::unique_ptr<AccountHandle>> accounts_;
  std::vector<std::unique_ptr<FactHandle>> facts_;
  MailCores mail_cores_;
  std::vector<std::unique_ptr<MailboxHandle>> mailboxes_;
  std::vector<std::unique_ptr<UpkeepHandle>> upkeeps_;
  std::unique_ptr<CommitterDoor> door_;
  std::jthread counter_;  // counts what was open at the start, then ends
};

// A store over a seam of the caller's choice: tests put faults between. Throws as Store::open does.
[[nodiscard]] std::unique_ptr<Store> open_on(std::unique_ptr<Kv> kv, const StoreSettings& settings,
                                             engine::Cores& cores);

}  // namespace postrider::store
