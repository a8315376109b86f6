#pragma once

#include "core_port.hpp"
#include "kv.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/store/fact_store.hpp>

namespace postrider::store {

[[nodiscard]] std::string fact_key(FactKind kind, std::string_view name);

// Facts as one core sees them.
class FactHandle final : public FactStore {
 public:
  FactHandle(std::shared_ptr<CorePort> port, const Kv& kv) : port_(std::move(port)), kv_(kv) {}

  engine::Task<StoreResult<std::string>> load(FactKind kind, std::string name) override;
  engine::Task<StoreResult<void>> save(FactKind kind, std::vector<Fact> facts) override;
  engine::Task<StoreResult<void>> remove(FactKind kind, std::vector<std::string> names) override;
  engine::Task<StoreResult<std::vector<Fact>>> list(FactKind kind, std::string after,
                                                    std::size_t limit) override;

 private:
  std::shared_ptr<CorePort> port_;  // shared with pending calls
  const Kv& kv_;
};

}  // namespace postrider::store
