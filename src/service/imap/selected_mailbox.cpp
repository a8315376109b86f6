#include "selected_mailbox.hpp"

#include "mailbox_access.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

// Members of `a` that are not in `b`, ascending, at most so many. Cost: what differs, and a glance
// at each page.
void join(std::vector<NumberRun>& runs, NumberRun run) {
  if (!runs.empty() && run.first <= runs.back().last + 1) {
    runs.back().last = std::max(runs.back().last, run.last);
  } else {
    runs.push_back(run);
  }
}

}  // namespace

std::optional<store::Uid> first_outside(const store::UidSet& a, const store::UidSet& b) {
  const auto first = a.without(b, 1);
  return first.empty() ? std::nullopt : std::optional(first.front());
}

Flags to_flags(const store::MailFlags& flags) {
  return {flags.system, flags.keywords};
}

store::MailFlags to_mail_flags(const Flags& flags) {
  return {flags.system, flags.keywords};
}

std::vector<NumberedUid> MessageCursor::take(std::size_t count) {
  std::vector<NumberedUid> out;
  out.reserve(std::min<std::size_t>(count, size()));
  while (out.size() < count && run_ < runs_.size()) {
    const NumberRun& run = runs_[run_];
    if (last_.number == 0) {
      last_ = {run.first, uids_->nth(run.first - 1).value_or(0)};
    } else if (last_.number < run.last) {
      last_ = {last_.number + 1, uids_->at_or_after(last_.uid + 1).value_or(0)};
    } else {
      last_ = {};
      ++run_;
      continue;
    }
    out.push_back(last_);
  }
  return out;
}

std::uint32_t MessageCursor::size() const {
  std::uint32_t out = 0;
  for (const NumberRun& run : runs_) {
    out += run.last - run.first + 1;
  }
  return out;
}

SelectedMailbox::SelectedMailbox(SharedMailboxRef shared, Manner manner, ChangeListener& listener)
    : shared_(std::move(shared)),
      uids_(shared_->uids()),
      viewer_{.listener = &listener, .told = shared_->modseq(), .entries = {}},
      manner_(std::move(manner)),
      access_changes_(shared_->access_changes()),
      keywords_told_(shared_->keywords().size()),
      recent_known_(manner_.recent_from) {
  shared_->attach(viewer_);
}

SelectedMailbox::~SelectedMailbox() {
  shared_->detach(viewer_);
}

Rights SelectedMailbox::rights() const {
  return manner_.examined ? manner_.rights.without(changing_rights) : manner_.rights;
}

bool SelectedMailbox::is_read_only() const {
  return !rights().has_any(changing_rights);
}

bool SelectedMailbox::take_rights() {
  if (access_changes_ == shared_->access_changes()) {
    return false;
  }
  access_changes_ = shared_->access_changes();
  const Rights now = rights_of(shared_->access(), manner_.user, manner_.owner);
  return std::exchange(manner_.rights, now) != now;
}

void SelectedMailbox::begin() {
  uids_ = shared_->uids();
  viewer_.told = shared_->modseq();
  keywords_told_ = shared_->keywords().size();
}

void SelectedMailbox::add_recent(store::Uid first, store::Uid end) {
  first = std::max(first, recent_known_);
  if (first < end) {
    join(recent_, {first, end - 1});
  }
  recent_known_ = std::max(recent_known_, end);
}

bool SelectedMailbox::is_recent(store::Uid uid) const {
  const auto run = std::ranges::lower_bound(recent_, uid, {}, &NumberRun::last);
  return run != recent_.end() && run->first <= uid;
}

std::uint32_t SelectedMailbox::recent_count() const {
  std::uint32_t out = 0;
  for (const NumberRun& run : recent_) {
    out += uids_->count_below(run.last + 1) - uids_->count_below(run.first);
  }
  return out;
}

Flags SelectedMailbox::flags_of(store::Uid uid, const store::MailFlags& flags) const {
  Flags out = to_flags(flags);
  out.system |= is_recent(uid) ? SystemFlag::recent : 0;
  return out;
}

std::vector<NumberRun> SelectedMailbox::numbers_of(const std::vector<NumberRun>& uids) const {
  std::vector<NumberRun> out;
  for (const NumberRun& run : uids) {
    const std::uint32_t before = uids_->count_below(run.first);
    const std::uint32_t until = run.last == UINT32_MAX ? count() : uids_->count_below(run.last + 1);
    if (until > before) {
      join(out, {before + 1, until});
    }
  }
  return out;
}

std::vector<NumberRun> SelectedMailbox::saved_numbers() const {
  std::vector<NumberRun> out;
  saved_.for_each([this, &out](store::Uid uid) {
    if (uids_->contains(uid)) {
      join(out, {number_of(uid), number_of(uid)});
    }
  });
  return out;
}

std::optional<std::vector<NumberRun>> SelectedMailbox::find(const SequenceSet& set,
                                                            bool uid) const {
  if (set.saved) {
    return saved_numbers();
  }
  if (uid) {
    return numbers_of(resolve(set, uids_->last().value_or(0)));
  }
  const bool has_star = std::ranges::any_of(set.ranges, [](const SequenceSet::Range& range) {
    return range.first == SequenceSet::star || range.last == SequenceSet::star;
  });
  auto runs = resolve(set, count());
  if ((count() == 0 && has_star) || (!runs.empty() && runs.back().last > count())) {
    return std::nullopt;
  }
  return runs;
}

engine::Task<void> SelectedMailbox::catch_up(store::ModSeq modseq) {
  lags_ = !co_await shared_->reach(modseq);
}

