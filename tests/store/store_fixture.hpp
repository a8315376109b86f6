#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/store/store.hpp>

// Messages to keep and a store to keep them in, in memory.
namespace postrider::store {

template <class T>
engine::Task<void> keep_result(engine::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

// Runs one call to its end in virtual time.
template <class T>
T await(engine::Simulation& simulation, engine::Task<T> task) {
  std::optional<T> result;
  simulation.run(keep_result(std::move(task), result));
  return *std::move(result);
}

// A message of `octets` to one recipient in each of `domains`.
inline NewMessage make_message(MessageId id, std::string octets,
                               std::vector<std::string> domains = {"example.org"}) {
  auto envelope = std::make_shared<Envelope>();
  envelope->id = id;
  envelope->tenant = "acme";
  envelope->account = "app@acme.example";
  envelope->reverse_path = "bounce@acme.example";
  envelope->envid = "QQ314159";
  envelope->received_at = id.created();
  envelope->origin = "smtp 192.0.2.1:4711 (app.acme.example)";
  envelope->size_octets = octets.size();
  for (std::string& domain : domains) {
    const std::string address = "user@" + domain;
    envelope->destinations.push_back({std::move(domain), {{address, "rfc822;" + address, {}}}});
  }
  return {std::move(envelope), SharedOctets(std::move(octets))};
}

inline Progress deferred(WallTime next_due, std::uint32_t attempts = 1) {
  Progress progress;
  progress.attempts = attempts;
  progress.next_due = next_due;
  progress.recipients = {
      {RecipientState::pending,
       {451, "4.7.1", "try again later", "mx.example.org [192.0.2.1]", next_due}}};
  return progress;
}

// The store's twin, with its disk in the test's hands.
class Twin {
 public:
  explicit Twin(std::uint64_t seed = 1, CoreId cores = 1, StoreSettings settings = {})
      : settings_(std::move(settings)),
        simulation_(engine::Simulation::create({.seed = seed, .cores = cores})),
        disk_(Store::make_memory_disk()) {
    open();
  }

  engine::Simulation& simulation() { return *simulation_; }
  engine::Reactor& reactor(CoreId core = 0) { return simulation_->reactor(core); }
  Store& store() { return *store_; }
  QueueStore& queue(CoreId core = 0) { return store_->queue(core); }
  AccountStore& accounts(CoreId core = 0) { return store_->accounts(core); }
  Store::MemoryDisk& disk() { return *disk_; }
  std::shared_ptr<Store::MemoryDisk> shared_disk() { return disk_; }

  template <class T>
  T run(engine::Task<T> task) {
    return await(*simulation_, std::move(task));
  }

  void open() { store_ = Store::open_memory(disk_, *simulation_, settings_); }
  // The process ends in the middle of what it does; the disk keeps what was written.
  void kill() {
    simulation_->kill_tasks();
    store_.reset();
  }
  void restart() {
    kill();
    open();
  }
  void lose_power(std::size_t writes_kept = 0) {
    kill();
    power_cut(*disk_, writes_kept);
    open();
  }

  // Commits a small message and gives its id.
  MessageId commit(std::string octets = "Subject: hello\r\n\r\nhello\r\n",
                   std::vector<std::string> domains = {"example.org"}) {
    const MessageId id = queue().next_id();
    const auto done = run(queue().commit(make_message(id, std::move(octets), std::move(domains))));
    return done ? id : MessageId();
  }
  // All open deliveries.
  std::vector<StoredDelivery> scan(QueueStore::Scan scan = {}) {
    auto found = run(queue().scan(scan));
    return found ? *std::move(found) : std::vector<StoredDelivery>();
  }

 private:
  StoreSettings settings_;
  std::unique_ptr<engine::Simulation> simulation_;
  std::shared_ptr<Store::MemoryDisk> disk_;  // shared with the store, as its door wants
  std::unique_ptr<Store> store_;
};

}  // namespace postrider::store
