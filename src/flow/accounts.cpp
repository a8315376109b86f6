#include "account_names.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/password_hash.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::flow {

namespace {

// Of argon2 in its PHC form; what it costs is bounded when it is used (base/password_hash.hpp).
bool is_argon2(std::string_view hash) {
  return hash.size() <= 512 && hash.starts_with("$argon2") && hash.find(' ') == hash.npos;
}

template <class T>
void take(T& value, std::optional<T>& given) {
  if (given) {
    value = std::move(*given);
  }
}

}  // namespace

AccountDesk::AccountDesk(engine::Reactor& reactor, store::AccountStore& accounts,
                         CredentialKinds kinds, DirectoryChanges* changes)
    : reactor_(reactor),
      accounts_(accounts),
      kinds_(kinds),
      changes_(changes),
      writes_(reactor, 1) {
  check(kinds.argon2id || kinds.scram, "an account must keep something of its password");
}

engine::Task<engine::Semaphore::Permit> AccountDesk::begin_write() {
  auto permit = co_await writes_.acquire(1, {});
  check(permit.has_value(), "a wait without end has ended without its permit");
  co_return std::move(*permit);
}

void AccountDesk::changed() {
  if (changes_ != nullptr) {
    changes_->changed();
  }
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

engine::Task<AccountResult<void>> AccountDesk::apply(store::Account& account,
                                                     AccountChange change) {
  if (change.password_hash || change.scram) {  // all that was kept of the old one goes
    account.password_hash.clear();
    account.scram.reset();
  }
  if (change.password_hash && !change.password_hash->empty()) {
    if (!is_argon2(*change.password_hash)) {
      co_return refuse(AccountFailure::bad_password,
                       "the password hash is none of argon2 in PHC form ($argon2id$v=19$...): "
                       "give a password instead");
    }
    account.password_hash = std::move(*change.password_hash);
  }
  if (change.scram && !change.scram->empty()) {
    account.scram = parse_scram_verifier(*change.scram);
    if (!account.scram) {
      co_return refuse(AccountFailure::bad_password,
                       "the SCRAM verifier is none: write "
                       "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY");
    }
  }
  if (change.password) {
    if (auto set = co_await set_password(account, std::move(*change.password)); !set) {
      co_return set;
    }
  }
  if (change.send_as) {
    auto list = name_list(*change.send_as, true);
    if (!list) {
      co_return failure(std::move(list.error()));
    }
    account.send_as = std::move(*list);
  }
  if (change.forward_to) {
    auto list = target_list(*change.forward_to, forward_targets_max);
    if (!list) {
      co_return failure(std::move(list.error()));
    }
    account.forward_to = std::move(*list);
  }
  if (change.scopes) {
    const auto scopes = scope_bits(*change.scopes);
    if (!scopes) {
      co_return failure(scopes.error());
    }
    account.scopes = *scopes;
  }
  if (change.app_passwords) {
    const bool sound = change.app_passwords->size() <= app_passwords_max &&
                       std::ranges::all_of(*change.app_passwords, [](const auto& each) {
                         return is_argon2(each.password_hash);
                       });
    if (!sound) {
      co_return refuse(AccountFailure::bad_password,
                       "the app passwords are too many, or a hash is none of argon2: take them as "
                       "account export wrote them");
    }
    account.app_passwords = std::move(*change.app_passwords);
  }
  take(account.tenant, change.tenant);
  take(account.disabled, change.disabled);
  take(account.quota_bytes, change.quota_bytes);
  take(account.quota_messages, change.quota_messages);
  take(account.messages_per_hour, change.messages_per_hour);
  take(account.keeps_copy, change.keeps_copy);
  account.changed = reactor_.wall_now();
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

engine::Task<AccountResult<void>> AccountDesk::refuse_name_of_alias(std::string name) {
  const auto alias = co_await accounts_.load_alias(name);
  if (alias) {
    co_return refuse(AccountFailure::exists,
                     fmt::format("{} is an alias: remove that first", name));
  }
  if (alias.error() != store::StoreError::not_found) {
    co_return failure(from_store(alias.error(), name));
  }
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<store::Account>> AccountDesk::add(NewAccount given) {
  auto name = account_name(given.name);
  auto send_as = name_list(given.send_as, true);
  if (!name || !send_as) {
    co_return failure(!name ? std::move(name.error()) : std::move(send_as.error()));
  }
  store::Account account;
  account.name = std::move(*name);
  account.tenant = given.tenant.empty() ? domain_of(account.name) : given.tenant;
  account.send_as = std::move(*send_as);
  account.created = reactor_.wall_now();
  auto& settings = given.settings;
  const bool is_brought = settings.password_hash || settings.scram;
  if (!settings.password && !is_brought) {
    settings.password = std::move(given.password);
  }
  // Hashing takes its time: not while others wait to write.
  if (auto applied = co_await apply(account, std::move(settings)); !applied) {
    co_return failure(std::move(applied.error()));
  }
  const auto permit = co_await begin_write();
  if (auto free = co_await refuse_name_of_alias(account.name); !free) {
    co_return failure(std::move(free.error()));
  }
  store::Domain domain{
      .name = domain_of(account.name), .tenant = account.tenant, .created = account.created};
  auto made = co_await save(std::move(domain), true);
  if (!made && made.error().kind != AccountFailure::exists) {
    co_return failure(std::move(made.error()));
  }
  if (auto saved = co_await save(account, true); !saved) {
    co_return failure(std::move(saved.error()));
  }
  if (auto adopted = co_await adopt_postmaster(account.name); !adopted) {
    co_return failure(std::move(adopted.error()));
  }
  co_return account;
}

engine::Task<AccountResult<store::Account>> AccountDesk::change(std::string given,
                                                                AccountChange change) {
  store::Account hashed;
  if (change.password) {
    if (auto set = co_await set_password(hashed, std::move(*change.password)); !set) {
      co_return failure(std::move(set.error()));
    }
    change.password.reset();
    change.password_hash = std::move(hashed.password_hash);
    change.scram = hashed.scram ? encode_scram_verifier(*hashed.scram) : std::string();
  }
  const auto permit = co_await begin_write();
  auto account = co_await load(std::move(given));
  if (!account) {
    co_return account;
  }
  if (auto applied = co_await apply(*account, std::move(change)); !applied) {
    co_return failure(std::move(applied.error()));
  }
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
  const auto permit = co_await begin_write();
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

}  // namespace postrider::flow
