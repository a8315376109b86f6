#pragma once

#include <string>

#include <postrider/policy/authenticator.hpp>
#include <postrider/store/account_store.hpp>

namespace postrider::flow {

// Logins read from the account store. Shard: as the AccountStore handle, which outlives it.
class StoredCredentials final : public policy::CredentialSource {
 public:
  explicit StoredCredentials(store::AccountStore& accounts) : accounts_(accounts) {}
  engine::Task<Result<policy::Credentials, policy::CredentialFailure>> load(
      std::string name) override;

 private:
  store::AccountStore& accounts_;
};

}  // namespace postrider::flow
