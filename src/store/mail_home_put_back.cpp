#include "mail_home.hpp"
#include "point_read.hpp"
#include "set_aside_mail.hpp"

#include <algorithm>

// What repair has set aside comes back, where it can be read again: messages here, and what belongs
// to mailboxes in mail_home_put_back_entries.cpp.
namespace postrider::store {
namespace {

constexpr std::size_t slice = 256;
constexpr std::string_view recovered = "Recovered";

// Another copy of it that stands in that mailbox: who looks for lost mail may have brought it in.
std::optional<Uid> find_twin(const KvReader& kv, const SetAsideMail& found) {
  const std::string prefix = ref_key(found.facts.blob, {found.mail.account, found.mail.mailbox, 0});
  const std::string of_mailbox = prefix.substr(0, prefix.size() - sizeof(Uid));
  for (auto ref = kv.walk(Family::blob_ref, of_mailbox, past(of_mailbox)); ref->is_valid();
       ref->next()) {
    const auto other = parse_mail_key(split_ref_key(ref->key()).mail);
    const auto record = other && other->uid != found.mail.uid
                            ? kv.get(Family::mail_detail, mail_key(*other), Read::any)
                            : Result<std::string, KvError>(failure(KvError::not_found));
    const auto detail = record ? decode_detail(mail_key(*other), *record)
                               : RecordResult<MailDetail>(failure(RecordError{}));
    if (detail && detail->trace == found.detail.trace) {
      return other->uid;
    }
  }
  return std::nullopt;
}

}  // namespace

void PutBackReport::leave(MailFinding finding) {
  if (left.size() >= AccountReport::findings_max) {
    ++left_out;
  } else {
    left.push_back(std::move(finding));
  }
}

engine::Task<MailResult<PutBackReport>> MailHome::put_back(MailAccountId id) {
  PutBackReport report;
  {
    const auto held = co_await hold(id, See::counters);
    if (!held) {
      co_return failure(held.error());
    }
    report.account = (*held)->record.name;
  }
  std::string after;
  for (bool more = true; more;) {
    MailResult<std::vector<std::string>> keys;
    co_await off_core(port_->reactor(),
                      [this, id, &after, &keys] { keys = list_set_aside(kv_, id, after, slice); });
    if (!keys) {
      co_return failure(keys.error());
    }
    more = keys->size() == slice;
    for (const std::string& key : *keys) {
      after = key;
      if (auto done = co_await put_one_back(id, key, report); !done) {
        co_return failure(done.error());
      }
    }
  }
  after.clear();
  for (bool more = true; more;) {
    const auto done = co_await put_entries_back(id, after, report);
    if (!done) {
      co_return failure(done.error());
    }
    more = *done;
  }
  co_return report;
}

// Its mailbox, if that is still listed.
MailboxState* MailHome::place_for_recovered(AccountMail& account, MailboxId was, MailDraft& draft) {
  if (MailboxState* const box = account.find(was); box != nullptr) {
    return box;
  }
  if (MailboxState* const box = account.find(recovered); box != nullptr) {
    return box;
  }
  if (account.boxes.size() >= mailboxes_max) {
    return account.find(MailboxId::inbox);
  }
  return account.find(draft.create(std::string(recovered), SpecialUse::none).id);
}

engine::Task<MailResult<void>> MailHome::put_one_back(MailAccountId id, std::string key,
                                                      PutBackReport& report) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  MailResult<std::optional<SetAsideMail>> looked;
  std::optional<Uid> twin;
  co_await off_core(port_->reactor(), [this, &key, &looked, &twin] {
    looked = look_at_set_aside(kv_, key);
    if (looked && *looked && (*looked)->problem.empty()) {
      twin = find_twin(kv_, **looked);
    }
  });
  if (!looked || !*looked) {
    co_return looked ? MailResult<void>{} : failure(looked.error());
  }
  SetAsideMail& found = **looked;
  MailboxState* const old_box = account.find(found.mail.mailbox);
  const auto leave = [&](std::string why) {
    report.leave({old_box == nullptr ? std::string() : old_box->row.name, found.mail.uid,
                  std::move(why), "stays set aside; a backup can bring it back"});
  };
  if (!found.problem.empty()) {
    leave(std::move(found.problem));
    co_return MailResult<void>{};
  }
  // What the UID of the next message touches, and the twin's, must be in memory before the draft.
  for (auto& [box_id, box] : account.boxes) {
    const bool may_be_it =
        box_id == found.mail.mailbox || box.row.name == recovered || box_id == MailboxId::inbox;
    if (!may_be_it || box.row.is_removed()) {
      continue;
    }
    std::vector<Uid> uids = {box.row.uid_next};
    if (twin && box_id == found.mail.mailbox) {
      uids.push_back(*twin);
    }
    if (auto loaded = co_await load_pages_of(account, box, std::move(uids)); !loaded) {
      co_return failure(loaded.error());
    }
  }
  MailDraft draft(account, port_->reactor().wall_now());
  const bool has_twin = twin && old_box != nullptr && old_box->has(*twin);
  InsertedMail inserted{.mailbox = found.mail.mailbox, .uid = twin.value_or(0), .was_there = true};
  if (has_twin) {
    inserted.uid_validity = old_box->row.uid_validity;
    inserted.email = found.facts.email;
  } else {
    MailboxState* const box = place_for_recovered(account, found.mail.mailbox, draft);
    if (box == nullptr || box->row.uid_next == ~Uid{0} ||
        !has_place_for(box->row, found.facts.flags)) {
      leave("its mailbox can take no more");
      co_return MailResult<void>{};
    }
    MailFacts facts = found.facts;
    if (found.was_expunged) {
      facts.flags.system |= SystemFlag::deleted;
    }
    account.record.next_email = std::max(account.record.next_email, facts.email + 1);
    inserted = draft.insert(*box, facts, found.detail);
  }
  draft.forget(found.mail, found.facts);  // of which its reference to the body is left
  for (auto& [frame, record] : found.frames) {
    draft.batch().put(Family::blob, std::move(frame), std::move(record));
  }
  draft.name_body(found.facts.blob);
  for (std::string& aside : found.aside) {
    draft.batch().remove(Family::quarantine, std::move(aside));
  }
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  report.back.push_back(inserted);
  co_return MailResult<void>{};
}

}  // namespace postrider::store
