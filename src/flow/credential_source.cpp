#include <utility>

#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/flow/credential_source.hpp>

namespace postrider::flow {
namespace {

// Accounts are kept under A-labels; people log in as they write their address.
std::string stored_name(std::string name) {
  const std::size_t at = name.rfind('@');
  if (at != name.npos) {
    if (const auto domain = dns::to_a_label(std::string_view(name).substr(at + 1))) {
      name.replace(at + 1, name.npos, *domain);
    }
  }
  return name;
}

}  // namespace

engine::Task<Result<policy::Credentials, policy::CredentialFailure>> StoredCredentials::load(
    std::string name) {
  auto account = co_await accounts_.load_account(stored_name(std::move(name)));
  if (!account) {
    co_return failure(account.error() == store::StoreError::not_found
                          ? policy::CredentialFailure::unknown
                          : policy::CredentialFailure::unavailable);
  }
  policy::Credentials out;
  out.scram = std::move(account->scram);
  out.name = std::move(account->name);
  out.tenant = std::move(account->tenant);
  out.password_hash = std::move(account->password_hash);
  out.send_as = std::move(account->send_as);
  out.disabled = account->disabled;
  out.scopes = account->scopes;
  for (auto& each : account->app_passwords) {
    out.app_passwords.push_back({std::move(each.password_hash), each.scopes});
  }
  out.messages_per_hour = account->messages_per_hour;
  co_return out;
}

}  // namespace postrider::flow
