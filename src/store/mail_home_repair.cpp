#include "account_check.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"
#include "set_aside_mail.hpp"

#include <algorithm>

// What verify finds is mended, in one batch.
namespace postrider::store {
namespace {

constexpr int steps_at_once = 16;

// Puts the mended state of an account together: in memory, and what is to be written.
class AccountRepair {
 public:
  AccountRepair(const Kv& kv, AccountCheck& found, AccountMail& account, WallTime now)
      : kv_(kv), found_(found), account_(account), now_(now), draft_(account, now) {}

  [[nodiscard]] MailDraft& make() {
    rebuild_rows();
    rebuild_account();
    for (const std::string& key : found_.bad_entries()) {
      set_aside({Family::mail_entry, key, "it can't be read"});
    }
    for (const std::string& key : found_.bad_trash()) {
      mend_trash(key);
    }
    if (found_.is_name_lost()) {
      const std::string& name = found_.name();
      draft_.batch().put(Family::mail_name, name, encode_account_id(name, account_.id));
    }
    for (auto& [id, box] : found_.mailboxes()) {
      if (box.is_changed || !box.bad.empty()) {
        mend(box);
      }
    }
    draft_.save_account();
    return draft_;
  }

 private:
  [[nodiscard]] std::string unused_name(MailboxId id) {
    if (id == MailboxId::inbox) {
      return "INBOX";
    }
    std::string name = "Recovered-" + std::to_string(static_cast<std::uint32_t>(id));
    while (account_.find(std::string_view(name)) != nullptr) {
      name += "-again";
    }
    return name;
  }

  // What is kept as it is; what else there is comes behind it.
  void rebuild_rows() {
    account_.boxes.clear();
    for (auto& [id, box] : found_.mailboxes()) {
      if (box.row) {
        account_.boxes[id].row = *box.row;
      }
    }
    for (auto& [id, box] : found_.mailboxes()) {
      MailboxState& state = account_.boxes[id];
      if (!box.row) {
        state.row.id = id;
        state.row.name = unused_name(id);
        state.row.created = now_;
        lacks_validity_.push_back(id);
      }
      state.has_all_pages = true;
      if (box.is_removed()) {
        state.pages = box.stored;
        continue;
      }
      state.pages = box.pages;
      state.row.counts = box.counts;
      state.row.uid_next = std::max(state.row.uid_next, box.largest_uid + 1);
      state.row.highest_modseq = std::max(state.row.highest_modseq, box.largest_modseq);
      for (const std::string& keyword : box.keywords) {
        if (state.row.keywords.size() < mailbox_keywords_max &&
            std::ranges::find(state.row.keywords, keyword) == state.row.keywords.end()) {
          state.row.keywords.push_back(keyword);
        }
      }
    }
  }

  void rebuild_account() {
    MailAccount& record = account_.record;
    const bool is_new = !found_.record();
    record = found_.record().value_or(MailAccount{});
    if (is_new) {
      record.name = found_.name();
      record.created = now_;
    }
    record.usage = {};
    for (const auto& [id, state] : account_.boxes) {
      record.modseq = std::max(record.modseq, state.row.highest_modseq);
      record.next_mailbox =
          std::max(record.next_mailbox, static_cast<std::uint32_t>(state.row.id) + 1);
      record.last_uid_validity = std::max(record.last_uid_validity, state.row.uid_validity);
      if (is_new && !state.row.is_removed()) {
        record.subscriptions.push_back(state.row.name);
      }
      if (!state.row.is_removed()) {
        record.usage.messages += state.row.counts.messages;
        record.usage.size_bytes += state.row.counts.size_bytes;
      }
    }
    std::ranges::sort(record.subscriptions);
    record.next_email = std::max(record.next_email, found_.largest_email() + 1);
    const auto seconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count());
    for (const MailboxId id : lacks_validity_) {
      record.last_uid_validity = std::max(record.last_uid_validity + 1, seconds);
      MailboxState& state = account_.boxes.at(id);
      state.row.uid_validity = record.last_uid_validity;
      // What became of it since a client's MODSEQ can't be told.
      state.row.vanished_floor = state.row.highest_modseq;
    }
  }

  void mend(CheckedMailbox& box) {
    MailboxState& state = account_.boxes.at(box.id);
    if (!box.is_removed()) {
      std::set<std::uint32_t> pages;
      for (const auto& [number, page] : box.stored) {
        pages.insert(number);
      }
      for (const auto& [number, page] : box.pages) {
        pages.insert(number);
      }
      for (const std::string& key : box.bad_pages) {
        pages.insert(parse_page_key(key).value_or(0));
      }
      draft_.rewrite(state, pages);
    }
    for (const std::string& key : box.stale_changes) {
      draft_.batch().remove(Family::mail_change, key);
    }
    for (const auto& [uid, modseq] : box.unlogged) {
      const std::string key = change_key({account_.id, box.id, uid}, modseq);
      draft_.batch().put(Family::mail_change, key, encode_event(key, MailEvent::changed));
    }
    for (const auto& [uid, blob] : box.unreferenced) {
      const std::string key = ref_key(blob, {account_.id, box.id, uid});
      draft_.batch().put(Family::blob_ref, key, encode_word(key, {}));
    }
    for (const BlobId& blob : box.unnamed) {
      draft_.name_body(blob);
    }
    for (const BadMail& bad : box.bad) {
      take_out(box, state, bad);
    }
    for (const Uid uid : box.missing) {
      draft_.vanish(state, uid);
    }
    for (const Uid uid : box.undetailed) {
      forget_detail(box, uid);
    }
    for (const Uid uid : box.lost) {
      bring_back(box, state, uid, true);
    }
    for (const Uid uid : box.traceless) {
      bring_back(box, state, uid, false);
    }
  }

