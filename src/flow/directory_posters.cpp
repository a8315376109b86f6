#include "directory_posters.hpp"

#include <algorithm>
#include <utility>

namespace postrider::flow {

void PosterCheck::learn_names() {
  for (const std::string& address : {poster_.reverse_path, poster_.account}) {
    if (!address.empty()) {
      const auto split = split_address(address, settings_.separators);
      names_.insert(split.address());
      names_.insert(split.base_address());
      domains_.insert("@" + split.domain);
    }
  }
}

bool PosterCheck::is_named(const std::vector<std::string>& names) const {
  return std::ranges::any_of(names, [this](const std::string& name) {
    return names_.contains(name) || domains_.contains(name);
  });
}

engine::Task<Result<bool, AddressFailure>> PosterCheck::is_member(
    std::vector<std::string> targets) {
  if (is_named(targets)) {
    co_return true;
  }
  // Breadth first through aliases that are members; accounts have been compared by name.
  std::set<std::string> seen;
  std::size_t looked_at = 0;
  for (std::size_t depth = 0; depth < alias_depth_max && !targets.empty(); ++depth) {
    std::vector<std::string> next;
    for (const std::string& target : targets) {
      const std::string name = split_address(target, settings_.separators).address();
      if (++looked_at > alias_recipients_max || !seen.insert(name).second) {
        continue;
      }
      const auto alias = co_await accounts_.load_alias(name);
      if (!alias && alias.error() != store::StoreError::not_found) {
        co_return failure(AddressFailure::unavailable);
      }
      if (!alias) {
        continue;
      }
      if (is_named(alias->targets)) {
        co_return true;
      }
      next.insert(next.end(), alias->targets.begin(), alias->targets.end());
    }
    targets = std::move(next);
  }
  co_return false;
}

engine::Task<Result<bool, AddressFailure>> PosterCheck::may_post(store::Alias alias) {
  // A bounce or an automatic answer that went to a list would go to all of it, and might come back.
  if (alias.kind == store::AliasKind::list && poster_.reverse_path.empty()) {
    co_return false;
  }
  learn_names();
  if (alias.kind == store::AliasKind::alias || alias.posters == store::Posters::anyone ||
      is_named(alias.named_posters)) {
    co_return true;
  }
  if (alias.posters == store::Posters::named) {
    co_return false;
  }
  co_return co_await is_member(std::move(alias.targets));
}

}  // namespace postrider::flow
