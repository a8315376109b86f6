// Domains at the desk.
#include "account_names.hpp"

#include <fmt/core.h>
#include <utility>

namespace postrider::flow {

namespace {

constexpr std::size_t page = 1000;

bool is_hosted(const store::Domain& domain) {
  return domain.hosted || !domain.alias_of.empty();
}

// An address or nothing.
AccountResult<std::string> address_or_none(const std::string& given) {
  return given.empty() ? AccountResult<std::string>("") : target_address(given);
}

}  // namespace

engine::Task<AccountResult<void>> AccountDesk::start() {
  return count_hosted();
}

// Looks through all domains, again if one was written meanwhile.
engine::Task<AccountResult<void>> AccountDesk::count_hosted() {
  if (changes_ == nullptr) {
    co_return AccountResult<void>{};
  }
  std::uint64_t version = 0;
  bool any = false;
  std::string after;
  do {
    if (after.empty()) {
      version = changes_->version();
      any = false;
    }
    const auto domains = co_await accounts_.list_domains(after, page);
    if (!domains) {
      co_return failure(from_store(domains.error(), "the list of domains"));
    }
    for (const auto& domain : *domains) {
      any = any || is_hosted(domain);
    }
    after = domains->size() < page || any ? std::string() : domains->back().name;
  } while (!after.empty() || version != changes_->version());
  changes_->set_hosts_any(any);
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<void>> AccountDesk::save(store::Domain domain, bool expect_new) {
  const std::string name = domain.name;
  if (auto saved = co_await accounts_.save_domain(std::move(domain), expect_new); !saved) {
    co_return failure(from_store(saved.error(), name));
  }
  changed();
  co_return co_await count_hosted();
}

engine::Task<AccountResult<void>> AccountDesk::apply(store::Domain& domain, DomainChange change) {
  if (change.alias_of && !change.alias_of->empty()) {
    auto target = domain_name(*change.alias_of);
    if (!target) {
      co_return failure(std::move(target.error()));
    }
    const auto other = co_await accounts_.load_domain(*target);
    if (*target == domain.name || !other || !other->hosted || !other->alias_of.empty()) {
      co_return refuse(
          AccountFailure::bad_value,
          fmt::format("{} can't stand for {}: that must be another domain that is hosted here and "
                      "no alias itself",
                      domain.name, *target));
    }
    change.alias_of = std::move(*target);
  }
  for (auto* address : {&change.catch_all, &change.postmaster}) {
    if (*address) {
      auto checked = address_or_none(**address);
      if (!checked) {
        co_return failure(std::move(checked.error()));
      }
      *address = std::move(*checked);
    }
  }
  domain.tenant = std::move(change.tenant).value_or(domain.tenant);
  domain.hosted = change.hosted.value_or(domain.hosted);
  domain.alias_of = std::move(change.alias_of).value_or(domain.alias_of);
  domain.catch_all = std::move(change.catch_all).value_or(domain.catch_all);
  domain.postmaster = std::move(change.postmaster).value_or(domain.postmaster);
  domain.quota_bytes = change.quota_bytes.value_or(domain.quota_bytes);
  domain.quota_messages = change.quota_messages.value_or(domain.quota_messages);
  domain.account_quota_bytes = change.account_quota_bytes.value_or(domain.account_quota_bytes);
  domain.account_quota_messages =
      change.account_quota_messages.value_or(domain.account_quota_messages);
  domain.message_bytes_max = change.message_bytes_max.value_or(domain.message_bytes_max);
  co_return AccountResult<void>{};
}

// RFC 5321 4.5.1: postmaster is read by somebody. The first account of a hosted domain, until one
// is named.
engine::Task<AccountResult<void>> AccountDesk::adopt_postmaster(std::string account) {
  auto domain = co_await accounts_.load_domain(domain_of(account));
  if (!domain || !domain->hosted || !domain->postmaster.empty()) {
    co_return AccountResult<void>{};
  }
  domain->postmaster = std::move(account);
  co_return co_await save(std::move(*domain), false);
}

engine::Task<AccountResult<store::Domain>> AccountDesk::add_domain(std::string given,
                                                                   DomainChange change) {
  auto name = domain_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  const auto permit = co_await begin_write();
  store::Domain domain{.name = *name, .tenant = *name, .created = reactor_.wall_now()};
  if (change.tenant && change.tenant->empty()) {
    change.tenant.reset();
  }
  if (auto applied = co_await apply(domain, std::move(change)); !applied) {
    co_return failure(std::move(applied.error()));
  }
  if (auto saved = co_await save(domain, true); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return domain;
}

engine::Task<AccountResult<store::Domain>> AccountDesk::change_domain(std::string given,
                                                                      DomainChange change) {
  const auto permit = co_await begin_write();
  auto domain = co_await load_domain(std::move(given));
  if (!domain) {
    co_return domain;
  }
  const bool was_hosted = domain->hosted;
  if (auto applied = co_await apply(*domain, std::move(change)); !applied) {
    co_return failure(std::move(applied.error()));
  }
  if (domain->hosted && !was_hosted && domain->postmaster.empty()) {
    std::string after;
    bool more = true;
    while (more && domain->postmaster.empty()) {
      const auto accounts = co_await accounts_.list_accounts(after, page);
      if (!accounts) {
        co_return failure(from_store(accounts.error(), domain->name));
      }
      for (const auto& account : *accounts) {
        if (domain->postmaster.empty() && domain_of(account.name) == domain->name) {
          domain->postmaster = account.name;
        }
      }
      more = accounts->size() == page;
      after = more ? accounts->back().name : std::string();
    }
  }
  if (auto saved = co_await save(*domain, false); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return domain;
}

engine::Task<AccountResult<store::Domain>> AccountDesk::load_domain(std::string given) {
  auto name = domain_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  auto domain = co_await accounts_.load_domain(*name);
  if (!domain) {
    co_return failure(from_store(domain.error(), *name));
  }
  co_return std::move(*domain);
}

engine::Task<AccountResult<void>> AccountDesk::refuse_used_domain(std::string name) {
  const auto used = [&](const std::string& by) {
    return refuse(AccountFailure::exists,
                  fmt::format("{} still has {}: remove that first", name, by));
  };
  std::string after;
  for (bool more = true; more;) {
    const auto accounts = co_await accounts_.list_accounts(after, page);
    if (!accounts) {
      co_return failure(from_store(accounts.error(), name));
    }
    for (const auto& account : *accounts) {
      if (domain_of(account.name) == name) {
        co_return used(account.name);
      }
    }
    more = accounts->size() == page;
    after = more ? accounts->back().name : std::string();
  }
  for (bool more = true; more;) {
    const auto aliases = co_await accounts_.list_aliases(after, page);
    if (!aliases) {
      co_return failure(from_store(aliases.error(), name));
    }
    for (const auto& alias : *aliases) {
      if (domain_of(alias.address) == name) {
        co_return used("the alias " + alias.address);
      }
    }
    more = aliases->size() == page;
    after = more ? aliases->back().address : std::string();
  }
  for (bool more = true; more;) {
    const auto domains = co_await accounts_.list_domains(after, page);
    if (!domains) {
      co_return failure(from_store(domains.error(), name));
    }
    for (const auto& domain : *domains) {
      if (domain.alias_of == name) {
        co_return used("the domain alias " + domain.name);
      }
    }
    more = domains->size() == page;
    after = more ? domains->back().name : std::string();
  }
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<void>> AccountDesk::remove_domain(std::string given) {
  auto name = domain_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  const auto permit = co_await begin_write();
  if (auto unused = co_await refuse_used_domain(*name); !unused) {
    co_return unused;
  }
  if (auto removed = co_await accounts_.remove_domain(*name); !removed) {
    co_return failure(from_store(removed.error(), *name));
  }
  changed();
  co_return co_await count_hosted();
}

engine::Task<AccountResult<std::vector<store::Domain>>> AccountDesk::list_domains(
    std::string after, std::size_t limit) {
  auto domains = co_await accounts_.list_domains(std::move(after), limit);
  if (!domains) {
    co_return failure(from_store(domains.error(), "the list of domains"));
  }
  co_return std::move(*domains);
}

}  // namespace postrider::flow
