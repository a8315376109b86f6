#include "mail_reader.hpp"

#include <algorithm>
#include <utility>

namespace postrider::pop3 {
namespace {

constexpr std::size_t together_max = 64;
constexpr std::uint64_t body_octets_max = 64 * 1024;
constexpr std::uint64_t bodies_octets_max = 256 * 1024;

// Of the first, more may be read when its turn comes.
void keep_those_that_fit(const std::vector<store::MailRow>& rows, std::vector<store::Uid>& uids) {
  std::uint64_t octets = 0;
  for (const store::MailRow& row : rows) {
    octets += row.facts.body_bytes;
    if (octets > bodies_octets_max && row.uid != uids.front()) {
      uids.erase(std::ranges::lower_bound(uids, row.uid), uids.end());
      return;
    }
  }
}

}  // namespace

engine::Task<store::MailResult<const MailReader::Mail*>> MailReader::read(
    store::MailAccountId account, const std::vector<store::Uid>& uids, std::size_t at,
    bool wants_body) {
  const store::Uid uid = uids.at(at);
  const bool is_next = at == std::exchange(next_, at + 1);
  auto found = std::ranges::find(mails_, uid, &Mail::uid);
  if (found == mails_.end()) {
    together_ = is_next ? std::min(2 * together_, together_max) : 1;
    const std::size_t end = std::min(at + together_, uids.size());
    std::vector<store::Uid> some(uids.begin() + static_cast<std::ptrdiff_t>(at),
                                 uids.begin() + static_cast<std::ptrdiff_t>(end));
    if (const auto done = co_await read_some(account, std::move(some), wants_body); !done) {
      co_return failure(done.error());
    }
    found = std::ranges::find(mails_, uid, &Mail::uid);
    if (found == mails_.end()) {
      co_return failure(store::MailError::not_found);
    }
  }
  co_return &*found;
}

engine::Task<store::MailResult<void>> MailReader::read_some(store::MailAccountId account,
                                                            std::vector<store::Uid> uids,
                                                            bool wants_bodies) {
  mails_.clear();
  auto rows = co_await store_.facts(account, store::MailboxId::inbox, uids);
  if (!rows) {
    co_return failure(rows.error());
  }
  if (wants_bodies) {
    keep_those_that_fit(*rows, uids);
  }
  if (uids.size() == 1 && !rows->empty()) {
    auto detail = co_await store_.detail(account, store::MailboxId::inbox, uids.front());
    if (!detail) {
      co_return failure(detail.error());
    }
    mails_.push_back(
        {uids.front(), rows->front().facts, SharedOctets(std::move(detail->trace)), {}});
    co_return store::MailResult<void>{};
  }
  auto details = co_await store_.details(account, store::MailboxId::inbox, uids,
                                         store::MailDetails::Part::trace);
  if (!details) {
    co_return failure(details.error());
  }
  auto row = rows->begin();
  std::size_t begin = 0;
  for (const store::MailDetails::Row& detail : details->rows) {
    const SharedOctets trace = details->octets.part(begin, detail.trace.size());
    begin += detail.trace.size();
    row = std::ranges::lower_bound(row, rows->end(), detail.uid, {}, &store::MailRow::uid);
    if (row != rows->end() && row->uid == detail.uid) {
      mails_.push_back({detail.uid, std::move(row->facts), trace, {}});
    }
  }
  if (wants_bodies) {
    co_await read_bodies();
  }
  co_return store::MailResult<void>{};
}

engine::Task<void> MailReader::read_bodies() {
  std::vector<store::BlobId> blobs;
  std::vector<Mail*> whose;
  std::uint64_t octets = 0;
  for (Mail& mail : mails_) {
    const std::uint64_t size = mail.facts.body_bytes;
    if (size > 0 && size <= body_octets_max && octets + size <= bodies_octets_max) {
      octets += size;
      blobs.push_back(mail.facts.blob);
      whose.push_back(&mail);
    }
  }
  auto frames = co_await store_.read_bodies(std::move(blobs));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    whose[i]->body = std::move(frames[i]);
  }
}

engine::Task<store::MailResult<SharedOctets>> MailReader::read_body(const Mail& mail,
                                                                    std::uint64_t offset) {
  if (offset == 0 && !mail.body.view().empty()) {
    co_return mail.body;
  }
  co_return co_await store_.read_body(mail.facts.blob, offset);
}

}  // namespace postrider::pop3
