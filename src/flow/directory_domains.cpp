#include "directory_domains.hpp"

#include "destinations.hpp"

#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::flow {

namespace {

bool is_hosted(const store::Domain& domain) {
  return domain.hosted || !domain.alias_of.empty();
}

}  // namespace

SplitAddress split_address(std::string_view address, std::string_view separators) {
  const std::size_t at = address.rfind('@');
  const std::string_view local = address.substr(0, at);
  SplitAddress out;
  out.local = to_lower(local);
  out.domain = at == address.npos ? std::string() : destination_domain(address);
  out.base = out.local;
  // A name that begins with a separator has no detail: it would have no name.
  const std::size_t end = separators.empty() ? local.npos : local.find_first_of(separators);
  if (end != local.npos && end != 0) {
    out.base = out.local.substr(0, end);
    out.detail = local.substr(end + 1);
  }
  return out;
}

void DomainTable::refresh() {
  const std::uint64_t version = changes_.version();
  if (version != version_ || known_.size() >= entries_max) {
    known_.clear();
    version_ = version;
  }
}

// What was read while something changed may be what stood before the change.
void DomainTable::keep(const std::string& name, const std::optional<store::Domain>& domain,
                       std::uint64_t version) {
  refresh();
  if (version == version_) {
    known_.insert_or_assign(name, domain);
  }
}

engine::Task<Result<std::optional<store::Domain>, AddressFailure>> DomainTable::find(
    std::string name) {
  refresh();
  if (const auto known = known_.find(name); known != known_.end()) {
    co_return known->second;
  }
  const std::uint64_t version = version_;
  auto loaded = co_await accounts_.load_domain(name);
  if (!loaded && loaded.error() != store::StoreError::not_found) {
    co_return failure(AddressFailure::unavailable);
  }
  std::optional<store::Domain> domain;
  if (loaded && is_hosted(*loaded)) {
    domain = std::move(*loaded);
  }
  keep(name, domain, version);
  co_return domain;
}

engine::Task<Result<std::optional<store::Domain>, AddressFailure>> DomainTable::first() {
  static const std::string key = "@first";  // no domain's name
  refresh();
  if (const auto known = known_.find(key); known != known_.end()) {
    co_return known->second;
  }
  const std::uint64_t version = version_;
  constexpr std::size_t page = 100;
  std::string after;
  for (;;) {
    const auto domains = co_await accounts_.list_domains(after, page);
    if (!domains) {
      co_return failure(AddressFailure::unavailable);
    }
    for (const auto& domain : *domains) {
      if (domain.hosted && domain.alias_of.empty()) {
        std::optional<store::Domain> found = domain;
        keep(key, found, version);
        co_return found;
      }
    }
    if (domains->size() < page) {
      break;
    }
    after = domains->back().name;
  }
  keep(key, std::nullopt, version);
  co_return std::optional<store::Domain>();
}

}  // namespace postrider::flow
