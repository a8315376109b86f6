#include "mail_home.hpp"

#include <algorithm>

// Mailboxes as such: made, named, removed, subscribed to.
namespace postrider::store {
namespace {

bool stands_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() && name.starts_with(parent) && name[parent.size()] == '/';
}

// False: it is there, or there are too many. `names` are sorted.
bool subscribe_to(std::vector<std::string>& names, const std::string& name) {
  const auto at = std::ranges::lower_bound(names, name);
  if ((at != names.end() && *at == name) || names.size() >= subscriptions_max) {
    return false;
  }
  names.insert(at, name);
  return true;
}

bool has_use(const AccountMail& account, SpecialUse use) {
  return use != SpecialUse::none && std::ranges::any_of(account.boxes, [use](const auto& entry) {
           return !entry.second.row.is_removed() && entry.second.row.special_use == use;
         });
}

void make_those_above(AccountMail& account, MailDraft& draft, std::string_view name) {
  for (std::size_t at = name.find('/'); at != name.npos; at = name.find('/', at + 1)) {
    if (account.find(name.substr(0, at)) == nullptr) {
      (void)draft.create(std::string(name.substr(0, at)), SpecialUse::none);
    }
  }
}

}  // namespace

std::vector<MailboxId> MailHome::add_first(AccountMail& account, MailDraft& draft,
                                           MailDraft::Updates& updates) {
  std::vector<MailboxId> made;
  for (const FirstMailbox& wanted : first_) {
    const auto name = normal_mailbox_name(wanted.name);
    MailboxState* const there = name ? account.find(*name) : nullptr;
    const bool serves_another =
        there != nullptr && (there->row.special_use != SpecialUse::none ||
                             wanted.use == SpecialUse::none || there->row.id == MailboxId::inbox);
    if (!name || serves_another || has_use(account, wanted.use) ||
        account.boxes.size() >= mailboxes_max) {
      continue;
    }
    if (there != nullptr) {
      draft.give_use(*there, wanted.use);
      made.push_back(there->row.id);
    } else {
      make_those_above(account, draft, *name);
      made.push_back(draft.create(*name, wanted.use).id);
    }
    if (subscribe_to(account.record.subscriptions, *name)) {
      auto update = std::make_shared<MailboxUpdate>();
      update->account = account.id;
      update->modseq = account.record.modseq;
      update->subscription.emplace(*name, true);
      updates.push_back(std::move(update));
    }
  }
  return made;
}

engine::Task<MailResult<std::vector<Mailbox>>> MailHome::complete(MailAccountId id) {
  auto held = co_await hold(id, See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  MailDraft draft(account, port_->reactor().wall_now());
  MailDraft::Updates updates;
  std::vector<Mailbox> rows;
  for (const MailboxId made : add_first(account, draft, updates)) {
    rows.push_back(account.boxes.at(made).row);
  }
  if (rows.empty()) {
    co_return rows;
  }
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  publish(updates);
  co_return rows;
}

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
