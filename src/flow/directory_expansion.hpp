#pragma once

#include "directory_accounts.hpp"
#include "directory_posters.hpp"

#include <set>
#include <string>
#include <vector>

#include <postrider/flow/directory.hpp>

namespace postrider::flow {

// One place that an address comes to.
struct Reached {
  store::LocalTarget target;
  // Of a mailbox.
  bool disabled = false;
  store::MailQuota quota;
  DomainRef domain;
};

// Follows one address through aliases, groups, forwards, domain aliases, role addresses and
// catch-alls to all the places that it comes to. Used once.
// Limits: alias_depth_max, alias_recipients_max, lookups_max. Cost: of accounts that are known no
// read, of other names a point read or two.
class Expansion {
 public:
  // What it looks into; all of it outlives it.
  struct Tables {
    store::AccountStore& stored;
    DomainTable& domains;
    AccountTable& accounts;
  };
  // `posters`: who must be allowed to post to what is restricted; nullptr: that has been asked.
  // Both outlive it.
  Expansion(const Tables& tables, const DirectorySettings& settings, PosterCheck* posters)
      : tables_(tables), settings_(settings), posters_(posters) {}

  // Errors: unknown (the address itself), not_permitted, loop, too_many, unavailable. True: the
  // address is one of ours.
  engine::Task<Result<bool, AddressFailure>> run(std::string address);

  [[nodiscard]] const std::vector<Reached>& reached() const { return reached_; }
  // The address's own; nullptr: it is the server's.
  [[nodiscard]] const DomainRef& domain() const { return domain_; }
  // Addresses of ours that something leads to and nobody has.
  [[nodiscard]] const std::vector<std::string>& dead() const { return dead_; }

  // Names looked up for one address: aliases of ours that lead to the same few places may be many
  // more than these.
  static constexpr std::size_t lookups_max = 2 * alias_recipients_max;

 private:
  using Outcome = Result<void, AddressFailure>;
  // What stands for an address in its domain.
  struct Match {
    enum class Kind : std::uint8_t { none, account, alias, redirect };
    Kind kind = Kind::none;
    MailAccountRef account;
    store::Alias alias;
    std::string redirect;  // another address
    std::string detail;
  };
  using Matched = Result<Match, AddressFailure>;

  // `detail`: what the address that led here had after its separator.
  engine::Task<Outcome> walk(std::string address, std::string detail, std::size_t depth);
  // The same, of an address in a domain of ours.
  engine::Task<Outcome> walk_in(DomainRef domain, SplitAddress address, std::string detail,
                                std::size_t depth);
  // The same, for one of several targets: one that nobody has is not the end of the others.
  engine::Task<Outcome> walk_target(std::string address, std::string detail, std::size_t depth);
  engine::Task<Outcome> follow_account(MailAccountRef account, DomainRef domain, std::string detail,
                                       std::size_t depth);
  engine::Task<Outcome> follow_alias(store::Alias alias, std::string detail, std::size_t depth);
  engine::Task<Matched> match(const SplitAddress& address, const store::Domain& domain);
  engine::Task<Matched> match_name(std::string address);
  engine::Task<Result<std::string, AddressFailure>> reader_of_host();
  [[nodiscard]] std::vector<std::string> redirects(const SplitAddress& address,
                                                   const store::Domain& domain) const;
  // Of what people must read, the first that is somebody.
  [[nodiscard]] std::vector<std::string> readers(const store::Domain& domain) const;
  engine::Task<Result<bool, AddressFailure>> is_bounces_address(const SplitAddress& address);
  Outcome reach(Reached place);
  Outcome count_lookup(std::size_t depth);

  Tables tables_;
  const DirectorySettings& settings_;
  PosterCheck* posters_;
  DomainRef domain_;
  std::size_t lookups_ = 0;
  std::set<std::string> open_;  // aliases on the way to where we are
  std::set<std::string> done_;  // aliases and accounts with forwards that have been followed
  std::set<std::string> seen_;  // places
  std::vector<Reached> reached_;
  std::vector<std::string> dead_;
};

// One place has one key.
[[nodiscard]] std::string place_key(const store::LocalTarget& target);

}  // namespace postrider::flow
