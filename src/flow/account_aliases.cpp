// Aliases, groups and mailing lists at the desk.
#include "account_names.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/flow/directory.hpp>

namespace postrider::flow {

namespace {

bool is_address_of_a_page(std::string_view url) {
  const bool known =
      url.starts_with("https://") || url.starts_with("http://") || url.starts_with("mailto:");
  return url.empty() || (known && url.size() <= 900 &&  // one line of a header field
                         std::ranges::all_of(url, [](char c) { return c > ' ' && c < 127; }) &&
                         url.find_first_of("<>\"") == url.npos);
}

bool is_title(std::string_view title) {
  return title.size() <= 200 && is_utf8(title) &&
         std::ranges::none_of(title, [](char c) { return c >= 0 && c < ' '; });
}

}  // namespace

engine::Task<AccountResult<void>> AccountDesk::apply(store::Alias& alias, AliasChange change) {
  auto targets = change.targets ? std::move(*change.targets) : alias.targets;
  std::set<std::string> removed;
  for (const std::string& entry : change.removed) {
    removed.insert(to_lower(entry));
  }
  std::erase_if(targets, [&](const std::string& t) { return removed.contains(to_lower(t)); });
  targets.insert(targets.end(), change.added.begin(), change.added.end());
  auto list = target_list(targets, alias_targets_max);
  if (!list) {
    co_return failure(std::move(list.error()));
  }
  alias.targets = std::move(*list);
  alias.kind = change.kind.value_or(alias.kind);
  if (alias.targets.empty() && alias.kind != store::AliasKind::list) {
    co_return refuse(AccountFailure::bad_value,
                     fmt::format("{} leads nowhere: name a target", alias.address));
  }
  if (change.named_posters) {
    auto named = name_list(*change.named_posters, false);
    if (!named) {
      co_return failure(std::move(named.error()));
    }
    alias.named_posters = std::move(*named);
  }
  for (const auto* url : {&change.archive_url, &change.subscribe_url, &change.unsubscribe_url}) {
    if (*url && !is_address_of_a_page(**url)) {
      co_return refuse(AccountFailure::bad_value,
                       fmt::format("'{}' is no URL: write https://... or mailto:...",
                                   quoted_for_log(**url, 80)));
    }
  }
  if (change.title && !is_title(*change.title)) {
    co_return refuse(AccountFailure::bad_value,
                     "the title holds control characters or is over 200 bytes: choose another");
  }
  alias.posters = change.posters.value_or(alias.posters);
  alias.title = std::move(change.title).value_or(alias.title);
  alias.archive_url = std::move(change.archive_url).value_or(alias.archive_url);
  alias.subscribe_url = std::move(change.subscribe_url).value_or(alias.subscribe_url);
  alias.unsubscribe_url = std::move(change.unsubscribe_url).value_or(alias.unsubscribe_url);
  alias.reply_to_list = change.reply_to_list.value_or(alias.reply_to_list);
  alias.changed = reactor_.wall_now();
  co_return AccountResult<void>{};
}

// Follows what the alias leads to, depth first, until it comes back: the way is in the error. What
// the directory itself would do is bounded; here the operator is told before.
engine::Task<AccountResult<void>> AccountDesk::refuse_cycle(const store::Alias& alias) {
  struct Step {
    std::string name;
    std::vector<std::string> targets;
    std::size_t next = 0;
  };
  std::vector<Step> way{{alias.address, alias.targets}};
  std::set<std::string> seen;
  while (!way.empty()) {
    Step& step = way.back();
    if (step.next == step.targets.size()) {
      way.pop_back();
      continue;
    }
    const std::string target = to_lower(step.targets[step.next++]);
    if (target == alias.address) {
      std::string text;
      for (const Step& each : way) {
        text += each.name + " -> ";
      }
      co_return refuse(AccountFailure::bad_value,
                       fmt::format("{}{} is a loop: take one of them out", text, target));
    }
    if (!seen.insert(target).second || seen.size() > alias_recipients_max ||
        way.size() > alias_depth_max) {
      continue;
    }
    auto next = co_await accounts_.load_alias(target);
    if (!next && next.error() != store::StoreError::not_found) {
      co_return failure(from_store(next.error(), target));
    }
    if (next && next->kind != store::AliasKind::list) {
      way.push_back({target, std::move(next->targets)});
    }
  }
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<store::Alias>> AccountDesk::add_alias(std::string given,
                                                                 AliasChange change) {
  auto name = account_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  const auto permit = co_await begin_write();
  if (const auto account = co_await accounts_.load_account(*name); account) {
    co_return refuse(AccountFailure::exists,
                     fmt::format("{} is an account: let it forward (account set --forward), or "
                                 "remove it first",
                                 *name));
  }
  store::Alias alias;
  alias.address = std::move(*name);
  alias.created = reactor_.wall_now();
  if (auto applied = co_await apply(alias, std::move(change)); !applied) {
    co_return failure(std::move(applied.error()));
  }
  if (auto sound = co_await refuse_cycle(alias); !sound) {
    co_return failure(std::move(sound.error()));
  }
  if (auto saved = co_await accounts_.save_alias(alias, true); !saved) {
    co_return failure(from_store(saved.error(), alias.address));
  }
  changed();
  co_return alias;
}

engine::Task<AccountResult<store::Alias>> AccountDesk::change_alias(std::string given,
                                                                    AliasChange change) {
  const auto permit = co_await begin_write();
  auto alias = co_await load_alias(std::move(given));
  if (!alias) {
    co_return alias;
  }
  if (auto applied = co_await apply(*alias, std::move(change)); !applied) {
    co_return failure(std::move(applied.error()));
  }
  if (auto sound = co_await refuse_cycle(*alias); !sound) {
    co_return failure(std::move(sound.error()));
  }
  if (auto saved = co_await accounts_.save_alias(*alias, false); !saved) {
    co_return failure(from_store(saved.error(), alias->address));
  }
  changed();
  co_return alias;
}

engine::Task<AccountResult<void>> AccountDesk::remove_alias(std::string given) {
  auto name = account_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  const auto permit = co_await begin_write();
  if (auto removed = co_await accounts_.remove_alias(*name); !removed) {
    co_return failure(from_store(removed.error(), *name));
  }
  changed();
  co_return AccountResult<void>{};
}

engine::Task<AccountResult<store::Alias>> AccountDesk::load_alias(std::string given) {
  auto name = account_name(given);
  if (!name) {
    co_return failure(std::move(name.error()));
  }
  auto alias = co_await accounts_.load_alias(*name);
  if (!alias) {
    co_return failure(from_store(alias.error(), *name));
  }
  co_return std::move(*alias);
}

engine::Task<AccountResult<std::vector<store::Alias>>> AccountDesk::list_aliases(
    std::string after, std::size_t limit) {
  auto aliases = co_await accounts_.list_aliases(std::move(after), limit);
  if (!aliases) {
    co_return failure(from_store(aliases.error(), "the list of aliases"));
  }
  co_return std::move(*aliases);
}

}  // namespace postrider::flow
