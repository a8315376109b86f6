#pragma once

#include "lease_table.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::delivery {

class SiteLease;

// One connection's place in its site's budget, as long as it lives. The lease outlives it.
class SiteSlot {
 public:
  SiteSlot() = default;
  SiteSlot(SiteSlot&& other) noexcept
      : lease_(std::exchange(other.lease_, nullptr)),
        is_leaving_(std::exchange(other.is_leaving_, false)) {}
  SiteSlot& operator=(SiteSlot&& other) noexcept {
    std::swap(lease_, other.lease_);
    std::swap(is_leaving_, other.is_leaving_);
    return *this;
  }
  ~SiteSlot();
  [[nodiscard]] explicit operator bool() const { return lease_ != nullptr; }
  // It will be given back soon: so it counts towards what has been recalled.
  void leave();

 private:
  friend class SiteLease;
  friend class SiteLeases;
  explicit SiteSlot(SiteLease& lease) : lease_(&lease) {}
  SiteLease* lease_ = nullptr;
  bool is_leaving_ = false;
};

// What the lanes of one core hold of the budgets of sites. The budget of a site (from one source
// address) is kept by its home core, which grants units to lanes of all cores: LeaseTable. A core
// asks before it opens a connection and gives back when one is closed: a hop there and one back
// where the home is another core, none where it is this one. A connection that is used again costs
// nothing.
// Shard: its core; the peers speak to each other by values. They all live until each is closed.
class SiteLeases final : private LeaseTable::Listener {
 public:
  using Peers = std::vector<std::unique_ptr<SiteLeases>>;  // by core

  SiteLeases(engine::Cores& cores, CoreId core, Peers& peers, std::uint32_t limit);
  SiteLeases(const SiteLeases&) = delete;
  SiteLeases& operator=(const SiteLeases&) = delete;
  ~SiteLeases() override;

  // Connections to a site that is at home here. On every core, else the limit is not one.
  void set_limit(std::uint32_t limit) { table_.set_limit(limit); }
  // Once, when all slots of this core are gone: nothing of it is on its way to anybody afterwards.
  [[nodiscard]] engine::Task<void> close();
  // The same for a process that ends as it is: nobody runs any more.
  void abandon() { closed_ = true; }

 private:
  friend class SiteLease;
  using Lessee = LeaseTable::Lessee;
  void on_granted(const Lessee& lessee) override;
  void on_recalled(const Lessee& lessee) override;

  [[nodiscard]] bool ask(SiteLease& lease);
  void give_back(const SiteLease& lease);
  template <class F>
  void tell(CoreId core, F what);
  void take_grant(const std::string& lane);
  void take_recall(const std::string& lane);

  engine::Cores& cores_;
  engine::Reactor& reactor_;
  Peers& peers_;
  LeaseTable table_;                                    // of the sites whose home is here
  std::unordered_map<std::string, SiteLease*> leases_;  // of this core's lanes
  bool closed_ = false;
};

// What one lane holds. Shard: its core.
class SiteLease {
 public:
  struct Events {
    std::move_only_function<void(SiteSlot)> on_granted;  // what is not taken goes back
    std::move_only_function<void()> on_recalled;         // see recalled()
  };
  // `site`: whose budget; `lane`: the only one of this name.
  SiteLease(SiteLeases& leases, std::string site, std::string lane, Events events);
  SiteLease(const SiteLease&) = delete;
  SiteLease& operator=(const SiteLease&) = delete;
  ~SiteLease();

  // A place for one connection; empty: it waits for one, and Events::on_granted will bring it.
  [[nodiscard]] SiteSlot ask();
  [[nodiscard]] std::uint32_t asked() const { return asked_; }
  // Others wait: so many of the slots are to be given back when it suits, and none is leaving yet.
  [[nodiscard]] std::uint32_t recalled() const { return recalled_; }
  [[nodiscard]] bool is_unused() const { return held_ == 0 && asked_ == 0; }

 private:
  friend class SiteLeases;
  friend class SiteSlot;
  void leave();
  void give_back(bool was_leaving);

  SiteLeases& leases_;
  std::string site_;
  CoreId home_;
  std::string lane_;
  Events events_;
  std::uint32_t held_ = 0;
  std::uint32_t leaving_ = 0;  // of these
  std::uint32_t unasked_ = 0;  // of the leaving ones: not recalled, so that the next recall is met
  std::uint32_t asked_ = 0;
  std::uint32_t recalled_ = 0;
};

}  // namespace postrider::delivery
