#pragma once

#include "fake_dns.hpp"
#include "fake_mx.hpp"
#include "late_store.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/store/store.hpp>

namespace postrider::delivery {

class EventRecorder final : public flow::EventSink {
 public:
  void emit(flow::Event event) override { events.push_back(std::move(event)); }
  engine::Task<void> written() override {
    if (slow_writer != nullptr) {
      (void)co_await slow_writer->sleep_for(std::chrono::seconds(2));
    }
    is_written = true;
  }
  [[nodiscard]] std::size_t count(flow::EventKind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count(events, kind, [](const flow::Event& e) { return e.kind; }));
  }
  [[nodiscard]] const flow::Event* find(flow::EventKind kind, const std::string& to = "") const {
    for (const flow::Event& event : events) {
      if (event.kind == kind && (to.empty() || event.to == to)) {
        return &event;
      }
    }
    return nullptr;
  }
  std::vector<flow::Event> events;
  engine::Reactor* slow_writer = nullptr;  // takes two seconds for what is waited for
  bool is_written = false;
};

template <class T>
engine::Task<void> keep_result(engine::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

struct Letter {
  std::string tenant = "acme";
  std::string from = "sender@acme.example";
  std::vector<std::string> to;  // addresses; one delivery per domain
  std::string content = "Subject: hello\r\n\r\n.dot\r\nbody\r\n";
  store::Notify notify;
  store::Priority priority = store::Priority::normal;
  bool eight_bit = false;
  store::Return ret = store::Return::absent;
};

// A process that delivers, with its store, in a world with DNS and mail servers. A crash ends the
// process; the world goes on.
class World {
 public:
  explicit World(std::uint64_t seed = 1, CoreId cores = 1)
      : simulation_(engine::Simulation::create({.seed = seed, .cores = cores})),
        disk_(store::Store::make_memory_disk()) {
    settings.hostname = "out.test";
    settings.retry.jitter = 0;
  }
  ~World() { simulation_->kill_tasks(); }

  DeliverySettings settings;
  FakeDns dns;
  EventRecorder events;
  const net::TlsContext* tls = nullptr;                   // as CoreDoors has them
  const net::TlsContext* tls_verified = nullptr;          // from the next start on
  std::function<const LocalDoors*(CoreId)> make_local;    // at each start; empty: nothing is hosted
  std::function<flow::ReturnDesk*(CoreId)> make_returns;  // at each start, after the store's
  Duration reads_late{};  // delivery hears what it reads from the store up to this much later

  engine::Simulation& simulation() { return *simulation_; }
  engine::Reactor& reactor(CoreId core = 0) { return simulation_->reactor(core); }
  store::QueueStore& queue(CoreId core = 0) { return store_->queue(core); }
  store::Store& store() { return *store_; }
  store::Store::MemoryDisk& disk() { return *disk_; }
  Delivery& delivery() { return *delivery_; }

  // A mail server with an address in DNS; `domain` has it among its MX.
  FakeMx& add_mx(const std::string& domain, std::uint16_t preference, const std::string& host,
                 std::uint8_t number) {
    dns.add_mx(domain, preference, host);
    dns.add_address(host, IpAddress::v4({192, 0, 2, number}));
    return add_server(number);
  }
  FakeMx& add_server(std::uint8_t number, std::uint16_t port = 25) {
    const auto address = IpAddress::v4({192, 0, 2, number});
    servers_.push_back(std::make_unique<FakeMx>(*simulation_, address, port));
    return *servers_.back();
  }

  void start() {
    store_ = store::Store::open_memory(disk_, *simulation_);
    std::vector<CoreDoors> doors;
    for (CoreId core = 0; core < simulation_->count(); ++core) {
      late_.push_back(std::make_unique<LateStore>(reactor(core), store_->queue(core), reads_late));
      doors.push_back({late_.back().get(), &dns, &events, tls, tls_verified});
      doors.back().local = make_local ? make_local(core) : nullptr;
      doors.back().returns = make_returns ? make_returns(core) : nullptr;
    }
    delivery_ = Delivery::create(*simulation_, settings, std::move(doors));
    for (CoreId core = 0; core < simulation_->count(); ++core) {
      store_->set_feed(core, delivery_->feed(core));
    }
    simulation_->run(delivery_->start());
  }
  void crash(bool power) {
    simulation_->kill_tasks();
    delivery_.reset();
    late_.clear();
    store_.reset();
    if (power) {
      store::power_cut(*disk_);
    }
    for (auto& server : servers_) {
      server->serve();
    }
  }
  void stop(Duration patience = std::chrono::seconds(30)) {
    simulation_->run(delivery_->drain(reactor().now() + patience));
    delivery_.reset();
    late_.clear();
    store_->close();
    store_.reset();
  }

  template <class T>
  T run(engine::Task<T> task) {
    std::optional<T> result;
    simulation_->run(keep_result(std::move(task), result));
    return *std::move(result);
  }

  store::NewMessage compose(const Letter& letter, CoreId core = 0) {
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = queue(core).next_id();
    envelope->tenant = letter.tenant;
    envelope->reverse_path = letter.from;
    envelope->priority = letter.priority;
    envelope->eight_bit = letter.eight_bit;
    envelope->ret = letter.ret;
    envelope->received_at = reactor(core).wall_now();
    envelope->size_octets = letter.content.size();
    std::map<std::string, std::size_t> domains;
    for (const std::string& address : letter.to) {
      const std::string domain = address.substr(address.rfind('@') + 1);
      const auto [place, is_new] = domains.emplace(domain, envelope->destinations.size());
      if (is_new) {
        envelope->destinations.push_back({domain, {}});
      }
      envelope->destinations[place->second].recipients.push_back({address, "", letter.notify});
    }
    return {std::move(envelope), SharedOctets(letter.content)};
  }
  MessageId submit(const Letter& letter, CoreId core = 0) {
    store::NewMessage message = compose(letter, core);
    const MessageId id = message.envelope->id;
    EXPECT_TRUE(run(queue(core).commit(std::move(message))).has_value());
    return id;
  }
  engine::Task<store::StoreResult<void>> commit(const Letter& letter, CoreId core = 0) {
    return queue(core).commit(compose(letter, core));
  }

  void run_for(Duration duration) { simulation_->run_for(duration); }
  [[nodiscard]] std::uint64_t open_messages() { return queue().counters().messages_open; }
  [[nodiscard]] std::size_t open_deliveries() {
    const auto all = run(queue().scan({{}, 100'000, false}));
    return all ? all->size() : SIZE_MAX;
  }

 private:
  std::unique_ptr<engine::Simulation> simulation_;
  std::shared_ptr<store::Store::MemoryDisk> disk_;
  std::vector<std::unique_ptr<FakeMx>> servers_;
  std::unique_ptr<store::Store> store_;
  std::vector<std::unique_ptr<LateStore>> late_;
  std::unique_ptr<Delivery> delivery_;
};

}  // namespace postrider::delivery
