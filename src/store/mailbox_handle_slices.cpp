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

// Many, and most of those that there may be between the first and the last.
bool is_far(const std::vector<Uid>& uids) {
  constexpr std::size_t many = 128;
  return uids.size() >= many && (uids.back() - uids.front()) / 2 < uids.size();
}

// Shows the records of those of `uids` (ascending, one at least) that there are.
enum class Shown : std::uint8_t { more, enough, unreadable };
// Out: how many it looked for.
template <class Show>
MailResult<std::size_t> walk_mails(const Kv& kv, Family family, MailAccountId account,
                                   MailboxId mailbox, const std::vector<Uid>& uids, Show show) {
  MailKeys keys(account, mailbox);
  const std::string end = past(mailbox_key(account, mailbox));
  const auto cursor = is_far(uids) ? kv.walk_far(family, keys.of(uids.front()), end)
                                   : kv.walk(family, keys.of(uids.front()), end);
  for (std::size_t i = 0; i < uids.size(); ++i) {
    const std::string& key = keys.of(uids[i]);
    advance(*cursor, key);
    if (!cursor->is_valid()) {
      break;
    }
    const Shown shown = cursor->key() == key ? show(uids[i], key, cursor->value()) : Shown::more;
    if (shown == Shown::unreadable) {
      return failure(MailError::corrupt);
    }
    if (shown == Shown::enough) {
      return i + 1;
    }
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return uids.size();
}

MailResult<std::vector<MailRow>> walk_facts(const Kv& kv, MailAccountId account, MailboxId mailbox,
                                            const std::vector<Uid>& uids) {
  std::vector<MailRow> rows;
  rows.reserve(uids.size());
  const auto walked = walk_mails(kv, Family::mail, account, mailbox, uids,
                                 [&rows](Uid uid, std::string_view key, std::string_view record) {
                                   auto facts = decode_facts(key, record);
                                   if (!facts) {
                                     return Shown::unreadable;
                                   }
                                   rows.push_back({uid, *std::move(facts)});
                                   return Shown::more;
                                 });
  return walked ? MailResult<std::vector<MailRow>>(std::move(rows)) : failure(walked.error());
}

// All in one piece of memory: one for each would be made on the pool and given back on the core.
MailResult<MailDetails> walk_details(const Kv& kv, MailAccountId account, MailboxId mailbox,
                                     const DetailsWanted& wanted) {
  constexpr std::size_t likely_octets = 256;  // of one row, at least
  struct Place {
    Uid uid = 0;
    std::size_t trace = 0;
    std::size_t rendered = 0;
  };
  std::vector<Place> places;
  places.reserve(wanted.uids.size());
  std::string octets;
  octets.reserve(std::min<std::uint64_t>(wanted.uids.size() * likely_octets, wanted.octets_max));
  const auto looked_for = walk_mails(
      kv, Family::mail_detail, account, mailbox, wanted.uids,
      [&](Uid uid, std::string_view key, std::string_view record) {
        const auto detail = read_detail(key, record);
        if (!detail) {
          return Shown::unreadable;
        }
        const std::string_view trace = wanted.traces ? detail->trace : std::string_view();
        const std::string_view rendered =
            wanted.cut != nullptr ? wanted.cut(detail->rendered) : std::string_view();
        octets.append(trace).append(rendered);
        places.push_back({uid, trace.size(), rendered.size()});
        return octets.size() < wanted.octets_max ? Shown::more : Shown::enough;
      });
  if (!looked_for) {
    return failure(looked_for.error());
  }
  MailDetails details{
      .octets = SharedOctets(std::move(octets)), .rows = {}, .looked_for = *looked_for};
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
                                                             DetailsWanted wanted) {
  MailResult<MailDetails> details;
  if (!wanted.uids.empty()) {
    co_await off_core(reactor(),
                      [&, this] { details = walk_details(kv_, account, mailbox, wanted); });
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
