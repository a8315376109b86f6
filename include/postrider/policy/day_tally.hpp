#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

// What is counted by day and domain, for reports to others (RFC 8460, RFC 9990).
namespace postrider::policy {

// "2026-11-22", UTC; the days of reports.
[[nodiscard]] std::string report_day(WallTime time);
[[nodiscard]] std::optional<WallTime> parse_report_day(std::string_view day);

// Where counts survive a restart: by name, "2026-11-22 example.org"; the store's side is bound by
// app. What can't be written is lost: a report is worth less than mail.
class DayShelf {
 public:
  struct Entry {
    std::string name;
    std::string octets;
  };
  virtual ~DayShelf() = default;
  virtual engine::Task<std::optional<std::string>> load(std::string name) = 0;
  virtual engine::Task<bool> save(std::vector<Entry> entries) = 0;
  virtual engine::Task<void> remove(std::vector<std::string> names) = 0;
  virtual engine::Task<std::vector<Entry>> list(std::string after, std::size_t limit) = 0;
};

// Counts in memory and adds them to the shelf now and then: no write a message.
// Kind: what is counted. Fact (with its `domain`), Counts of a domain and day, `domains` with
// counts that are not written yet; add(Counts&, const Fact&), merge(Counts&, const Counts&),
// encode(const Counts&), parse(octets).
// Shard: one instance a core; nobody else changes its records. Who sends them reads them after
// flush().
template <class Kind>
class DayTally {
 public:
  using Fact = typename Kind::Fact;
  using Counts = typename Kind::Counts;

  // `mark`: ends the names of its records; empty if a domain is counted on one core only.
  DayTally(engine::Reactor& reactor, DayShelf& shelf, std::string mark = {},
           Duration every = std::chrono::minutes(1))
      : reactor_(reactor),
        shelf_(shelf),
        mark_(std::move(mark)),
        every_(every),
        writing_(reactor, 1),
        gate_(reactor) {}
  DayTally(const DayTally&) = delete;
  DayTally& operator=(const DayTally&) = delete;
  ~DayTally() = default;

  void count(const Fact& fact) {
    if (!is_enabled_) {
      return;
    }
    std::string name = report_day(reactor_.wall_now()) + ' ' + fact.domain;
    if (!mark_.empty()) {
      name += ' ' + mark_;
    }
    auto place = fresh_.find(name);
    if (place == fresh_.end()) {
      if (fresh_.size() >= Kind::domains) {
        ++dropped_;
        return;
      }
      place = fresh_.emplace(std::move(name), Counts{}).first;
    }
    Kind::add(place->second, fact);
  }
  // Switched off, nothing more is counted; what was is written.
  void set_enabled(bool enabled) { is_enabled_ = enabled; }
  [[nodiscard]] bool is_enabled() const { return is_enabled_; }

  // Writes what was counted. One at a time; the next one waits for it.
  [[nodiscard]] engine::Task<void> flush() {
    const auto place = co_await writing_.acquire(1, {});
    auto fresh = std::exchange(fresh_, {});
    while (!fresh.empty()) {
      std::vector<DayShelf::Entry> entries;
      while (!fresh.empty() && entries.size() < batch) {
        auto node = fresh.extract(fresh.begin());
        const auto stored = co_await shelf_.load(node.key());
        auto counts = stored ? Kind::parse(*stored).value_or(Counts{}) : Counts{};
        Kind::merge(counts, node.mapped());
        entries.push_back({node.key(), Kind::encode(counts)});
      }
      const std::size_t lost = entries.size();
      if (!co_await shelf_.save(std::move(entries))) {
        dropped_ += lost;
      }
    }
  }
  // Flushes now and then until drain().
  void start() {
    if (auto pass = gate_.enter()) {
      reactor_.spawn(run(std::move(pass)));
    }
  }
  // Flushes a last time.
  [[nodiscard]] engine::Task<void> drain() {
    gate_.close();
    co_await gate_.drain(reactor_.now());
    co_await flush();
  }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::size_t batch = 256;  // records written at a time

  [[nodiscard]] engine::Task<void> run(engine::Gate::Pass /*pass*/) {
    while (co_await reactor_.sleep_for(every_, gate_.closing()) == engine::WaitEnd::elapsed) {
      co_await flush();
    }
  }

  engine::Reactor& reactor_;
  DayShelf& shelf_;
  std::string mark_;
  Duration every_;
  std::map<std::string, Counts> fresh_;  // by name
  std::uint64_t dropped_ = 0;
  bool is_enabled_ = true;
  engine::Semaphore writing_;
  engine::Gate gate_;
};

}  // namespace postrider::policy
