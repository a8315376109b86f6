#include "directory_expansion.hpp"

#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/flow/onward_message.hpp>

namespace postrider::flow {

std::string place_key(const store::LocalTarget& target) {
  std::string key;
  key.reserve(target.name.size() + target.detail.size() + 2);
  key += static_cast<char>(target.kind);
  key += target.name;
  key += '\0';
  key += target.detail;
  return key;
}

engine::Task<Result<bool, AddressFailure>> Expansion::run(std::string address) {
  auto split = split_address(address, settings_.separators);
  auto domain = co_await tables_.domains.find(split.domain);
  if (!domain) {
    co_return failure(domain.error());
  }
  domain_ = *domain;
  Outcome walked;
  if (domain_) {
    walked = co_await walk_in(domain_, std::move(split), {}, 0);
  } else {
    // RFC 5321 4.5.1: <postmaster> alone is postmaster at this server's own name.
    const bool is_host = split.domain.empty() || split.domain == to_lower(settings_.hostname);
    if (!is_host || !split.is_role()) {
      co_return false;
    }
    auto reader = co_await reader_of_host();
    if (!reader) {
      co_return failure(reader.error());
    }
    walked = co_await walk(std::move(*reader), {}, 0);
  }
  if (!walked) {
    co_return failure(walked.error());
  }
  if (reached_.empty()) {
    co_return failure(dead_.empty() ? AddressFailure::loop : AddressFailure::unknown);
  }
  co_return true;
}

// Who reads what is written to the server itself: as configured, or as in the first domain.
engine::Task<Result<std::string, AddressFailure>> Expansion::reader_of_host() {
  if (!settings_.postmaster.empty()) {
    co_return settings_.postmaster;
  }
  auto first = co_await tables_.domains.first();
  if (!first) {
    co_return failure(first.error());
  }
  if (!*first) {
    co_return failure(AddressFailure::unknown);
  }
  co_return "postmaster@" + (*first)->name;
}

Expansion::Outcome Expansion::reach(Reached place) {
  if (!seen_.insert(place_key(place.target)).second) {
    return {};
  }
  if (reached_.size() >= alias_recipients_max) {
    return failure(AddressFailure::too_many);
  }
  reached_.push_back(std::move(place));
  return {};
}

Expansion::Outcome Expansion::count_lookup(std::size_t depth) {
  if (depth > alias_depth_max || ++lookups_ > lookups_max) {
    return failure(AddressFailure::too_many);
  }
  return {};
}

engine::Task<Expansion::Outcome> Expansion::walk(std::string address, std::string detail,
                                                 std::size_t depth) {
  auto split = split_address(address, settings_.separators);
  auto domain = co_await tables_.domains.find(split.domain);
  if (!domain) {
    co_return failure(domain.error());
  }
  if (*domain) {
    co_return co_await walk_in(*std::move(domain), std::move(split), std::move(detail), depth);
  }
  if (auto counted = count_lookup(depth); !counted) {
    co_return counted;
  }
  co_return reach({.target = {store::LocalKind::forward, std::move(address), {}}});
}

engine::Task<Expansion::Outcome> Expansion::walk_in(DomainRef domain, SplitAddress address,
                                                    std::string detail, std::size_t depth) {
  if (auto counted = count_lookup(depth); !counted) {
    co_return counted;
  }
  auto found = co_await match(address, *domain);
  if (!found) {
    co_return failure(found.error());
  }
  if (!found->detail.empty()) {
    detail = std::move(found->detail);
  }
  switch (found->kind) {
    case Match::Kind::none:
      co_return failure(AddressFailure::unknown);
    case Match::Kind::account:
      co_return co_await follow_account(std::move(found->account), std::move(domain),
                                        std::move(detail), depth);
    case Match::Kind::alias:
      co_return co_await follow_alias(std::move(found->alias), std::move(detail), depth);
    case Match::Kind::redirect:
      break;
  }
  const std::string name = address.address();
  if (!open_.insert(name).second) {
    co_return failure(AddressFailure::loop);
  }
  const auto walked = co_await walk(std::move(found->redirect), std::move(detail), depth + 1);
  open_.erase(name);
  co_return walked;
}

engine::Task<Expansion::Outcome> Expansion::walk_target(std::string address, std::string detail,
                                                        std::size_t depth) {
  const auto walked = co_await walk(address, std::move(detail), depth);
  if (!walked && walked.error() == AddressFailure::unknown) {
    dead_.push_back(std::move(address));
    co_return Outcome{};
  }
  co_return walked;
}

engine::Task<Expansion::Outcome> Expansion::follow_account(MailAccountRef account, DomainRef domain,
                                                           std::string detail, std::size_t depth) {
  const bool forwards = !account->disabled && !account->forward_to.empty();
  if (!forwards || account->keeps_copy) {
    auto kept = reach({.target = {store::LocalKind::mailbox, account->name, detail},
                       .disabled = account->disabled,
                       .quota = quota_of(*account, domain),
                       .domain = std::move(domain)});
    if (!kept) {
      co_return kept;
    }
  }
  // Two accounts that forward to each other are no loop: each is followed once.
  if (!forwards || !done_.insert(account->name).second) {
    co_return Outcome{};
  }
  for (const std::string& target : account->forward_to) {
    if (auto walked = co_await walk_target(target, detail, depth + 1); !walked) {
      co_return walked;
    }
  }
  co_return Outcome{};
}

engine::Task<Expansion::Outcome> Expansion::follow_alias(store::Alias alias, std::string detail,
                                                         std::size_t depth) {
  if (open_.contains(alias.address)) {
    co_return failure(AddressFailure::loop);
  }
  if (!done_.insert(alias.address).second) {
    co_return Outcome{};  // another way has led here
  }
  if (posters_ != nullptr) {
    const auto allowed = co_await posters_->may_post(alias);
    if (!allowed) {
      co_return failure(allowed.error());
    }
    if (!*allowed) {
      co_return failure(AddressFailure::not_permitted);
    }
  }
  if (alias.kind == store::AliasKind::list) {
    co_return reach({.target = {store::LocalKind::list, std::move(alias.address), {}}});
  }
  open_.insert(alias.address);
  for (std::string& target : alias.targets) {
    if (auto walked = co_await walk_target(std::move(target), detail, depth + 1); !walked) {
      co_return walked;
    }
  }
  open_.erase(alias.address);
  co_return Outcome{};
}

engine::Task<Expansion::Matched> Expansion::match_name(std::string address) {
  Match found;
  auto account = co_await tables_.accounts.find(address);
  if (!account) {
    co_return failure(account.error());
  }
  if (*account) {
    found.kind = Match::Kind::account;
    found.account = *std::move(account);
    co_return found;
  }
  auto alias = co_await tables_.stored.load_alias(std::move(address));
  if (alias) {
    found.kind = Match::Kind::alias;
    found.alias = std::move(*alias);
    co_return found;
  }
  if (alias.error() != store::StoreError::not_found) {
    co_return failure(AddressFailure::unavailable);
  }
  co_return found;
}

// The name itself, the name without its detail, the domain that this one stands for, who reads role
// addresses, who takes the rest.
engine::Task<Expansion::Matched> Expansion::match(const SplitAddress& address,
                                                  const store::Domain& domain) {
  auto found = co_await match_name(address.address());
  if (!found || found->kind != Match::Kind::none) {
    co_return found;
  }
  if (address.base != address.local) {
    found = co_await match_name(address.base_address());
    const bool is_list =
        found && found->kind == Match::Kind::alias && found->alias.kind == store::AliasKind::list;
    if (!found || (found->kind != Match::Kind::none && !is_list)) {
      if (found) {
        found->detail = address.detail;
      }
      co_return found;
    }
    found = Match{};  // what is sent to a list's subaddress is no post to it
    if (is_list) {
      co_return found;
    }
  }
  auto is_bounces = co_await is_bounces_address(address);
  if (!is_bounces) {
    co_return failure(is_bounces.error());
  }
  for (std::string& other : *is_bounces ? readers(domain) : redirects(address, domain)) {
    if (!other.empty() && !equals_ignoring_case(other, address.address())) {
      found->kind = Match::Kind::redirect;
      found->redirect = std::move(other);
      break;
    }
  }
  co_return found;
}

// Where mail for a name that nobody has may go; the first that says something counts.
std::vector<std::string> Expansion::redirects(const SplitAddress& address,
                                              const store::Domain& domain) const {
  if (!domain.alias_of.empty()) {
    const bool has_detail = !address.detail.empty();
    const std::string local =
        has_detail ? address.base + settings_.separators.front() + address.detail : address.local;
    return {local + '@' + domain.alias_of};
  }
  if (address.is_role()) {  // RFC 2142 5; a catch-all need not be somebody who reads them
    return readers(domain);
  }
  return {domain.catch_all};
}

std::vector<std::string> Expansion::readers(const store::Domain& domain) const {
  return {domain.postmaster, settings_.postmaster, domain.catch_all};
}

// What comes back from a list's posts must arrive, or the list's hosts look like a spammer's.
engine::Task<Result<bool, AddressFailure>> Expansion::is_bounces_address(
    const SplitAddress& address) {
  const auto list = list_of_bounces_address(address.address());
  if (!list) {
    co_return false;
  }
  const auto found = co_await match_name(*list);
  if (!found) {
    co_return failure(found.error());
  }
  co_return found->kind == Match::Kind::alias && found->alias.kind == store::AliasKind::list;
}

}  // namespace postrider::flow
