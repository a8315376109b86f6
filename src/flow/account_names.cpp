#include "account_names.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/policy/scope.hpp>

namespace postrider::flow {

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

AccountResult<std::string> target_address(std::string_view given) {
  const auto path = smtp::parse_address(given);
  if (!path || path->local_part.empty() || path->domain.empty() || path->domain.starts_with('[')) {
    return refuse(
        AccountFailure::bad_name,
        fmt::format("'{}' is no address: write user@example.org", quoted_for_log(given, 80)));
  }
  auto domain = domain_name(path->domain);
  if (!domain) {
    return failure(std::move(domain.error()));
  }
  return smtp::Path{path->local_part, std::move(*domain)}.address();
}

AccountResult<std::string> account_name(std::string_view given) {
  auto address = target_address(given);
  return address ? AccountResult<std::string>(to_lower(*address)) : address;
}

AccountResult<std::vector<std::string>> target_list(const std::vector<std::string>& given,
                                                    std::size_t limit) {
  if (given.size() > limit) {
    return refuse(AccountFailure::bad_value,
                  fmt::format("{} addresses are too many: {} at most; use lists of lists",
                              given.size(), limit));
  }
  std::vector<std::string> list;
  std::set<std::string> seen;
  for (const std::string& entry : given) {
    auto address = target_address(entry);
    if (!address) {
      return failure(std::move(address.error()));
    }
    if (seen.insert(to_lower(*address)).second) {
      list.push_back(std::move(*address));
    }
  }
  return list;
}

AccountResult<std::vector<std::string>> name_list(const std::vector<std::string>& given,
                                                  bool anybody) {
  std::vector<std::string> list;
  for (const auto& entry : given) {
    if (anybody && entry == "*") {
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

AccountResult<std::uint8_t> scope_bits(const std::vector<std::string>& names) {
  const auto bits = policy::parse_scopes(names);
  if (!bits) {
    return refuse(AccountFailure::bad_value,
                  "unknown scope: write some of smtp, imap, pop3, http, or all");
  }
  return *bits;
}

std::string domain_of(std::string_view account) {
  return std::string(account.substr(account.rfind('@') + 1));
}

}  // namespace postrider::flow
