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

engine::Task<Result<DomainRef, AddressFailure>> DomainTable::find(std::string name) {
  if (const DomainRef* known = known_.find(name)) {
    co_return *known;
  }
  const std::uint64_t version = known_.version();
  auto loaded = co_await accounts_.load_domain(name);
  if (!loaded && loaded.error() != store::StoreError::not_found) {
    co_return failure(AddressFailure::unavailable);
  }
  DomainRef domain;
  if (loaded && is_hosted(*loaded)) {
    domain = std::make_shared<const store::Domain>(*std::move(loaded));
  }
  known_.keep(name, domain, version);
  co_return domain;
}

engine::Task<Result<DomainRef, AddressFailure>> DomainTable::first() {
  static const std::string key = "@first";  // no domain's name
  if (const DomainRef* known = known_.find(key)) {
    co_return *known;
  }
  const std::uint64_t version = known_.version();
  constexpr std::size_t page = 100;
  std::string after;
  for (;;) {
    const auto domains = co_await accounts_.list_domains(after, page);
    if (!domains) {
      co_return failure(AddressFailure::unavailable);
    }
    for (const auto& domain : *domains) {
      if (domain.hosted && domain.alias_of.empty()) {
        auto found = std::make_shared<const store::Domain>(domain);
        known_.keep(key, found, version);
        co_return found;
      }
    }
    if (domains->size() < page) {
      break;
    }
    after = domains->back().name;
  }
  known_.keep(key, nullptr, version);
  co_return DomainRef();
}

}  // namespace postrider::flow
