#include "shared_mailbox.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>

namespace postrider::imap {
namespace {

// What a commit of ours takes to be told back is a turn or two; a disk that hangs is not waited
// for, the client hears of the change later.
constexpr Duration reach_timeout{std::chrono::seconds(10)};
constexpr std::size_t lingering_max = 8;
constexpr Duration lingering_time{std::chrono::minutes(2)};

void put(store::UidSet& set, store::Uid uid, bool in) {
  if (in) {
    set.insert(uid);
  } else {
    set.erase(uid);
  }
}

}  // namespace

void SharedMailbox::begin(store::OpenedMailbox opened) {
  row_ = std::move(opened.view.mailbox);
  uids_ = std::make_shared<const store::UidSet>(std::move(opened.view.messages));
  seen_ = std::move(opened.view.seen);
  uid_next_ = row_.uid_next;
  modseq_ = std::max<store::ModSeq>(row_.highest_modseq, 1);
  is_gone_ = row_.is_removed();
  watch_ = std::move(opened.watch);
  if (row_.counts.deleted == 0) {
    deleted_.emplace();
  }
  for (const auto& update : std::exchange(early_, {})) {
    on_update(update);
  }
}

void SharedMailbox::on_update(const std::shared_ptr<const store::MailboxUpdate>& update) {
  if (uids_ == nullptr) {
    early_.push_back(update);
    return;
  }
  take_entries(*update);
  if (update->modseq <= modseq_) {
    return;  // the view had it
  }
  take(*update);
  forget_told();
  updated_.pulse();
  for (Viewer* viewer : viewers_) {
    viewer->listener->on_mailbox_changed();
  }
}

// They have no MODSEQ: one that the view had already is told once more, which does no harm.
void SharedMailbox::take_entries(const store::MailboxUpdate& update) {
  if (update.entries.empty()) {
    return;
  }
  if (update.access) {
    row_.access = *update.access;
    ++access_changes_;
  }
  for (Viewer* viewer : viewers_) {
    for (const store::EntryName& entry : update.entries) {
      if (entry.kind == store::EntryKind::annotation &&
          viewer->entries.size() < store::entries_max &&
          std::ranges::find(viewer->entries, entry) == viewer->entries.end()) {
        viewer->entries.push_back(entry);
      }
    }
    viewer->listener->on_mailbox_changed();
  }
}

void SharedMailbox::take(const store::MailboxUpdate& update) {
  modseq_ = update.modseq;
  uid_next_ = update.uid_next;
  is_gone_ = is_gone_ || update.is_gone;
  if (!update.inserted.empty() || !update.expunged.empty()) {
    auto next = std::make_shared<store::UidSet>(*uids_);
    for (const auto& [uid, flags] : update.inserted) {
      next->insert(uid);
      mark(uid, flags);
    }
    for (const store::Uid uid : update.expunged) {
      next->erase(uid);
      mark(uid, {});
      facts_.erase(uid);
      summaries_.erase(uid);
    }
    uids_ = std::move(next);
  }
  for (const auto& [uid, flags] : update.changed) {
    mark(uid, flags);
    take_flags(uid, flags, update.modseq);
    facts_.set_flags(uid, flags, update.modseq);
  }
  if (!deleted_ && update.counts.deleted == 0) {
    deleted_.emplace();
  }
}

void SharedMailbox::mark(store::Uid uid, const store::MailFlags& flags) {
  put(seen_, uid, (flags.system & store::SystemFlag::seen) != 0);
  if (deleted_) {
    put(*deleted_, uid, (flags.system & store::SystemFlag::deleted) != 0);
  }
  learn_keywords(flags);
}

void SharedMailbox::take_flags(store::Uid uid, const store::MailFlags& flags,
                               store::ModSeq modseq) {
  const auto [last, is_first] = last_change_.try_emplace(uid, dropped_ + changes_.size());
  store::ModSeq before = 0;
  if (!is_first) {
    Change& old = changes_[last->second - dropped_];
    before = old.modseq;
    old.uid = 0;
    old.flags = {};
    last->second = dropped_ + changes_.size();
  }
  changes_.push_back({.uid = uid, .modseq = modseq, .before = before, .flags = flags});
}

void SharedMailbox::learn_keywords(const store::MailFlags& flags) {
  for (const std::string& keyword : flags.keywords) {
    const auto is_it = [&keyword](const std::string& known) {
      return equals_ignoring_case(known, keyword);
    };
    if (std::ranges::none_of(row_.keywords, is_it)) {
      row_.keywords.push_back(keyword);
    }
  }
}

void SharedMailbox::forget_told() {
  store::ModSeq told = modseq_;
  for (const Viewer* viewer : viewers_) {
    told = std::min(told, viewer->told);
  }
  while (!changes_.empty() && (changes_.front().uid == 0 || changes_.front().modseq <= told)) {
    if (changes_.front().uid != 0) {
      last_change_.erase(changes_.front().uid);
    }
    changes_.pop_front();
    ++dropped_;
  }
  // Those in the middle that count for nothing go when they are the most.
  constexpr std::size_t few = 64;
  if (changes_.size() > 2 * last_change_.size() + few) {
    std::erase_if(changes_, [](const Change& change) { return change.uid == 0; });
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      last_change_[changes_[i].uid] = dropped_ + i;
    }
  }
}

