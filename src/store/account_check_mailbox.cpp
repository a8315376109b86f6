#include "account_check.hpp"

#include <algorithm>

// One mailbox: its messages' records, and what is kept of them elsewhere.
namespace postrider::store {
namespace {

std::uint64_t bit_of(Uid uid) {
  return std::uint64_t{1} << (uid % 64);
}

std::size_t word_of(Uid uid) {
  return uid % UidSet::page_uids / 64;
}

bool has(const std::map<std::uint32_t, MailPage>& pages, Uid uid) {
  const auto page = pages.find(uid / UidSet::page_uids);
  return page != pages.end() && (page->second.messages.bits[word_of(uid)] & bit_of(uid)) != 0;
}

void insert(std::map<std::uint32_t, MailPage>& pages, Uid uid, bool is_seen) {
  const std::uint32_t number = uid / UidSet::page_uids;
  MailPage& page = pages[number];
  page.messages.number = page.seen.number = number;
  page.messages.bits[word_of(uid)] |= bit_of(uid);
  ++page.messages.count;
  if (is_seen) {
    page.seen.bits[word_of(uid)] |= bit_of(uid);
    ++page.seen.count;
  }
}

void count(MailboxCounts& counts, const MailFacts& facts) {
  ++counts.messages;
  counts.size_bytes += facts.size_bytes();
  counts.unseen += (facts.flags.system & SystemFlag::seen) == 0 ? 1 : 0;
  counts.deleted += (facts.flags.system & SystemFlag::deleted) != 0 ? 1 : 0;
}

std::string in_words(const MailboxCounts& counts) {
  return std::to_string(counts.messages) + " messages, " + std::to_string(counts.size_bytes) +
         " bytes, " + std::to_string(counts.unseen) + " unseen, " + std::to_string(counts.deleted) +
         " deleted";
}

}  // namespace

void AccountCheck::check_mailbox(CheckedMailbox& box) {
  read_pages(box);
  const std::string prefix = mailbox_key(account_, box.id);
  const auto cursor = kv_.walk(Family::mail, prefix, past(prefix));
  std::vector<Live> live;
  UidSet present;
  for (; cursor->is_valid() && result_; cursor->next()) {
    if (const auto mail = parse_mail_key(cursor->key())) {
      (void)present.insert(mail->uid);
      check_mail(box, cursor->key(), cursor->value(), live);
    }
  }
  if (const auto error = cursor->error()) {
    fail(*error);
  }
  if (!result_ || box.is_removed()) {
    return;
  }
  check_index(box, present);
  check_changes(box, live);
}

void AccountCheck::read_pages(CheckedMailbox& box) {
  const std::string prefix = mailbox_key(account_, box.id);
  const auto cursor = kv_.walk(Family::mail_page, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    auto page = decode_page(cursor->key(), cursor->value());
    if (page) {
      const std::uint32_t number = page->messages.number;
      box.stored.emplace(number, *std::move(page));
    } else if (!box.is_removed()) {
      box.bad_pages.emplace_back(cursor->key());
      box.is_changed = true;
      add(&box, 0,
          "a part of its index can't be read (" + std::string(describe(page.error())) + ")",
          "made anew");
    }
  }
  if (const auto error = cursor->error()) {
    fail(*error);
  }
}

void AccountCheck::check_mail(CheckedMailbox& box, std::string_view key, std::string_view value,
                              std::vector<Live>& live) {
  const Uid uid = parse_mail_key(key)->uid;
  box.largest_uid = std::max(box.largest_uid, uid);
  auto facts = decode_facts(key, value);
  const Trashed* trashed = find_trash(box.id, uid);
  if (!facts) {
    const std::string reason(describe(facts.error()));
    add(&box, uid, "its record can't be read (" + reason + ")", "set aside in the quarantine");
    box.bad.push_back({uid, {{Family::mail, std::string(key), reason}}, {}});
    box.is_changed = true;
    return;
  }
  largest_email_ = std::max(largest_email_, facts->email);
  box.largest_modseq = std::max(box.largest_modseq, facts->modseq);
  if (!box.is_removed()) {
    box.keywords.insert(facts->flags.keywords.begin(), facts->flags.keywords.end());
    check_parts(box, uid, *facts, trashed != nullptr, live);
  }
}

void AccountCheck::check_parts(CheckedMailbox& box, Uid uid, const MailFacts& facts,
                               bool is_expunged, std::vector<Live>& live) {
  const MailKey mail{account_, box.id, uid};
  const std::string key = mail_key(mail);
  const std::string ref = ref_key(facts.blob, mail);
  const auto mark = kv_.get(Family::blob_ref, ref, Read::any);
  if (!mark || !decode_word(ref, *mark)) {
    add(&box, uid, "its body is not marked as in use", "marked");
    box.unreferenced.emplace_back(uid, facts.blob);
    box.is_changed = true;
  }
  const auto record = kv_.get(Family::mail_detail, key, Read::any);
  const auto detail =
      record ? decode_detail(key, *record) : RecordResult<MailDetail>(failure(RecordError{}));
  const bool has_detail = detail && detail->trace.size() == facts.trace_bytes;
  const bool is_whole = has_detail || facts.trace_bytes == 0;
  if (!has_detail) {
    add(&box, uid, "what was found out of it when it came can't be read",
        is_whole ? "made anew when it is wanted"
                 : "set aside; it comes back without the fields in front of it, under a new UID");
    (is_whole || is_expunged ? box.undetailed : box.traceless).push_back(uid);
    box.is_changed = true;
  }
  bodies_.push_back({facts.blob, facts.body_bytes, box.id, uid});
  if (is_expunged) {
    return;
  }
  count(box.all, facts);
  live.push_back({uid, facts.modseq, is_whole && has(box.stored, uid)});
  if (!is_whole) {
    return;
  }
  if (!has(box.stored, uid)) {
    add(&box, uid, "it is in no index", "it comes back under a new UID");
    box.lost.push_back(uid);
    box.is_changed = true;
    return;
  }
  count(box.counts, facts);
  insert(box.pages, uid, (facts.flags.system & SystemFlag::seen) != 0);
}

void AccountCheck::check_index(CheckedMailbox& box, const UidSet& present) {
  for (const auto& [number, page] : box.stored) {
    for (std::uint32_t at = 0; at < UidSet::page_uids; ++at) {
      const Uid uid = number * UidSet::page_uids + at;
      if (!has(box.stored, uid) || has(box.pages, uid)) {
        continue;
      }
      if (!present.contains(uid)) {
        add(&box, uid, "it is in the index, and there is no such message", "taken out");
        box.missing.push_back(uid);
      } else if (find_trash(box.id, uid) != nullptr) {
        add(&box, uid, "it was expunged, and is in the index", "taken out");
      }
      box.is_changed = true;
    }
    const auto made = box.pages.find(number);
    const auto seen = [&](std::size_t word) {
      return made == box.pages.end() ? 0 : made->second.seen.bits[word];
    };
    for (std::size_t word = 0; word < page.seen.bits.size(); ++word) {
      // Of what stays: what goes is no matter any more.
      const std::uint64_t kept = made == box.pages.end() ? 0 : made->second.messages.bits[word];
      if ((page.seen.bits[word] & kept) != seen(word)) {
        add(&box, 0, "its index of what was read differs from its messages", "made anew");
        box.is_changed = true;
        break;
      }
    }
  }
}

void AccountCheck::check_changes(CheckedMailbox& box, std::vector<Live>& live) {
  const std::string prefix = mailbox_key(account_, box.id);
  const auto cursor = kv_.walk(Family::mail_change, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    const auto change = parse_change_key(cursor->key());
    const auto event = decode_event(cursor->key(), cursor->value());
    if (change && event && *event == MailEvent::expunged) {
      continue;
    }
    const Uid uid = change ? change->uid : 0;
    const auto at = std::ranges::lower_bound(live, uid, {}, &Live::uid);
    if (change && event && at != live.end() && at->uid == uid && at->modseq == change->modseq) {
      at->is_logged = true;
      continue;
    }
    add(&box, uid,
        event ? "the log of changes names what is not there"
              : "an entry in the log of changes can't be read",
        "taken out");
    box.stale_changes.emplace_back(cursor->key());
    box.is_changed = true;
  }
  if (const auto error = cursor->error()) {
    return fail(*error);
  }
  for (const Live& mail : live) {
    if (mail.stays && !mail.is_logged) {
      add(&box, mail.uid, "it is missing in the log of changes", "entered");
      box.unlogged.emplace_back(mail.uid, mail.modseq);
      box.is_changed = true;
    }
  }
}

void AccountCheck::check_row(CheckedMailbox& box) {
  if (!box.row) {
    const bool is_inbox = box.id == MailboxId::inbox;
    add(nullptr, 0,
        "mailbox " + std::to_string(static_cast<std::uint32_t>(box.id)) +
            (box.is_row_bad ? ": its record can't be read" : ": its record is missing"),
        is_inbox ? "made anew as INBOX, with a new UIDVALIDITY"
                 : "made anew as Recovered-" + std::to_string(static_cast<std::uint32_t>(box.id)) +
                       ", with a new UIDVALIDITY");
    box.is_changed = true;
    return;
  }
  if (box.is_removed()) {
    return;
  }
  if (box.row->counts != box.all && box.bad.empty()) {
    add(&box, 0,
        "its counters say " + in_words(box.row->counts) + "; there are " + in_words(box.all),
        "counted anew");
    box.is_changed = true;
  }
  if (box.largest_uid >= box.row->uid_next) {
    add(&box, box.largest_uid, "its UID is not below UIDNEXT", "UIDNEXT is raised");
    box.is_changed = true;
  }
  if (box.largest_modseq > box.row->highest_modseq) {
    add(&box, 0, "it has changes past its HIGHESTMODSEQ", "raised");
    box.is_changed = true;
  }
}

}  // namespace postrider::store
