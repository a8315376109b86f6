#include "mail_home.hpp"

#include <algorithm>

// Mailboxes as such: made, named, removed, subscribed to.
namespace postrider::store {
namespace {

bool stands_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() && name.starts_with(parent) && name[parent.size()] == '/';
}

}  // namespace

engine::Task<MailResult<MailUsage>> MailHome::usage(MailAccountId id) {
  auto held = co_await hold(id, See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  co_return (*held)->record.usage;
}

engine::Task<MailResult<std::vector<Mailbox>>> MailHome::list(MailAccountId id) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  std::vector<Mailbox> rows;
  for (const auto& [box_id, box] : (*held)->boxes) {
    if (!box.row.is_removed()) {
      rows.push_back(box.row);
    }
  }
  co_return rows;
}

engine::Task<MailResult<Mailbox>> MailHome::create(MailAccountId id, std::string name,
                                                   SpecialUse use) {
  auto normal = normal_mailbox_name(name);
  if (!normal) {
    co_return failure(MailError::invalid);
  }
  auto held = co_await hold(id, See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  if (account.find(*normal) != nullptr) {
    co_return failure(MailError::exists);
  }
  if (account.boxes.size() >= mailboxes_max) {
    co_return failure(MailError::over_quota);
  }
  MailDraft draft(account, port_->reactor().wall_now());
  const Mailbox made = draft.create(*std::move(normal), use);
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return made;
}

engine::Task<MailResult<void>> MailHome::rename(MailAccountId id, MailboxId mailbox,
                                                std::string name) {
  auto normal = normal_mailbox_name(name);
  if (!normal || mailbox == MailboxId::inbox) {
    co_return failure(MailError::invalid);
  }
  auto opened = co_await hold_mailbox(id, mailbox, See::counters);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, box] = *opened;
  AccountMail& account = *held;
  if (account.find(*normal) != nullptr) {
    co_return failure(MailError::exists);
  }
  const std::string old = box->row.name;
  if (stands_below(*normal, old)) {
    co_return failure(MailError::invalid);  // into itself
  }
  std::vector<std::pair<MailboxState*, std::string>> renamed{{box, *normal}};
  for (auto& [other_id, other] : account.boxes) {
    if (other.row.is_removed() || !stands_below(other.row.name, old)) {
      continue;
    }
    std::string moved = *normal + other.row.name.substr(old.size());
    if (moved.size() > mailbox_name_octets_max) {
      co_return failure(MailError::invalid);
    }
    if (const MailboxState* there = account.find(moved);
        there != nullptr && !stands_below(moved, old)) {
      co_return failure(MailError::exists);
    }
    renamed.emplace_back(&other, std::move(moved));
  }
  MailDraft draft(account, port_->reactor().wall_now());
  for (auto& [which, to] : renamed) {
    draft.rename(*which, std::move(to), /*is_along=*/which != box);
  }
  co_return co_await commit(std::move(held), draft, {});
}

engine::Task<MailResult<void>> MailHome::remove(MailAccountId id, MailboxId mailbox) {
  if (mailbox == MailboxId::inbox) {
    co_return failure(MailError::invalid);
  }
  auto opened = co_await hold_mailbox(id, mailbox, See::counters);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, box] = *opened;
  MailDraft draft(*held, port_->reactor().wall_now());
  draft.remove(*box);
  co_return co_await commit(std::move(held), draft, {});
}

engine::Task<MailResult<AccountView>> MailHome::watch(MailAccountId id, WatcherId watcher) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountView view{.mailboxes = {}, .subscriptions = (*held)->record.subscriptions};
  for (const auto& [box_id, box] : (*held)->boxes) {
    if (!box.row.is_removed()) {
      view.mailboxes.push_back(box.row);
    }
  }
  watchers_[{id, MailboxId::none}].push_back(watcher);
  co_return view;
}

engine::Task<MailResult<std::vector<std::string>>> MailHome::subscriptions(MailAccountId id) {
  auto held = co_await hold(id, See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  co_return (*held)->record.subscriptions;
}

engine::Task<MailResult<void>> MailHome::subscribe(MailAccountId id, std::string name, bool yes) {
  auto normal = normal_mailbox_name(name);
  if (!normal) {
    co_return failure(MailError::invalid);
  }
  auto held = co_await hold(id, See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  std::vector<std::string>& names = (*held)->record.subscriptions;
  const auto at = std::ranges::lower_bound(names, *normal);
  const bool is_there = at != names.end() && *at == *normal;
  if (is_there == yes) {
    co_return MailResult<void>{};
  }
  if (yes && names.size() >= subscriptions_max) {
    co_return failure(MailError::over_quota);
  }
  auto update = std::make_shared<MailboxUpdate>();
  update->account = id;
  update->modseq = (*held)->record.modseq;
  update->subscription.emplace(*normal, yes);
  if (yes) {
    names.insert(at, *std::move(normal));
  } else {
    names.erase(at);
  }
  MailDraft draft(**held, port_->reactor().wall_now());
  draft.save_account();
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return written;
  }
  publish({std::move(update)});
  co_return MailResult<void>{};
}

}  // namespace postrider::store
