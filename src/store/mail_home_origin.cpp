#include "mail_body.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>

// Mail that is brought in from elsewhere comes once.
namespace postrider::store {

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
  cuts.push_back({mail.detail.trace, mail.body->id});
  std::uint32_t copies = 0;
  co_await off_core(port_->reactor(), [this, &account, box, &cuts, &copies, &found] {
    for (const MailOrigin::Cut& cut : cuts) {
      std::string prefix = ref_key(cut.body, {account.id, box->row.id, 0});
      prefix.resize(prefix.size() - sizeof(Uid));
      const auto ref = kv_.walk(Family::blob_ref, prefix, past(prefix));
      for (; ref->is_valid(); ref->next()) {
        const auto at = parse_mail_key(ref->key().substr(cut.body.size()));
        if (!at || !box->has(at->uid)) {
          continue;  // it was expunged
        }
        const std::string key = mail_key(*at);
        const auto record = kv_.get(Family::mail_detail, key, Read::any);
        const auto detail = record ? decode_detail(key, *record) : failure(RecordError::truncated);
        if (detail && detail->trace == cut.trace) {
          ++copies;
          found.uid = std::max(found.uid, at->uid);
        }
      }
    }
  });
  found.was_there = copies >= origin.copies;
  co_return found;
}

}  // namespace postrider::store
