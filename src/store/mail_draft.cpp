#include "mail_draft.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

void set_bit(UidSet::Page& page, Uid uid, bool on) {
  const std::uint32_t at = uid % UidSet::page_uids;
  const std::uint64_t bit = std::uint64_t{1} << (at % 64);
  std::uint64_t& word = page.bits[at / 64];
  if (((word & bit) != 0) != on) {
    word ^= bit;
    page.count += on ? 1U : ~0U;
  }
}

bool has_flag(const MailFlags& flags, std::uint8_t flag) {
  return (flags.system & flag) != 0;
}

std::uint32_t seconds_of(WallTime time) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

bool is_known(const Mailbox& row, const std::string& keyword) {
  return std::ranges::any_of(
      row.keywords, [&](const std::string& known) { return equals_ignoring_case(known, keyword); });
}

}  // namespace

bool has_place_for(const Mailbox& row, const MailFlags& flags) {
  const auto unknown = std::ranges::count_if(
      flags.keywords, [&](const std::string& keyword) { return !is_known(row, keyword); });
  return row.keywords.size() + static_cast<std::size_t>(unknown) <= mailbox_keywords_max;
}

Mailbox& MailDraft::create(std::string name, SpecialUse use) {
  MailAccount& record = account_.record;
  const MailboxId id{record.next_mailbox++};
  // RFC 9051 2.3.1.1: never smaller than before, so that a name used again has another.
  record.last_uid_validity = std::max(record.last_uid_validity + 1, seconds_of(now_));
  MailboxState& box = account_.boxes[id];
  box.row.id = id;
  box.row.name = std::move(name);
  box.row.uid_validity = record.last_uid_validity;
  box.row.special_use = use;
  box.row.created = now_;
  box.has_all_pages = true;
  touch(box).naming.emplace();
  return box.row;
}

void MailDraft::give_use(MailboxState& box, SpecialUse use) {
  (void)touch(box);
  box.row.special_use = use;
}

void MailDraft::rename(MailboxState& box, std::string name, bool is_along) {
  MailboxNaming& naming = touch(box).naming.emplace();
  naming.old_name = std::exchange(box.row.name, std::move(name));
  naming.is_along = is_along;
}

void MailDraft::remove(MailboxState& box) {
  const EntryName access{.kind = EntryKind::access, .mailbox = box.row.id, .name = {}};
  if (!box.row.access.empty()) {
    set_entry(access, std::nullopt);
  } else {
    // They may have been set aside: who makes a mailbox of that name shares it anew.
    batch_.remove(Family::quarantine,
                  quarantine_key(Family::mail_entry, entry_key(account_.id, access)));
  }
  account_.record.usage.messages -= box.row.counts.messages;
  account_.record.usage.size_bytes -= box.row.counts.size_bytes;
  box.row.removed = now_;
  touch(box).is_gone = true;
}

void MailDraft::take_over(MailboxState& box, std::uint32_t uid_validity, Uid uid) {
  Mailbox& row = box.row;
  const bool was_never_used = row.uid_next == 1 && row.counts.messages == 0;
  if (uid_validity == 0 || uid == 0 || (!was_never_used && row.uid_validity != uid_validity)) {
    return;
  }
  (void)touch(box);
  row.uid_validity = uid_validity;
  // A name that is used again gets a larger one, whoever gave this.
  account_.record.last_uid_validity = std::max(account_.record.last_uid_validity, uid_validity);
  if (uid >= row.uid_next && uid < ~Uid{0}) {
    row.uid_next = uid;
  }
}

InsertedMail MailDraft::insert(MailboxState& box, MailFacts facts, const MailDetail& detail) {
  MailboxUpdate& update = touch(box);
  const Uid uid = box.row.uid_next++;
  const MailKey mail{account_.id, box.row.id, uid};
  facts.modseq = modseq_;
  facts.saved = now_;
  facts.email = facts.email == 0 ? account_.record.next_email++ : facts.email;
  facts.thread = facts.thread == 0 ? facts.email : facts.thread;
  const std::string key = mail_key(mail);
  const std::string change = change_key(mail, modseq_);
  const std::string ref = ref_key(facts.blob, mail);
  batch_.put(Family::mail, key, encode_facts(key, facts));
  batch_.put(Family::mail_detail, key, encode_detail(key, detail));
  batch_.put(Family::mail_change, change, encode_event(change, MailEvent::changed));
  batch_.put(Family::blob_ref, ref, encode_word(ref, {}));
  touch_page(box, uid);
  MailPage& page = box.pages[uid / UidSet::page_uids];
  set_bit(page.messages, uid, true);
  set_bit(page.seen, uid, has_flag(facts.flags, SystemFlag::seen));
  count(box, facts, true);
  learn_keywords(box.row, facts.flags);
  update.inserted.emplace_back(uid, facts.flags);
  return {box.row.id, box.row.uid_validity, uid, facts.email};
}

