#include "mail_body.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>

// Mail that is brought in from elsewhere comes once.
namespace postrider::store {
namespace {

// All names under which bodies of that hash may stand; an older one stands in no list.
std::vector<BlobId> bodies_alike(const Kv& kv, const BlobHash& hash) {
  std::vector<BlobId> bodies = {{0, hash}};
  const std::string key = same_key(hash);
  if (const auto record = kv.get(Family::blob_same, key, Read::any)) {
    for (const std::uint64_t arrival : decode_arrivals(key, *record).value_or(Arrivals{})) {
      if (arrival != 0) {
        bodies.push_back({arrival, hash});
      }
    }
  }
  return bodies;
}

// The messages of that mailbox with this body behind this trace.
std::vector<Uid> copies_in(const Kv& kv, const BlobId& body, const MailKey& mailbox,
                           const std::string& trace) {
  std::vector<Uid> copies;
  const std::string first = ref_key(body, mailbox);
  const std::string prefix = first.substr(0, first.size() - sizeof(Uid));
  for (auto ref = kv.walk(Family::blob_ref, prefix, past(prefix)); ref->is_valid(); ref->next()) {
    const auto mail = parse_mail_key(split_ref_key(ref->key()).mail);
    const std::string key = mail ? mail_key(*mail) : std::string();
    const auto record = kv.get(Family::mail_detail, key, Read::any);
    const auto detail = record ? decode_detail(key, *record) : failure(RecordError::truncated);
    if (detail && detail->trace == trace) {
      copies.push_back(mail->uid);
    }
  }
  return copies;
}

}  // namespace

engine::Task<MailResult<InsertedMail>> MailHome::find_copy(AccountMail& account,
                                                           const NewMail& mail,
                                                           const MailOrigin& origin) {
  MailboxState* const box = account.find(mail.mailbox);
  if (box == nullptr) {
    co_return failure(MailError::not_found);
  }
  InsertedMail found{.mailbox = box->row.id, .uid_validity = box->row.uid_validity};
  if (origin.copies == 0) {
    co_return found;
  }
  if (auto loaded = co_await load_all_pages(account, *box); !loaded) {
    co_return failure(loaded.error());
  }
  std::vector<MailOrigin::Cut> cuts = origin.other_cuts;
  cuts.push_back({mail.detail.trace, mail.body->id.hash});
  std::uint32_t copies = 0;
  co_await off_core(port_->reactor(), [this, &account, box, &cuts, &copies, &found] {
    for (const MailOrigin::Cut& cut : cuts) {
      for (const BlobId& body : bodies_alike(kv_, cut.body)) {
        for (const Uid uid : copies_in(kv_, body, {account.id, box->row.id, 0}, cut.trace)) {
          if (box->has(uid)) {  // else it was expunged
            ++copies;
            found.uid = std::max(found.uid, uid);
          }
        }
      }
    }
  });
  found.was_there = copies >= origin.copies;
  co_return found;
}

}  // namespace postrider::store
