#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/password_hash.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/codec/sasl/prepare.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/flow/accounts.hpp>

namespace postrider::flow {

namespace {

std::unexpected<AccountError> refuse(AccountFailure kind, std::string text) {
  return failure(AccountError{kind, std::move(text)});
}

AccountError from_store(store::StoreError error, std::string_view what) {
  switch (error) {
    case store::StoreError::not_found:
      return {AccountFailure::not_found, fmt::format("{} does not exist: see the list", what)};
    case store::StoreError::conflict:
      return {AccountFailure::exists, fmt::format("{} exists already: change it with set", what)};
    default:
      return {AccountFailure::store,
              fmt::format("{} could not be saved ({}): look at the disk and the server's log", what,
                          store::describe(error))};
  }
}

AccountResult<std::string> domain_name(std::string_view given) {
  auto name = dns::to_a_label(given);
  if (!name) {
    return refuse(AccountFailure::bad_name,
                  fmt::format("'{}' is no domain ({}): write it as example.org",
                              quoted_for_log(given, 80), dns::describe(name.error())));
  }
  return std::move(*name);
}

AccountResult<std::string> account_name(std::string_view given) {
  const auto path = smtp::parse_address(given);
  if (!path || path->domain.empty() || path->domain.starts_with('[')) {
    return refuse(
        AccountFailure::bad_name,
        fmt::format("'{}' is no account: write user@example.org", quoted_for_log(given, 80)));
  }
  auto domain = domain_name(path->domain);
  if (!domain) {
    return failure(std::move(domain.error()));
  }
  return smtp::Path{to_lower(path->local_part), std::move(*domain)}.address();
}

std::string domain_of(std::string_view account) {
  return std::string(account.substr(account.rfind('@') + 1));
}

// "user@example.org", "@example.org" or "*".
AccountResult<std::vector<std::string>> send_as_list(const std::vector<std::string>& given) {
  std::vector<std::string> list;
  for (const auto& entry : given) {
    if (entry == "*") {
      list.push_back(entry);
      continue;
    }
    const bool is_domain = entry.starts_with('@');
    auto name = is_domain ? domain_name(std::string_view(entry).substr(1)) : account_name(entry);
    if (!name) {
      return failure(std::move(name.error()));
    }
    list.push_back(is_domain ? "@" + *name : *name);
  }
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
  return list;
}

}  // namespace

AccountDesk::AccountDesk(engine::Reactor& reactor, store::AccountStore& accounts,
                         CredentialKinds kinds, DirectoryChanges* changes)
    : reactor_(reactor), accounts_(accounts), kinds_(kinds), changes_(changes) {
  check(kinds.argon2id || kinds.scram, "an account must keep something of its password");
}

void AccountDesk::changed() {
  if (changes_ != nullptr) {
    changes_->changed();
  }
}

engine::Task<AccountResult<void>> AccountDesk::start() {
  return count_hosted();
}

// Looks through all domains, again if one was written meanwhile.
engine::Task<AccountResult<void>> AccountDesk::count_hosted() {
  if (changes_ == nullptr) {
    co_return AccountResult<void>{};
  }
  constexpr std::size_t page = 1000;
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
      any = any || domain.hosted || !domain.alias_of.empty();
    }
    after = domains->size() < page || any ? std::string() : domains->back().name;
  } while (!after.empty() || version != changes_->version());
  changes_->set_hosts_any(any);
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<void>> AccountDesk::set_password(store::Account& account,
                                                            std::string password) {
  if (password.empty() || password.size() > password_limit_bytes) {
    co_return refuse(AccountFailure::bad_password,
                     fmt::format("the password is empty or over {} bytes: choose another",
                                 password_limit_bytes));
  }
  // In the form in which logins compare it (RFC 4013).
  auto prepared = sasl::prepare(password);
  if (!prepared) {
    co_return refuse(
        AccountFailure::bad_password,
        "the password holds control or private characters or is not UTF-8: choose another");
  }
  password = std::move(*prepared);
  std::string salt(scram_salt_octets, '\0');
  reactor_.random().fill(std::as_writable_bytes(std::span(salt)));
  // The pool works on copies: a Task that is dropped leaves nothing behind that it could touch.
  struct Made {
    std::string hash;
    ScramVerifier scram;
  };
  auto made = std::make_shared<Made>();
  const auto done = co_await reactor_.offload(
      [made, password, salt, kinds = kinds_]() mutable {
        if (kinds.argon2id) {
          SystemRandom random;
          made->hash = hash_password(password, random);
        }
        if (kinds.scram) {
          made->scram = derive_scram_sha256(password, salt);
        }
      },
      engine::Until{reactor_.now() + std::chrono::seconds(60)});
  if (!done) {
    co_return refuse(AccountFailure::store, "the server is too busy to hash a password: try again");
  }
  account.password_hash = std::move(made->hash);
  account.scram.reset();
  if (kinds_.scram) {
    account.scram = std::move(made->scram);
  }
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<void>> AccountDesk::save(const store::Account& account,
                                                    bool expect_new) {
  auto saved = co_await accounts_.save_account(account, expect_new);
  if (!saved) {
    co_return failure(from_store(saved.error(), account.name));
  }
  changed();
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<store::Account>> AccountDesk::add(NewAccount given) {
  auto name = account_name(given.name);
  auto send_as = send_as_list(given.send_as);
  if (!name || !send_as) {
    co_return failure(!name ? std::move(name.error()) : std::move(send_as.error()));
  }
  store::Account account;
  account.name = std::move(*name);
  account.tenant = given.tenant.empty() ? domain_of(account.name) : given.tenant;
  account.send_as = std::move(*send_as);
  account.created = reactor_.wall_now();
  account.changed = account.created;
  if (auto set = co_await set_password(account, std::move(given.password)); !set) {
    co_return failure(std::move(set.error()));
  }
  auto domain = co_await add_domain(domain_of(account.name), account.tenant);
  if (!domain && domain.error().kind != AccountFailure::exists) {
    co_return failure(std::move(domain.error()));
  }
  if (auto saved = co_await save(account, true); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return account;
}

engine::Task<AccountResult<store::Account>> AccountDesk::change(std::string given,
                                                                AccountChange change) {
  auto account = co_await load(std::move(given));
  if (!account) {
    co_return account;
  }
  if (change.password) {
    if (auto set = co_await set_password(*account, std::move(*change.password)); !set) {
      co_return failure(std::move(set.error()));
    }
  }
  if (change.send_as) {
    auto list = send_as_list(*change.send_as);
    if (!list) {
      co_return failure(std::move(list.error()));
    }
    account->send_as = std::move(*list);
  }
  account->tenant = change.tenant.value_or(account->tenant);
  account->disabled = change.disabled.value_or(account->disabled);
  account->changed = reactor_.wall_now();
  if (auto saved = co_await save(*account, false); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return account;
}

engine::Task<AccountResult<void>> AccountDesk::remove(std::string given) {
  auto name = account_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  if (auto removed = co_await accounts_.remove_account(*name); !removed) {
    co_return failure(from_store(removed.error(), *name));
  }
  changed();
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<store::Account>> AccountDesk::load(std::string given) {
  auto name = account_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  auto account = co_await accounts_.load_account(*name);
  if (!account) {
    co_return failure(from_store(account.error(), *name));
  }
  co_return std::move(*account);
}

engine::Task<AccountResult<std::vector<store::Account>>> AccountDesk::list(std::string after,
                                                                           std::size_t limit) {
  auto accounts = co_await accounts_.list_accounts(std::move(after), limit);
  if (!accounts) {
    co_return failure(from_store(accounts.error(), "the list of accounts"));
  }
  co_return std::move(*accounts);
}

engine::Task<AccountResult<store::Domain>> AccountDesk::add_domain(std::string given,
                                                                   std::string tenant) {
  auto name = domain_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  store::Domain domain{*name, tenant.empty() ? *name : std::move(tenant), reactor_.wall_now()};
  if (auto saved = co_await accounts_.save_domain(domain, true); !saved) {
    co_return failure(from_store(saved.error(), *name));
  }
  co_return domain;
}

engine::Task<AccountResult<void>> AccountDesk::remove_domain(std::string given) {
  auto name = domain_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  constexpr std::size_t page = 1000;
  std::string after;
  for (;;) {
    auto accounts = co_await accounts_.list_accounts(after, page);
    if (!accounts) {
      co_return failure(from_store(accounts.error(), *name));
    }
    for (const auto& account : *accounts) {
      if (domain_of(account.name) == *name) {
        co_return refuse(
            AccountFailure::exists,
            fmt::format("{} still has {}: remove its accounts first", *name, account.name));
      }
    }
    if (accounts->size() < page) {
      break;
    }
    after = accounts->back().name;
  }
  if (auto removed = co_await accounts_.remove_domain(*name); !removed) {
    co_return failure(from_store(removed.error(), *name));
  }
  co_return AccountResult<void>{};
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