bool SelectedMailbox::has_news() const {
  return looked_at_ != shared_->modseq() || !new_.is_empty() || shared_->is_gone() ||
         access_changes_ != shared_->access_changes() || !viewer_.entries.empty();
}

void SelectedMailbox::tell(Telling how, const Enabled& enabled, std::string& out) {
  const store::Uid new_from = uids_->last().value_or(0) + 1;
  looked_at_ = shared_->modseq();
  if (how.places && uids_ != shared_->uids()) {
    tell_places(how, enabled, out);
  }
  if (how.flags && viewer_.told != shared_->modseq()) {
    tell_new_keywords(out);
    tell_flags(how, enabled, new_from, out);
    viewer_.told = shared_->modseq();
    own_.clear();
  }
  tell_entries(enabled, out);
}

// RFC 5464 4.4.2: the names; what others hold for themselves is none of the client's business.
void SelectedMailbox::tell_entries(const Enabled& enabled, std::string& out) {
  std::vector<std::string> names;
  for (const store::EntryName& entry : std::exchange(viewer_.entries, {})) {
    const bool is_private = entry.holder == manner_.user_account;
    if (is_private || entry.holder == store::MailAccountId::none) {
      names.push_back((is_private ? "/private" : "/shared") + entry.name);
    }
  }
  if (enabled.metadata && !names.empty()) {
    const bool utf8 = enabled.utf8 || enabled.imap4rev2;
    encode_metadata_changes(manner_.name, utf8 ? NameForm::utf8 : NameForm::modified_utf7, names,
                            out);
  }
}

void SelectedMailbox::tell_rights(std::string& out) {
  keywords_told_ = shared_->keywords().size();
  encode_mailbox_flags(shared_->keywords(), rights(), out);
}

void SelectedMailbox::tell_places(Telling how, const Enabled& enabled, std::string& out) {
  const SharedMailbox::Uids& now = shared_->uids();
  const std::vector<store::Uid> gone = uids_->without(*now);
  if (!gone.empty() && !how.expunges) {
    return;
  }
  if (!gone.empty() && enabled.qresync) {
    encode_vanished(runs_of(gone), /*earlier=*/false, out);
  } else {
    // From the end on: no number that is told moves another.
    std::uint32_t number = 0;
    for (std::size_t i = gone.size(); i-- > 0;) {
      number = number_of(gone[i]);
      encode_numbered(number, "EXPUNGE", out);
    }
  }
  const std::uint32_t left = count() - static_cast<std::uint32_t>(gone.size());
  if (how.fetches_new) {
    keep_new(*now);
  }
  own_new_.clear();
  uids_ = now;
  if (count() != left) {
    encode_numbered(count(), "EXISTS", out);
    tell_recent(enabled, out);
  }
}

void SelectedMailbox::tell_recent(const Enabled& enabled, std::string& out) {
  if (!enabled.imap4rev2 && recent_count() != recent_told_) {
    recent_told_ = recent_count();
    encode_numbered(recent_told_, "RECENT", out);
  }
}

void SelectedMailbox::keep_new(const store::UidSet& now) {
  for (auto uid = now.at_or_after(uids_->last().value_or(0) + 1); uid;
       uid = now.at_or_after(*uid + 1)) {
    const bool is_own = std::ranges::any_of(
        own_new_, [&uid](const NumberRun& run) { return run.first <= *uid && *uid <= run.last; });
    if (!is_own) {
      new_.insert(*uid);
    }
  }
}

std::vector<store::Uid> SelectedMailbox::take_new(std::size_t count) {
  std::vector<store::Uid> out;
  while (out.size() < count && !new_.is_empty()) {
    const store::Uid uid = *new_.first();
    new_.erase(uid);
    if (uids_->contains(uid)) {
      out.push_back(uid);
    }
  }
  return out;
}

void SelectedMailbox::tell_new_keywords(std::string& out) {
  if (keywords_told_ == shared_->keywords().size()) {
    return;
  }
  keywords_told_ = shared_->keywords().size();
  encode_mailbox_flags(shared_->keywords(), rights(), out);
}

void SelectedMailbox::tell_flags(Telling how, const Enabled& enabled, store::Uid new_from,
                                 std::string& out) {
  const auto& changes = shared_->changes();
  auto change = std::ranges::upper_bound(changes, viewer_.told, {}, &SharedMailbox::Change::modseq);
  for (; change != changes.end(); ++change) {
    const bool is_own = own_.contains(change->modseq);
    const bool hides_another = change->before > viewer_.told && !own_.contains(change->before);
    if (change->uid == 0 || change->uid >= new_from || (is_own && !hides_another) ||
        !uids_->contains(change->uid) || !shared_->uids()->contains(change->uid)) {
      continue;
    }
    FetchWriter writer(number_of(change->uid), out);
    if (how.uid || enabled.qresync) {
      writer.uid(change->uid);
    }
    writer.flags(flags_of(change->uid, change->flags));
    if (enabled.condstore) {
      writer.modseq(change->modseq);
    }
    writer.end();
  }
}

void encode_mailbox_flags(const std::vector<std::string>& keywords, Rights rights,
                          std::string& out) {
  const Flags flags{store::SystemFlag::all, keywords};
  encode_flags_response(flags, out);
  encode_permanent_flags(to_flags(permitted_flags(to_mail_flags(flags), rights)),
                         /*may_create=*/rights.has(Right::write), out);
}

}  // namespace postrider::imap