engine::Task<store::MailResult<std::vector<store::MailRow>>> SharedMailbox::facts(
    std::vector<store::Uid> uids) {
  if (auto kept = facts_.find(uids)) {
    co_return *std::move(kept);
  }
  const store::ModSeq before = modseq_;
  auto rows = co_await store_.facts(account_, mailbox_, std::move(uids));
  // What was told meanwhile may be newer than what was read.
  if (rows && modseq_ == before) {
    for (const store::MailRow& row : *rows) {
      if (uids_->contains(row.uid)) {
        facts_.add(row);
      }
    }
  }
  co_return rows;
}

void SharedMailbox::detach(Viewer& viewer) {
  std::erase(viewers_, &viewer);
}

engine::Task<bool> SharedMailbox::reach(store::ModSeq modseq) {
  const engine::Until until{reactor_.now() + reach_timeout, {}};
  while (modseq_ < modseq) {
    if (!co_await updated_.wait(until)) {
      co_return false;
    }
  }
  co_return true;
}

engine::Task<bool> SharedMailbox::reach_uid(store::Uid uid) {
  const engine::Until until{reactor_.now() + reach_timeout, {}};
  while (uid_next_ <= uid && !is_gone_) {
    if (!co_await updated_.wait(until)) {
      co_return false;
    }
  }
  co_return true;
}

engine::Task<bool> SharedMailbox::reach_expunge(store::Uid uid) {
  const engine::Until until{reactor_.now() + reach_timeout, {}};
  while (uids_->contains(uid) && !is_gone_) {
    if (!co_await updated_.wait(until)) {
      co_return false;
    }
  }
  co_return true;
}

engine::Task<store::MailResult<SharedMailboxRef>> SharedMailboxes::open(
    store::MailAccountId account, store::MailboxId mailbox) {
  const std::pair key{account, mailbox};
  if (const auto found = open_.find(key); found != open_.end()) {
    if (auto alive = found->second.lock(); alive != nullptr && !alive->is_gone()) {
      linger(alive);
      co_return alive;
    }
  }
  auto made = std::make_shared<SharedMailbox>(reactor_, store_, budgets_, account, mailbox);
  auto opened = co_await store_.open(account, mailbox, made.get());
  if (!opened) {
    co_return failure(opened.error());
  }
  made->begin(*std::move(opened));
  if (open_.size() >= sweep_at_) {
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 2 * open_.size() + 64;
  }
  // Somebody may have been faster; the two are alike, and the last one is found.
  open_[key] = made;
  linger(made);
  co_return made;
}

void SharedMailboxes::linger(const SharedMailboxRef& mailbox) {
  const MonoTime now = reactor_.now();
  std::erase_if(lingering_, [&mailbox, now](const Lingering& one) {
    return one.mailbox == mailbox || one.until <= now || one.mailbox->is_gone();
  });
  if (lingering_.size() == lingering_max) {
    lingering_.erase(lingering_.begin());
  }
  lingering_.push_back({mailbox, now + lingering_time});
}

}  // namespace postrider::imap