  void take_out(const CheckedMailbox& box, MailboxState& state, const BadMail& bad) {
    const MailKey mail{account_.id, box.id, bad.uid};
    const bool was_expunged = found_.find_trash(box.id, bad.uid) != nullptr;
    for (BadRecord record : bad.records) {
      if (record.family == Family::mail && was_expunged) {
        record.reason += expunged_mark;
      }
      set_aside(record);
    }
    set_aside({Family::mail_detail, mail_key(mail), "set aside with its message"});
    if (bad.facts) {
      draft_.name_body(bad.facts->blob);  // an older name may stand in no list
      draft_.batch().remove(Family::mail_change, change_key(mail, bad.facts->modseq));
    }
    if (const auto* trashed = found_.find_trash(box.id, bad.uid); trashed != nullptr) {
      draft_.batch().remove(Family::mail_trash, trash_key(mail, trashed->expunged));
    } else if (is_listed(box, bad.uid)) {
      draft_.vanish(state, bad.uid);
    }
  }

  // Under a new UID, so that nobody who has seen another state of it takes one for the other.
  void bring_back(const CheckedMailbox& box, MailboxState& state, Uid uid, bool has_trace) {
    const MailKey mail{account_.id, box.id, uid};
    const std::string key = mail_key(mail);
    const auto record = kv_.get(Family::mail, key, Read::any);
    auto facts = record ? decode_facts(key, *record) : failure(RecordError::truncated);
    if (!facts) {
      return;  // cannot be: it was read before
    }
    MailDetail detail;
    if (const auto kept = kv_.get(Family::mail_detail, key, Read::any); kept && has_trace) {
      detail = decode_detail(key, *kept).value_or(MailDetail{});
    }
    if (!has_trace) {
      set_aside({Family::mail_detail, key, "it can't be read"});
    }
    draft_.batch().remove(Family::mail_change, change_key(mail, facts->modseq));
    MailFacts fresh = *facts;
    fresh.trace_bytes = static_cast<std::uint32_t>(detail.trace.size());
    (void)draft_.insert(state, fresh, detail);
    draft_.forget(mail, *facts);
    if (is_listed(box, uid)) {
      draft_.vanish(state, uid);
    }
  }

  // What it held can be found out again, or (of what was expunged) is lost.
  void forget_detail(const CheckedMailbox& box, Uid uid) {
    const std::string key = mail_key({account_.id, box.id, uid});
    set_aside({Family::mail_detail, key, "it can't be read"});
    draft_.batch().put(Family::mail_detail, key, encode_detail(key, {}));
    const auto record = kv_.get(Family::mail, key, Read::any);
    auto facts = record ? decode_facts(key, *record) : failure(RecordError::truncated);
    if (facts && facts->trace_bytes > 0) {
      facts->trace_bytes = 0;
      draft_.batch().put(Family::mail, key, encode_facts(key, *facts));
    }
  }

  void mend_trash(const std::string& key) {
    const auto trash = parse_trash_key(key);
    const auto box = trash ? account_.boxes.find(trash->mail.mailbox) : account_.boxes.end();
    if (box == account_.boxes.end()) {
      set_aside({Family::mail_trash, key, "it can't be read"});
      return;
    }
    draft_.batch().put(Family::mail_trash, key, encode_modseq(key, box->second.row.highest_modseq));
  }

  // As it was found, under its family and key.
  void set_aside(const BadRecord& record) {
    const auto value = record.key.empty()
                           ? Result<std::string, KvError>(failure(KvError::not_found))
                           : kv_.get(record.family, record.key, Read::any);
    if (!value) {
      return;  // there is none
    }
    std::string aside = quarantine_key(record.family, record.key);
    std::string kept = encode_quarantined(aside, {record.reason, *value});
    draft_.batch().put(Family::quarantine, std::move(aside), std::move(kept));
    draft_.batch().remove(record.family, record.key);
  }

  static bool is_listed(const CheckedMailbox& box, Uid uid) {
    const auto page = box.stored.find(uid / UidSet::page_uids);
    const std::uint32_t at = uid % UidSet::page_uids;
    return page != box.stored.end() && (page->second.messages.bits[at / 64] >> (at % 64) & 1) != 0;
  }

  const Kv& kv_;
  AccountCheck& found_;
  AccountMail& account_;
  WallTime now_;
  MailDraft draft_;
  std::vector<MailboxId> lacks_validity_;
};

}  // namespace

engine::Task<MailResult<AccountReport>> MailHome::repair(MailAccountId id) {
  auto held = co_await take(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  // Nothing of the account is changed while its lock is held: no snapshot is needed.
  AccountCheck found(kv_, id);
  bool is_more = true;
  while (is_more) {
    co_await off_core(port_->reactor(), [&found, &is_more] {
      for (int i = 0; i < steps_at_once && is_more; ++i) {
        is_more = found.step();
      }
    });
  }
  if (!found.result()) {
    co_return failure(found.result().error());
  }
  AccountReport report = found.report();
  if (report.is_sound()) {
    co_return report;
  }
  co_await rejoin_domain(account, found);
  AccountRepair repair(kv_, found, account, port_->reactor().wall_now());
  MailDraft* draft = nullptr;
  co_await off_core(port_->reactor(), [&repair, &draft] { draft = &repair.make(); });
  if (auto accessible = load_access(kv_, account, found.bad_entries()); !accessible) {
    account.boxes.clear();
    co_return failure(accessible.error());
  }
  if (auto written = co_await commit(*std::move(held), *draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return report;
}

}  // namespace postrider::store
