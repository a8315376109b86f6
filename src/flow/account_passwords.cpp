// App passwords at the desk.
#include "account_names.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/policy/app_password.hpp>

namespace postrider::flow {

namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && is_utf8(name) &&
         std::ranges::none_of(name, [](char c) { return c >= 0 && c < ' '; });
}

}  // namespace

engine::Task<AccountResult<ShownPassword>> AccountDesk::add_app_password(
    std::string given, std::string name, std::vector<std::string> scopes) {
  if (!is_name(name)) {
    co_return refuse(AccountFailure::bad_value,
                     "an app password needs a name of 1 to 100 bytes without control characters: "
                     "name the program");
  }
  const auto bits = scope_bits(scopes);
  if (!bits) {
    co_return failure(bits.error());
  }
  std::string password = policy::make_app_password(reactor_.random());
  // Some 20 us: it need not leave the core.
  auto hash = hash_password(*policy::canonical_app_password(password), reactor_.random(),
                            policy::app_password_cost);
  const auto permit = co_await begin_write();
  auto account = co_await load(std::move(given));
  if (!account) {
    co_return failure(std::move(account.error()));
  }
  auto& all = account->app_passwords;
  if (std::ranges::find(all, name, &store::AppPassword::name) != all.end()) {
    co_return refuse(AccountFailure::exists,
                     fmt::format("{} has an app password '{}': remove that first, or choose "
                                 "another name",
                                 account->name, name));
  }
  if (all.size() >= app_passwords_max) {
    co_return refuse(AccountFailure::bad_value,
                     fmt::format("{} has {} app passwords, as many as it may: remove one",
                                 account->name, all.size()));
  }
  account->changed = reactor_.wall_now();
  all.push_back({.name = std::move(name),
                 .password_hash = std::move(hash),
                 .scram = std::nullopt,
                 .scopes = scopes.empty() ? account->scopes : *bits,
                 .created = account->changed});
  if (auto saved = co_await save(*account, false); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return ShownPassword{std::move(*account), std::move(password)};
}

engine::Task<AccountResult<store::Account>> AccountDesk::remove_app_password(std::string given,
                                                                             std::string name) {
  const auto permit = co_await begin_write();
  auto account = co_await load(std::move(given));
  if (!account) {
    co_return account;
  }
  const auto removed = std::erase_if(
      account->app_passwords, [&](const store::AppPassword& each) { return each.name == name; });
  if (removed == 0) {
    co_return refuse(AccountFailure::not_found,
                     fmt::format("{} has no app password '{}': see account list --json",
                                 account->name, quoted_for_log(name, 80)));
  }
  account->changed = reactor_.wall_now();
  if (auto saved = co_await save(*account, false); !saved) {
    co_return failure(std::move(saved.error()));
  }
  co_return account;
}

}  // namespace postrider::flow
