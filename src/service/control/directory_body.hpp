#pragma once

#include "json_body.hpp"

#include <span>
#include <string>

#include <postrider/codec/http/message.hpp>
#include <postrider/flow/accounts.hpp>

// Accounts, domains and aliases between JSON and the desk.
namespace postrider::control {

// What a request may say of each; `name` (or `address`) and `type` too.
[[nodiscard]] std::span<const BodyMember> account_members();
[[nodiscard]] std::span<const BodyMember> domain_members();
[[nodiscard]] std::span<const BodyMember> alias_members();

// Errors: for people.
[[nodiscard]] Result<flow::AccountChange, std::string> account_change(const JsonBody& body);
[[nodiscard]] flow::DomainChange domain_change(const JsonBody& body);
[[nodiscard]] Result<flow::AliasChange, std::string> alias_change(const JsonBody& body);

// JSON objects. `secrets`: with the hashes of passwords, for an export.
[[nodiscard]] std::string encode_account(const store::Account& account, bool secrets);
[[nodiscard]] std::string encode_domain(const store::Domain& domain);
[[nodiscard]] std::string encode_alias(const store::Alias& alias);

[[nodiscard]] http::Response account_error_response(const flow::AccountError& error);

}  // namespace postrider::control
