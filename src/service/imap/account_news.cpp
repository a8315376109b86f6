#include "account_news.hpp"

#include "mailbox_names.hpp"

#include <optional>
#include <utility>

#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {

void AccountNews::begin(store::WatchedAccount watched) {
  for (const store::Mailbox& row : watched.view.mailboxes) {
    put(row);
  }
  subscriptions_.insert(watched.view.subscriptions.begin(), watched.view.subscriptions.end());
  watch_ = std::move(watched.watch);
  has_begun_ = true;
  for (const auto& update : std::exchange(early_, {})) {
    on_update(update);
  }
}

void AccountNews::put(const store::Mailbox& row) {
  store::Mailbox& kept = mailboxes_[row.id];
  if (!kept.name.empty()) {
    names_.erase(kept.name);
  }
  kept = row;
  kept.keywords = {};  // nobody asks for them here
  names_[row.name] = row.id;
}

void AccountNews::on_update(const std::shared_ptr<const store::MailboxUpdate>& update) {
  if (!has_begun_) {
    early_.push_back(update);
    return;
  }
  std::optional<store::Mailbox> before;
  if (const store::Mailbox* found = find(update->mailbox)) {
    before = *found;
  }
  take(*update);
  for (Listener* listener : std::vector(listeners_)) {  // who has heard enough leaves
    listener->on_account_update(*update, before ? &*before : nullptr);
  }
}

void AccountNews::take(const store::MailboxUpdate& update) {
  if (update.subscription && update.subscription->second) {
    subscriptions_.insert(update.subscription->first);
  } else if (update.subscription) {
    subscriptions_.erase(update.subscription->first);
  }
  if (update.naming) {
    put(update.naming->row);
  }
  const auto found = mailboxes_.find(update.mailbox);
  if (found == mailboxes_.end()) {
    return;
  }
  if (update.is_gone) {
    names_.erase(found->second.name);
    mailboxes_.erase(found);
    return;
  }
  found->second.counts = update.counts;
  found->second.uid_next = update.uid_next;
  found->second.highest_modseq = update.modseq;
}

const store::Mailbox* AccountNews::find(store::MailboxId mailbox) const {
  const auto found = mailboxes_.find(mailbox);
  return found == mailboxes_.end() ? nullptr : &found->second;
}

const store::Mailbox* AccountNews::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : find(found->second);
}

std::vector<store::MailboxId> AccountNews::mailboxes() const {
  std::vector<store::MailboxId> out;
  out.reserve(names_.size());
  for (const auto& [name, id] : names_) {
    out.push_back(id);
  }
  return out;
}

bool AccountNews::is_subscribed(std::string_view name) const {
  return subscriptions_.contains(name);
}

bool AccountNews::has_children(std::string_view name) const {
  const std::string below = std::string(name) + hierarchy_separator;
  const auto next = names_.lower_bound(below);
  return next != names_.end() && next->first.starts_with(below);
}

engine::Task<store::MailResult<AccountNewsRef>> WatchedAccounts::open(
    store::MailAccountId account) {
  if (const auto found = open_.find(account); found != open_.end()) {
    if (auto alive = found->second.lock()) {
      co_return alive;
    }
  }
  auto made = std::make_shared<AccountNews>();
  auto watched = co_await store_.watch(account, made.get());
  if (!watched) {
    co_return failure(watched.error());
  }
  made->begin(*std::move(watched));
  if (open_.size() >= sweep_at_) {
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 2 * open_.size() + 64;
  }
  // Somebody may have been faster; the two are alike, and the last one is found.
  open_[account] = made;
  co_return made;
}

}  // namespace postrider::imap
