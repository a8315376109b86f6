#pragma once

#include "record_codec.hpp"

#include <string>
#include <string_view>

#include <postrider/store/account_store.hpp>

// The values of ac.account, ac.domain and ac.alias, sealed like all records.
namespace postrider::store {

// Names of accounts, domains and aliases as keys.
[[nodiscard]] std::string name_key(std::string_view name);

[[nodiscard]] std::string encode_account(const Account& account);
[[nodiscard]] RecordResult<Account> decode_account(std::string_view key, std::string_view value);
[[nodiscard]] std::string encode_domain(const Domain& domain);
[[nodiscard]] RecordResult<Domain> decode_domain(std::string_view key, std::string_view value);
[[nodiscard]] std::string encode_alias(const Alias& alias);
[[nodiscard]] RecordResult<Alias> decode_alias(std::string_view key, std::string_view value);

}  // namespace postrider::store