bool MailDraft::set_flags(MailboxState& box, Uid uid, MailFacts& facts, MailFlags flags) {
  if (facts.flags == flags) {
    return false;
  }
  MailboxUpdate& update = touch(box);
  const MailKey mail{account_.id, box.row.id, uid};
  batch_.remove(Family::mail_change, change_key(mail, facts.modseq));
  count(box, facts, false);
  facts.flags = std::move(flags);
  facts.modseq = modseq_;
  count(box, facts, true);
  const std::string key = mail_key(mail);
  const std::string change = change_key(mail, modseq_);
  batch_.put(Family::mail, key, encode_facts(key, facts));
  batch_.put(Family::mail_change, change, encode_event(change, MailEvent::changed));
  if (const bool seen = has_flag(facts.flags, SystemFlag::seen); seen != box.is_seen(uid)) {
    touch_page(box, uid);
    set_bit(box.pages[uid / UidSet::page_uids].seen, uid, seen);
  }
  learn_keywords(box.row, facts.flags);
  update.changed.emplace_back(uid, facts.flags);
  return true;
}

void MailDraft::expunge(MailboxState& box, Uid uid, const MailFacts& facts) {
  MailboxUpdate& update = touch(box);
  const MailKey mail{account_.id, box.row.id, uid};
  const std::string change = change_key(mail, modseq_);
  const std::string trash = trash_key(mail, now_);
  batch_.remove(Family::mail_change, change_key(mail, facts.modseq));
  batch_.put(Family::mail_change, change, encode_event(change, MailEvent::expunged));
  batch_.put(Family::mail_trash, trash, encode_modseq(trash, modseq_));
  touch_page(box, uid);
  MailPage& page = box.pages[uid / UidSet::page_uids];
  set_bit(page.messages, uid, false);
  set_bit(page.seen, uid, false);
  count(box, facts, false);
  update.expunged.push_back(uid);
}

void MailDraft::set_entry(const EntryName& entry, std::optional<std::string> value) {
  std::string key = entry_key(account_.id, entry);
  // One that repair has set aside would have been replaced by this: it must not come back over it.
  batch_.remove(Family::quarantine, quarantine_key(Family::mail_entry, key));
  if (value) {
    std::string record = encode_entry(key, *value);
    batch_.put(Family::mail_entry, std::move(key), std::move(record));
  } else {
    batch_.remove(Family::mail_entry, std::move(key));
  }
  MailboxState* const box = account_.find(entry.mailbox);
  if (box == nullptr) {
    return;
  }
  MailboxUpdate& update = update_of(*box);
  update.entries.push_back(entry);
  if (entry.kind == EntryKind::access) {
    box->row.access = std::move(value).value_or(std::string());
    update.access = box->row.access;
  }
}

void MailDraft::forget(const MailKey& mail, const MailFacts& facts) {
  const std::string key = mail_key(mail);
  batch_.remove(Family::mail, key);
  batch_.remove(Family::mail_detail, key);
  batch_.remove(Family::blob_ref, ref_key(facts.blob, mail));
  released_.push_back(facts.blob);
}

void MailDraft::forget_trash(const TrashKey& trash, ModSeq expunged_at) {
  batch_.remove(Family::mail_trash, trash_key(trash.mail, trash.expunged));
  batch_.remove(Family::mail_change, change_key(trash.mail, expunged_at));
  if (MailboxState* box = account_.find(trash.mail.mailbox); box != nullptr) {
    box->row.vanished_floor = std::max(box->row.vanished_floor, expunged_at);
    touched_[box->row.id];  // its row is written, but nothing of it has changed for clients
  }
}

