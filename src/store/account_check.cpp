#include "account_check.hpp"

#include "set_aside_mail.hpp"

#include <algorithm>
#include <tuple>

namespace postrider::store {
namespace {

constexpr std::size_t bodies_a_step = 64;

}  // namespace

bool AccountCheck::step() {
  switch (stage_) {
    case Stage::begin:
      read_account();
      stage_ = Stage::mailboxes;
      break;
    case Stage::mailboxes: {
      const auto next = last_ ? boxes_.upper_bound(*last_) : boxes_.begin();
      if (next == boxes_.end()) {
        std::ranges::sort(bodies_, {}, &Body::blob);
        stage_ = Stage::bodies;
        break;
      }
      last_ = next->first;
      check_mailbox(next->second);
      break;
    }
    case Stage::bodies:
      check_bodies();
      if (next_body_ == bodies_.size()) {
        stage_ = Stage::account;
      }
      break;
    case Stage::account:
      check_account();
      stage_ = Stage::done;
      break;
    case Stage::done:
      return false;
  }
  return result_.has_value() && stage_ != Stage::done;
}

AccountReport AccountCheck::report() const {
  AccountReport out = report_;
  out.account = name_;
  for (const auto& [id, box] : boxes_) {
    if (!box.is_removed()) {
      ++out.mailboxes;
      out.counted.messages += box.all.messages;
      out.counted.size_bytes += box.all.size_bytes;
    }
  }
  return out;
}

void AccountCheck::add(const CheckedMailbox* box, Uid uid, std::string what, std::string remedy) {
  if (report_.findings.size() >= AccountReport::findings_max) {
    ++report_.left_out;
    return;
  }
  report_.findings.push_back(
      {box == nullptr ? std::string() : box->name(), uid, std::move(what), std::move(remedy)});
}

// What the medium does not give is no damage of a record: there is nothing to be mended here.
void AccountCheck::fail(KvError error) {
  result_ = failure(mail_error(error));
}

void AccountCheck::read_account() {
  const std::string key = account_key(account_);
  const auto record = kv_.get(Family::mail_account, key, Read::any);
  if (record) {
    auto decoded = decode_mail_account(key, *record);
    if (decoded) {
      record_ = *std::move(decoded);
    } else {
      add(nullptr, 0,
          "the account's record can't be read (" + std::string(describe(decoded.error())) + ")",
          "made anew from its mailboxes; subscriptions are lost");
    }
  } else if (record.error() != KvError::not_found) {
    return fail(record.error());
  }
  const bool is_gone = !record;
  find_name();
  read_rows();
  read_trash();
  read_entries();
  find_rowless();
  if (is_gone && boxes_.empty()) {
    result_ = failure(MailError::not_found);
  } else if (is_gone) {
    add(nullptr, 0, "the account's record is missing",
        "made anew from its mailboxes; subscriptions are lost");
  }
  if (!boxes_.contains(MailboxId::inbox)) {
    boxes_[MailboxId::inbox].id = MailboxId::inbox;
  }
}

void AccountCheck::find_name() {
  if (record_) {
    name_ = record_->name;
    return;
  }
  const auto cursor = kv_.walk(Family::mail_name, {}, {});
  for (; cursor->is_valid() && name_.empty(); cursor->next()) {
    const auto id = decode_account_id(cursor->key(), cursor->value());
    if (id && *id == account_) {
      name_ = cursor->key();
    }
  }
}

// The record that leads from the name to the account.
void AccountCheck::check_name() {
  if (name_.empty()) {
    return;
  }
  const auto record = kv_.get(Family::mail_name, name_, Read::any);
  if (!record && record.error() != KvError::not_found) {
    return fail(record.error());
  }
  const auto id = record ? decode_account_id(name_, *record)
                         : RecordResult<MailAccountId>(failure(RecordError{}));
  if (!id) {
    is_name_lost_ = true;
    add(nullptr, 0, record ? "its name can't be read" : "nothing leads from its name to it",
        "made anew");
  } else if (*id != account_) {
    add(nullptr, 0, "another account has its name: mail was filed there since its name was lost",
        "left as it is: export one of them and import it into the other");
  }
}

void AccountCheck::read_rows() {
  const std::string prefix = account_key(account_);
  const auto cursor = kv_.walk(Family::mailbox, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    const auto id = parse_mailbox_key(cursor->key());
    if (!id) {
      continue;
    }
    CheckedMailbox& box = boxes_[*id];
    box.id = *id;
    auto row = decode_mailbox(cursor->key(), cursor->value());
    if (row) {
      box.row = *std::move(row);
    } else {
      box.is_row_bad = true;
    }
  }
  if (const auto error = cursor->error()) {
    fail(*error);
  }
}

void AccountCheck::read_trash() {
  const std::string prefix = account_key(account_);
  const auto cursor = kv_.walk(Family::mail_trash, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    const auto key = parse_trash_key(cursor->key());
    const auto modseq = decode_modseq(cursor->key(), cursor->value());
    if (key) {
      trash_.push_back({key->mail.mailbox, key->mail.uid, key->expunged});
    }
    if (!key || !modseq) {
      bad_trash_.emplace_back(cursor->key());
      add(nullptr, key ? key->mail.uid : 0, "the mark of an expunged message can't be read",
          key ? "made anew" : "set aside");
    }
  }
  if (const auto error = cursor->error()) {
    fail(*error);
  }
  std::ranges::sort(
      trash_, {}, [](const Trashed& trashed) { return std::tuple(trashed.mailbox, trashed.uid); });
}

void AccountCheck::read_entries() {
  const std::string prefix = account_key(account_);
  const auto cursor = kv_.walk(Family::mail_entry, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    if (!decode_entry(cursor->key(), cursor->value())) {
      bad_entries_.emplace_back(cursor->key());
      add(nullptr, 0, std::string(entry_unreadable),
          "set aside; who sets it anew, or repair --put-back, brings it back");
    }
  }
  if (const auto error = cursor->error()) {
    fail(*error);
  }
}

const AccountCheck::Trashed* AccountCheck::find_trash(MailboxId mailbox, Uid uid) const {
  const auto by = [](const Trashed& trashed) { return std::tuple(trashed.mailbox, trashed.uid); };
  const auto at = std::ranges::lower_bound(trash_, std::tuple(mailbox, uid), {}, by);
  return at != trash_.end() && at->mailbox == mailbox && at->uid == uid ? &*at : nullptr;
}

// Messages and indexes of mailboxes that have no row: one look at each.
void AccountCheck::find_rowless() {
  for (const Family family : {Family::mail, Family::mail_page}) {
    const std::string prefix = account_key(account_);
    const auto cursor = kv_.walk(family, prefix, past(prefix));
    while (cursor->is_valid()) {
      const auto id = parse_mailbox_key(cursor->key());
      if (!id) {
        cursor->next();
        continue;
      }
      boxes_[*id].id = *id;
      cursor->seek(past(mailbox_key(account_, *id)));
    }
    if (const auto error = cursor->error()) {
      fail(*error);
    }
  }
}

void AccountCheck::check_bodies() {
  std::size_t bodies = 0;
  while (next_body_ < bodies_.size() && bodies < bodies_a_step && result_) {
    const Body& first = bodies_[next_body_];
    std::vector<BadRecord> bad;
    std::uint64_t found = 0;
    std::uint32_t frame = 0;
    for (; found < first.bytes || frame == 0; ++frame, ++bodies) {
      const std::string key = blob_key(first.blob, frame);
      const auto record = kv_.get(Family::blob, key, Read::any);
      if (!record && record.error() != KvError::not_found) {
        return fail(record.error());
      }
      const auto decoded =
          record ? decode_frame(key, *record) : RecordResult<BlobFrame>(failure(RecordError{}));
      const bool is_sound = decoded && decoded->body_bytes == first.bytes &&
                            (first.bytes == 0 || !decoded->octets.empty());
      if (!is_sound) {
        bad.push_back({Family::blob, record ? key : std::string(),
                       record ? "a part of a body that can't be read" : "missing"});
        found += blob_frame_octets;  // what should be there: the others are looked at all the same
      } else {
        found += decoded->octets.size();
      }
    }
    if (bad.empty() && found != first.bytes) {
      bad.push_back({Family::blob, {}, "another length"});
    }
    const BlobId blob = first.blob;
    if (bad.empty() && blob.arrival != 0) {
      check_name_of(first);
    }
    // Without its first part, a body counts as not there: whoever brings it in writes all of it.
    if (!bad.empty() && bad.front().key != blob_key(blob, 0)) {
      bad.push_back({Family::blob, blob_key(blob, 0), "a part of a body that can't be read whole"});
    }
    for (; next_body_ < bodies_.size() && bodies_[next_body_].blob == blob; ++next_body_) {
      if (!bad.empty()) {
        spoil(bodies_[next_body_], bad);
      }
    }
  }
}

// Under an older name it need not be in mb.same.
void AccountCheck::check_name_of(const Body& body) {
  const std::string key = same_key(body.blob.hash);
  const auto record = kv_.get(Family::blob_same, key, Read::any);
  if (!record && record.error() != KvError::not_found) {
    return fail(record.error());
  }
  const auto arrivals =
      record ? decode_arrivals(key, *record) : RecordResult<Arrivals>(failure(RecordError{}));
  if (arrivals && std::ranges::find(*arrivals, body.blob.arrival) != arrivals->end()) {
    return;
  }
  CheckedMailbox& box = boxes_.at(body.mailbox);
  add(&box, body.uid, "its body is not found by its octets", "entered");
  box.unnamed.push_back(body.blob);
  box.is_changed = true;
}

// A message whose body is damaged does not stay.
void AccountCheck::spoil(const Body& body, const std::vector<BadRecord>& frames) {
  CheckedMailbox& box = boxes_.at(body.mailbox);
  const std::string key = mail_key({account_, body.mailbox, body.uid});
  const auto record = kv_.get(Family::mail, key, Read::any);
  auto facts =
      record ? decode_facts(key, *record) : RecordResult<MailFacts>(failure(RecordError{}));
  add(&box, body.uid, "its body can't be read", "set aside; a backup can bring it back");
  box.is_changed = true;
  if (!facts) {
    return;  // cannot be: it was read before
  }
  const auto page = box.pages.find(body.uid / UidSet::page_uids);
  const std::uint32_t at = body.uid % UidSet::page_uids;
  const std::uint64_t bit = std::uint64_t{1} << (at % 64);
  const auto uncount = [&](MailboxCounts& counts) {
    --counts.messages;
    counts.size_bytes -= facts->size_bytes();
    counts.unseen -= (facts->flags.system & SystemFlag::seen) == 0 ? 1 : 0;
    counts.deleted -= (facts->flags.system & SystemFlag::deleted) != 0 ? 1 : 0;
  };
  if (page != box.pages.end() && (page->second.messages.bits[at / 64] & bit) != 0) {
    page->second.messages.bits[at / 64] &= ~bit;
    --page->second.messages.count;
    const bool was_seen = (page->second.seen.bits[at / 64] & bit) != 0;
    page->second.seen.bits[at / 64] &= ~bit;
    page->second.seen.count -= was_seen ? 1 : 0;
    uncount(box.counts);
    uncount(box.all);
  } else if (std::erase(box.lost, body.uid) + std::erase(box.traceless, body.uid) > 0) {
    uncount(box.all);
  }
  std::erase(box.undetailed, body.uid);
  std::erase_if(box.unlogged, [&](const auto& entry) { return entry.first == body.uid; });
  std::erase_if(box.unreferenced, [&](const auto& entry) { return entry.first == body.uid; });
  BadMail bad{body.uid, frames, *std::move(facts)};
  bad.records.push_back({Family::mail, key, "its body can't be read"});
  box.bad.push_back(std::move(bad));
}

void AccountCheck::check_account() {
  MailAccount made;
  for (auto& [id, box] : boxes_) {
    check_row(box);
    if (!box.row) {
      continue;
    }
    made.modseq = std::max({made.modseq, box.row->highest_modseq, box.largest_modseq});
    made.next_mailbox = std::max(made.next_mailbox, static_cast<std::uint32_t>(id) + 1);
    made.last_uid_validity = std::max(made.last_uid_validity, box.row->uid_validity);
    if (!box.is_removed()) {
      made.usage.messages += box.all.messages;
      made.usage.size_bytes += box.all.size_bytes;
    }
  }
  check_name();
  if (!record_) {
    return;
  }
  if (record_->usage != made.usage) {
    add(nullptr, 0,
        "its usage says " + std::to_string(record_->usage.messages) + " messages, " +
            std::to_string(record_->usage.size_bytes) + " bytes; there are " +
            std::to_string(made.usage.messages) + ", " + std::to_string(made.usage.size_bytes),
        "counted anew");
  }
  const auto below = [&](std::string_view what, std::uint64_t kept, std::uint64_t wanted) {
    if (kept < wanted) {
      add(nullptr, 0,
          std::string(what) + " is " + std::to_string(kept) + ", and " + std::to_string(wanted) +
              " was given",
          "raised");
    }
  };
  below("its last MODSEQ", record_->modseq, made.modseq);
  below("its next mailbox number", record_->next_mailbox, made.next_mailbox);
  below("its last UIDVALIDITY", record_->last_uid_validity, made.last_uid_validity);
  below("its next message number", record_->next_email, largest_email_ + 1);
}

}  // namespace postrider::store
