#pragma once

#include "directory_domains.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace postrider::flow {

// Who sends, as far as RCPT knows.
struct Poster {
  std::string reverse_path;  // empty: the null path
  std::string account;       // who has logged in; empty: nobody
};

// Decides who may post to groups and lists. A poster is known by his login and by his reverse path;
// either is enough. Members are also those of aliases and groups that are members.
// Limits: alias_depth_max, alias_recipients_max names looked at.
class PosterCheck {
 public:
  // All outlives it.
  PosterCheck(store::AccountStore& accounts, const DirectorySettings& settings, Poster poster)
      : accounts_(accounts), settings_(settings), poster_(std::move(poster)) {}

  // Errors: unavailable.
  engine::Task<Result<bool, AddressFailure>> may_post(store::Alias alias);

 private:
  void learn_names();
  [[nodiscard]] bool is_named(const std::vector<std::string>& names) const;
  engine::Task<Result<bool, AddressFailure>> is_member(std::vector<std::string> targets);

  store::AccountStore& accounts_;
  const DirectorySettings& settings_;
  Poster poster_;
  // Known once they are asked for: few addresses are restricted.
  std::set<std::string> names_;    // addresses of the poster
  std::set<std::string> domains_;  // "@example.org"
};

}  // namespace postrider::flow