void MailDraft::forget_page(MailboxId mailbox, std::uint32_t page) {
  batch_.remove(Family::mail_page, page_key(account_.id, mailbox, page));
}

void MailDraft::forget_mailbox(MailboxId mailbox) {
  batch_.remove(Family::mailbox, mailbox_key(account_.id, mailbox));
  account_.boxes.erase(mailbox);
}

void MailDraft::rewrite(MailboxState& box, const std::set<std::uint32_t>& pages) {
  (void)touch(box);
  for (const std::uint32_t number : pages) {
    touch_page(box, number * UidSet::page_uids);
  }
}

void MailDraft::vanish(MailboxState& box, Uid uid) {
  touch(box).expunged.push_back(uid);
  const std::string change = change_key({account_.id, box.row.id, uid}, modseq_);
  batch_.put(Family::mail_change, change, encode_event(change, MailEvent::expunged));
}

MailDraft::Finished MailDraft::finish() {
  Finished out;
  for (auto& [id, touched] : touched_) {
    MailboxState& box = account_.boxes.at(id);
    for (const std::uint32_t number : touched.pages) {
      std::string key = page_key(account_.id, id, number);
      const MailPage& page = box.pages.at(number);
      if (page.messages.count == 0) {
        batch_.remove(Family::mail_page, std::move(key));
      } else {
        std::string record = encode_page(key, page);
        batch_.put(Family::mail_page, std::move(key), std::move(record));
      }
    }
    std::string key = mailbox_key(account_.id, id);
    std::string record = encode_mailbox(key, box.row);
    batch_.put(Family::mailbox, std::move(key), std::move(record));
    if (touched.update != nullptr) {
      if (touched.update->naming) {
        touched.update->naming->row = box.row;
      }
      touched.update->counts = box.row.counts;
      touched.update->uid_next = box.row.uid_next;
      out.updates.push_back(std::move(touched.update));
    }
  }
  if (account_touched_) {
    std::string key = account_key(account_.id);
    std::string record = encode_mail_account(key, account_.record);
    batch_.put(Family::mail_account, std::move(key), std::move(record));
  }
  out.work.batch = std::move(batch_);
  out.work.named = std::move(named_);
  out.work.released = std::move(released_);
  return out;
}

MailboxUpdate& MailDraft::touch(MailboxState& box) {
  if (modseq_ == 0) {
    modseq_ = ++account_.record.modseq;
    account_touched_ = true;
  }
  box.row.highest_modseq = modseq_;
  MailboxUpdate& update = update_of(box);
  update.modseq = modseq_;
  return update;
}

MailboxUpdate& MailDraft::update_of(MailboxState& box) {
  Touched& touched = touched_[box.row.id];
  if (touched.update == nullptr) {
    touched.update = std::make_shared<MailboxUpdate>();
    touched.update->account = account_.id;
    touched.update->mailbox = box.row.id;
    touched.update->modseq = box.row.highest_modseq;
  }
  return *touched.update;
}

void MailDraft::touch_page(MailboxState& box, Uid uid) {
  const std::uint32_t number = uid / UidSet::page_uids;
  MailPage& page = box.pages[number];
  page.messages.number = page.seen.number = number;
  touched_[box.row.id].pages.insert(number);
}

void MailDraft::count(MailboxState& box, const MailFacts& facts, bool in) {
  const std::uint32_t one = in ? 1U : ~0U;
  MailboxCounts& counts = box.row.counts;
  MailUsage& usage = account_.record.usage;
  counts.messages += one;
  usage.messages += in ? std::uint64_t{1} : ~std::uint64_t{0};
  counts.unseen += has_flag(facts.flags, SystemFlag::seen) ? 0 : one;
  counts.deleted += has_flag(facts.flags, SystemFlag::deleted) ? one : 0;
  counts.size_bytes += in ? facts.size_bytes() : 0 - facts.size_bytes();
  usage.size_bytes += in ? facts.size_bytes() : 0 - facts.size_bytes();
}

void MailDraft::learn_keywords(Mailbox& row, const MailFlags& flags) {
  for (const std::string& keyword : flags.keywords) {
    if (!is_known(row, keyword)) {
      row.keywords.push_back(keyword);
    }
  }
}

}  // namespace postrider::store
