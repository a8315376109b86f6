#include "notifier.hpp"

#include "mailbox_names.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {
namespace {

bool is_selected(const MailboxFilter& filter) {
  return filter.kind == MailboxFilter::Kind::selected ||
         filter.kind == MailboxFilter::Kind::selected_delayed;
}

}  // namespace

Notifier::Notifier(AccountNewsRef account, const NotifyArguments& wanted, store::MailAccountId user,
                   ChangeListener& listener)
    : account_(std::move(account)), user_(user), listener_(&listener) {
  for (const NotifyGroup& group : wanted.groups) {
    if (!is_selected(group.filter)) {
      groups_.push_back({MailboxScope(group.filter), group.events});
      continue;
    }
    selected_ = {.places = group.events.message_new,
                 .flags = group.events.flag_change,
                 .delays_expunges = group.filter.kind == MailboxFilter::Kind::selected_delayed,
                 .new_items = group.events.new_items};
  }
  account_->attach(*this);
}

Notifier::~Notifier() {
  if (account_ != nullptr) {
    account_->detach(*this);
  }
}

bool Notifier::wants(std::string_view name, bool NotifyEvents::* event) const {
  const bool is_subscribed = account_->is_subscribed(name);
  return std::ranges::any_of(groups_, [name, event, is_subscribed](const Group& group) {
    return group.events.*event && group.scope.holds(name, is_subscribed);
  });
}

void Notifier::on_account_update(const store::MailboxUpdate& update, const store::Mailbox* before) {
  if (is_own(update, before)) {
    return;
  }
  const bool had_news = has_news();
  const store::Mailbox* const now = account_->find(update.mailbox);
  if (update.subscription &&
      wants(update.subscription->first, &NotifyEvents::subscription_change)) {
    add_name(update.subscription->first, std::nullopt);
  }
  if (update.naming || update.is_gone) {
    take_name(update, before);
  }
  if (now != nullptr) {
    take_messages(update, *now, before);
  }
  take_entries(update, now);
  check_pending();
  if (has_news() && !had_news) {
    listener_->on_mailbox_changed();
  }
}

void Notifier::take_messages(const store::MailboxUpdate& update, const store::Mailbox& now,
                             const store::Mailbox* before) {
  // A name that another mailbox has now: the client is told its UIDVALIDITY (RFC 5465 5.1).
  const bool is_another = update.naming && !update.naming->is_along;
  const bool places = !update.inserted.empty() || !update.expunged.empty() || is_another;
  // Without CONDSTORE the number of unseen ones is all that the client can see of it.
  const bool flags =
      !update.changed.empty() || (before != nullptr && before->counts.unseen != now.counts.unseen);
  const bool tells_places = places && wants(now.name, &NotifyEvents::message_new);
  const bool tells_flags = flags && wants(now.name, &NotifyEvents::flag_change);
  if (tells_places || tells_flags) {
    Changed& changed = changed_[now.id];
    changed.places |= tells_places;
    changed.flags |= tells_flags;
  }
}

// RFC 5465 5.4: made, removed, named anew; what stands below goes along without a word. The one
// above has got children, or lost them.
void Notifier::take_name(const store::MailboxUpdate& update, const store::Mailbox* before) {
  const auto add = [this](std::string_view name, std::optional<std::string> old_name) {
    const bool tells = wants(name, &NotifyEvents::mailbox_name) ||
                       (old_name && wants(*old_name, &NotifyEvents::mailbox_name));
    if (tells && !name.empty()) {
      add_name(std::string(name), std::move(old_name));
    }
  };
  if (update.is_gone) {
    changed_.erase(update.mailbox);
    entries_.erase(update.mailbox);
    if (before != nullptr) {
      add(before->name, std::nullopt);
      add(parent_of(before->name), std::nullopt);
    }
    return;
  }
  const store::MailboxNaming& naming = *update.naming;
  if (naming.is_along) {
    return;
  }
  if (naming.old_name.empty()) {
    add(naming.row.name, std::nullopt);
    add(parent_of(naming.row.name), std::nullopt);
  } else {
    add(naming.row.name, naming.old_name);
  }
}

