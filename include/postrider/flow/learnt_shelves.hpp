#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/policy/day_tally.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/store/fact_store.hpp>

// What policy wants kept over a restart, in the store. Shard: that of the FactStore.
namespace postrider::flow {

class StoredStsPolicies final : public policy::StsShelf {
 public:
  explicit StoredStsPolicies(store::FactStore& facts) : facts_(facts) {}
  engine::Task<std::optional<std::string>> load(std::string domain) override;
  engine::Task<void> save(std::string domain, std::string octets) override;
  engine::Task<void> remove(std::string domain) override;
  engine::Task<std::vector<std::string>> list(std::string after, std::size_t limit) override;

 private:
  store::FactStore& facts_;
};

class StoredDays final : public policy::DayShelf {
 public:
  // `kind`: tls_report, dmarc_report.
  StoredDays(store::FactStore& facts, store::FactKind kind) : facts_(facts), kind_(kind) {}
  engine::Task<std::optional<std::string>> load(std::string name) override;
  engine::Task<bool> save(std::vector<Entry> entries) override;
  engine::Task<void> remove(std::vector<std::string> names) override;
  engine::Task<std::vector<Entry>> list(std::string after, std::size_t limit) override;

 private:
  store::FactStore& facts_;
  store::FactKind kind_;
};

}  // namespace postrider::flow
