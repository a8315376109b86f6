#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/policy/tls_report.hpp>
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

class StoredTlsReports final : public policy::TlsReportShelf {
 public:
  explicit StoredTlsReports(store::FactStore& facts) : facts_(facts) {}
  engine::Task<std::optional<std::string>> load(std::string name) override;
  engine::Task<bool> save(std::vector<Entry> entries) override;
  engine::Task<void> remove(std::vector<std::string> names) override;
  engine::Task<std::vector<Entry>> list(std::string after, std::size_t limit) override;

 private:
  store::FactStore& facts_;
};

}  // namespace postrider::flow
