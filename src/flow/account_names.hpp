#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/flow/accounts.hpp>

// Names and addresses as the directory keeps them, and what to say when they are none.
namespace postrider::flow {

[[nodiscard]] std::unexpected<AccountError> refuse(AccountFailure kind, std::string text);
// `what`: the name that was written or read.
[[nodiscard]] AccountError from_store(store::StoreError error, std::string_view what);

// In A-labels and lower case.
[[nodiscard]] AccountResult<std::string> domain_name(std::string_view given);
// Lower case throughout: an address of ours.
[[nodiscard]] AccountResult<std::string> account_name(std::string_view given);
// An address here or elsewhere: its local part stays as it is.
[[nodiscard]] AccountResult<std::string> target_address(std::string_view given);
// Each once, in the order given.
[[nodiscard]] AccountResult<std::vector<std::string>> target_list(
    const std::vector<std::string>& given, std::size_t limit);
// "user@example.org", "@example.org"; with `anybody` also "*". Sorted, each once.
[[nodiscard]] AccountResult<std::vector<std::string>> name_list(
    const std::vector<std::string>& given, bool anybody);
[[nodiscard]] AccountResult<std::uint8_t> scope_bits(const std::vector<std::string>& names);
[[nodiscard]] std::string domain_of(std::string_view account);

}  // namespace postrider::flow
