#include <utility>

#include <postrider/flow/learnt_shelves.hpp>

namespace postrider::flow {

using store::FactKind;

engine::Task<std::optional<std::string>> StoredStsPolicies::load(std::string domain) {
  auto found = co_await facts_.load(FactKind::sts_policy, std::move(domain));
  co_return found ? std::optional(*std::move(found)) : std::nullopt;
}

engine::Task<void> StoredStsPolicies::save(std::string domain, std::string octets) {
  std::vector<store::Fact> facts;
  facts.push_back({std::move(domain), std::move(octets)});
  // (void): a policy that could not be kept is fetched again; the store's own counters say why.
  (void)co_await facts_.save(FactKind::sts_policy, std::move(facts));
}

engine::Task<void> StoredStsPolicies::remove(std::string domain) {
  // (void): what stays is found to have expired again.
  (void)co_await facts_.remove(FactKind::sts_policy, std::vector<std::string>{std::move(domain)});
}

engine::Task<std::vector<std::string>> StoredStsPolicies::list(std::string after,
                                                               std::size_t limit) {
  std::vector<std::string> out;
  auto found = co_await facts_.list(FactKind::sts_policy, std::move(after), limit);
  if (found) {
    for (store::Fact& fact : *found) {
      out.push_back(std::move(fact.name));
    }
  }
  co_return out;
}

engine::Task<std::optional<std::string>> StoredDays::load(std::string name) {
  auto found = co_await facts_.load(kind_, std::move(name));
  co_return found ? std::optional(*std::move(found)) : std::nullopt;
}

engine::Task<bool> StoredDays::save(std::vector<Entry> entries) {
  std::vector<store::Fact> facts;
  for (Entry& entry : entries) {
    facts.push_back({std::move(entry.name), std::move(entry.octets)});
  }
  const auto saved = co_await facts_.save(kind_, std::move(facts));
  co_return saved.has_value();
}

engine::Task<void> StoredDays::remove(std::vector<std::string> names) {
  // (void): at worst a report goes out twice.
  (void)co_await facts_.remove(kind_, std::move(names));
}

engine::Task<std::vector<policy::DayShelf::Entry>> StoredDays::list(std::string after,
                                                                    std::size_t limit) {
  std::vector<Entry> out;
  auto found = co_await facts_.list(kind_, std::move(after), limit);
  if (found) {
    for (store::Fact& fact : *found) {
      out.push_back({std::move(fact.name), std::move(fact.value)});
    }
  }
  co_return out;
}

}  // namespace postrider::flow