void Notifier::take_entries(const store::MailboxUpdate& update, const store::Mailbox* now) {
  for (const store::EntryName& entry : update.entries) {
    const bool is_private = entry.holder == user_;
    const bool is_seen = is_private || entry.holder == store::MailAccountId::none;
    if (entry.kind != store::EntryKind::annotation || !is_seen) {
      continue;
    }
    const bool is_server = entry.mailbox == store::MailboxId::none;
    const bool tells =
        is_server
            ? std::ranges::any_of(
                  groups_, [](const Group& group) { return group.events.server_metadata_change; })
            : now != nullptr && wants(now->name, &NotifyEvents::mailbox_metadata_change);
    if (tells) {
      entries_[entry.mailbox].insert((is_private ? "/private" : "/shared") + entry.name);
    }
  }
}

void Notifier::add_name(std::string name, std::optional<std::string> old_name) {
  std::pair told{std::move(name), std::move(old_name)};
  if (std::ranges::find(names_, told) == names_.end()) {
    names_.push_back(std::move(told));
  }
}

void Notifier::check_pending() {
  std::size_t pending = changed_.size() + names_.size();
  for (const auto& [mailbox, names] : entries_) {
    pending += names.size();
  }
  if (pending <= pending_max) {
    return;
  }
  overflowed_ = true;
  groups_.clear();
  selected_ = {};
  changed_.clear();
  names_.clear();
  entries_.clear();
}

void Notifier::write_status(store::MailboxId mailbox, const Telling& how, std::string& out) const {
  const store::Mailbox* const row = account_ == nullptr ? nullptr : account_->find(mailbox);
  if (row == nullptr || how.selected == mailbox) {
    return;
  }
  const bool places = wants(row->name, &NotifyEvents::message_new);
  const bool flags = wants(row->name, &NotifyEvents::flag_change);
  if (!places && !flags) {
    return;
  }
  std::vector<StatusValue> values = {{StatusItem::messages, row->counts.messages, {}},
                                     {StatusItem::uid_next, row->uid_next, {}},
                                     {StatusItem::uid_validity, row->uid_validity, {}}};
  if (flags) {
    values.push_back({StatusItem::unseen, row->counts.unseen, {}});
    values.push_back(
        {StatusItem::highest_modseq, std::max<store::ModSeq>(row->highest_modseq, 1), {}});
  }
  encode_status_response(row->name, how.form, values, out);
}

void Notifier::tell(const Telling& how, std::string& out) {
  if (std::exchange(overflowed_, false)) {
    encode_status("*",
                  {Status::Kind::ok, "NOTIFICATIONOVERFLOW",
                   "Too much has happened: say NOTIFY again to hear more"},
                  out);
  }
  for (const auto& [name, old_name] : std::exchange(names_, {})) {
    tell_name(name, old_name, how, out);
  }
  for (const auto& [mailbox, changed] : std::exchange(changed_, {})) {
    tell_status(mailbox, changed, how, out);
  }
  for (const auto& [mailbox, names] : std::exchange(entries_, {})) {
    const store::Mailbox* const row = account_->find(mailbox);
    if (mailbox == store::MailboxId::none || row != nullptr) {
      const std::vector<std::string> listed(names.begin(), names.end());
      encode_metadata_changes(row == nullptr ? std::string_view() : row->name, how.form, listed,
                              out);
    }
  }
}

void Notifier::tell_status(store::MailboxId mailbox, Changed changed, const Telling& how,
                           std::string& out) const {
  const store::Mailbox* const row = account_->find(mailbox);
  if (row == nullptr || how.selected == mailbox) {
    return;
  }
  std::vector<StatusValue> values;
  if (changed.places) {
    values.push_back({StatusItem::messages, row->counts.messages, {}});
    values.push_back({StatusItem::uid_next, row->uid_next, {}});
  }
  values.push_back({StatusItem::uid_validity, row->uid_validity, {}});
  if (changed.flags) {
    values.push_back({StatusItem::unseen, row->counts.unseen, {}});
  }
  if (how.enabled.condstore) {
    values.push_back(
        {StatusItem::highest_modseq, std::max<store::ModSeq>(row->highest_modseq, 1), {}});
  }
  encode_status_response(row->name, how.form, values, out);
}

// As the name stands now: what has been made and removed since is told as what it is.
void Notifier::tell_name(const std::string& name, const std::optional<std::string>& old_name,
                         const Telling& how, std::string& out) const {
  const store::Mailbox* const row = account_->find(name);
  ListedMailbox listed;
  listed.name = name;
  listed.nonexistent = row == nullptr;
  listed.subscribed = account_->is_subscribed(name);
  listed.has_children = account_->has_children(name);
  if (row != nullptr) {
    listed.special_use = to_special_use(row->special_use);
    listed.old_name = old_name;
  }
  encode_list(listed, ListForm::list, how.form, out);
}

}  // namespace postrider::imap
