// What a command reads of many messages, slice by slice: one job on the pool instead of one for
// each.
#include "body_reader.hpp"
#include "cursor_advance.hpp"
#include "mailbox_handle.hpp"
#include "point_read.hpp"

#include <algorithm>
#include <utility>

namespace postrider::store {
namespace {

// Keys of the messages of a mailbox, each made where the one before stood.
class MailKeys {
 public:
  MailKeys(MailAccountId account, MailboxId mailbox) : key_(mail_key({account, mailbox, 0})) {}
  const std::string& of(Uid uid) {
    for (std::size_t i = 0; i < sizeof uid; ++i) {
      key_[key_.size() - 1 - i] = static_cast<char>(uid >> (8 * i));
    }
    return key_;
  }

 private:
  std::string key_;
};

// Shows the records of those of `uids` (ascending, one at least) that there are; `show` tells
// whether it could read it.
template <class Show>
MailResult<void> walk_mails(const Kv& kv, Family family, MailAccountId account, MailboxId mailbox,
                            const std::vector<Uid>& uids, Show show) {
  MailKeys keys(account, mailbox);
  const auto cursor = kv.walk(family, keys.of(uids.front()), past(mailbox_key(account, mailbox)));
  for (const Uid uid : uids) {
    const std::string& key = keys.of(uid);
    advance(*cursor, key);
    if (!cursor->is_valid()) {
      break;
    }
    if (cursor->key() == key && !show(uid, key, cursor->value())) {
      return failure(MailError::corrupt);
    }
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return {};
}

MailResult<std::vector<MailRow>> walk_facts(const Kv& kv, MailAccountId account, MailboxId mailbox,
                                            const std::vector<Uid>& uids) {
  std::vector<MailRow> rows;
  rows.reserve(uids.size());
  const auto walked = walk_mails(kv, Family::mail, account, mailbox, uids,
                                 [&rows](Uid uid, std::string_view key, std::string_view record) {
                                   auto facts = decode_facts(key, record);
                                   if (!facts) {
                                     return false;
                                   }
                                   rows.push_back({uid, *std::move(facts)});
                                   return true;
                                 });
  return walked ? MailResult<std::vector<MailRow>>(std::move(rows)) : failure(walked.error());
}

// All in one piece of memory: one for each would be made on the pool and given back on the core.
MailResult<MailDetails> walk_details(const Kv& kv, MailAccountId account, MailboxId mailbox,
                                     const std::vector<Uid>& uids, MailDetails::Part part) {
  struct Place {
    Uid uid = 0;
    std::size_t trace = 0;
    std::size_t rendered = 0;
  };
  std::vector<Place> places;
  places.reserve(uids.size());
  std::string octets;
  const auto walked = walk_mails(kv, Family::mail_detail, account, mailbox, uids,
                                 [&](Uid uid, std::string_view key, std::string_view record) {
                                   const auto detail = read_detail(key, record);
                                   if (!detail) {
                                     return false;
                                   }
                                   octets += detail->trace;
                                   places.push_back({uid, detail->trace.size(), 0});
                                   if (part == MailDetails::Part::all) {
                                     octets += detail->rendered;
                                     places.back().rendered = detail->rendered.size();
                                   }
                                   return true;
                                 });
  if (!walked) {
    return failure(walked.error());
  }
  MailDetails details{.octets = SharedOctets(std::move(octets)), .rows = {}};
  details.rows.reserve(places.size());
  std::string_view rest = details.octets.view();
  for (const Place& place : places) {
    details.rows.push_back(
        {place.uid, rest.substr(0, place.trace), rest.substr(place.trace, place.rendered)});
    rest.remove_prefix(place.trace + place.rendered);
  }
  return details;
}

Result<std::vector<MailRow>, KvError> read_facts(const Kv& kv, MailAccountId account,
                                                 MailboxId mailbox, const std::vector<Uid>& uids,
                                                 Read how) {
  std::vector<MailRow> rows;
  rows.reserve(uids.size());
  for (const Uid uid : uids) {
    const std::string key = mail_key({account, mailbox, uid});
    const auto record = kv.get(Family::mail, key, how);
    if (!record && record.error() == KvError::not_found) {
      continue;
    }
    if (!record) {
      return failure(record.error());
    }
    auto facts = decode_facts(key, *record);
    if (!facts) {
      return failure(KvError::corrupt);
    }
    rows.push_back({uid, *std::move(facts)});
  }
  return rows;
}

}  // namespace

engine::Task<MailResult<std::vector<MailRow>>> MailboxHandle::facts(MailAccountId account,
                                                                    MailboxId mailbox,
                                                                    std::vector<Uid> uids) {
  // Of few, what is in memory is read here. Of many, a walk costs a fifth of as many reads.
  constexpr std::size_t few = 8;
  const bool is_walk = uids.size() > few && std::ranges::is_sorted(uids);
  if (is_walk) {
    MailResult<std::vector<MailRow>> rows;
    co_await off_core(reactor(), [&, this] { rows = walk_facts(kv_, account, mailbox, uids); });
    co_return rows;
  }
  Result<std::vector<MailRow>, KvError> rows = failure(KvError::would_block);
  if (uids.size() <= few) {
    rows = read_facts(kv_, account, mailbox, uids, Read::cached);
  }
  if (!rows && rows.error() == KvError::would_block) {
    co_await off_core(reactor(),
                      [&, this] { rows = read_facts(kv_, account, mailbox, uids, Read::any); });
  }
  if (!rows) {
    co_return failure(mail_error(rows.error()));
  }
  co_return *std::move(rows);
}

engine::Task<MailResult<MailDetails>> MailboxHandle::details(MailAccountId account,
                                                             MailboxId mailbox,
                                                             std::vector<Uid> uids,
                                                             MailDetails::Part part) {
  MailResult<MailDetails> details;
  if (!uids.empty()) {
    co_await off_core(reactor(),
                      [&, this] { details = walk_details(kv_, account, mailbox, uids, part); });
  }
  co_return details;
}

engine::Task<std::vector<SharedOctets>> MailboxHandle::read_bodies(std::vector<BlobId> blobs) {
  std::vector<SharedOctets> frames;
  if (!blobs.empty()) {
    co_await off_core(reactor(), [&, this] { frames = read_first_frames(kv_, blobs); });
  }
  co_return frames;
}

}  // namespace postrider::store
