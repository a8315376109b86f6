#include "missed_changes.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t changes_slice = 10'000;
constexpr std::size_t facts_slice = 1000;

// What of `known` is not there.
std::vector<NumberRun> absent(const std::vector<NumberRun>& known, const store::UidSet& uids) {
  std::vector<NumberRun> out;
  for (const NumberRun& run : known) {
    store::Uid from = run.first;
    while (from <= run.last) {
      const store::Uid there = uids.at_or_after(from).value_or(UINT32_MAX);
      if (there > from) {
        out.push_back({from, std::min(run.last, there - 1)});
      }
      if (there >= run.last) {
        break;
      }
      from = there + 1;
    }
  }
  return out;
}

// All after `since`. One MODSEQ may have any number of them, and a page of the log may end within.
engine::Task<store::MailResult<std::vector<store::MailChange>>> load_changes(Client& client,
                                                                             store::ModSeq since) {
  std::vector<store::MailChange> out;
  for (std::size_t limit = changes_slice;;) {
    auto page = co_await client.store().changes(client.selected->account(), client.selected->id(),
                                                since, limit);
    if (!page) {
      co_return failure(page.error());
    }
    const bool is_last = page->size() < limit;
    if (!is_last) {
      const store::ModSeq cut = page->back().modseq;
      std::erase_if(*page, [cut](const store::MailChange& change) { return change.modseq == cut; });
    }
    out.insert(out.end(), page->begin(), page->end());
    if (is_last) {
      co_return out;
    }
    limit = page->empty() ? 2 * limit : changes_slice;
    since = page->empty() ? since : page->back().modseq;
  }
}

// It rises while the mailbox is open.
engine::Task<store::MailResult<store::ModSeq>> floor_of(Client& client) {
  const auto all = co_await client.store().list(client.selected->account());
  if (!all) {
    co_return failure(all.error());
  }
  const auto row = std::ranges::find(*all, client.selected->id(), &store::Mailbox::id);
  co_return row == all->end() ? 0 : row->vanished_floor;
}

}  // namespace

engine::Task<store::MailResult<Missed>> load_missed(Client& client, MissedQuestion question) {
  const SharedMailbox& shared = client.selected->shared();
  const SharedMailbox::Uids uids = client.selected->uids();
  const store::ModSeq until = shared.modseq();
  const store::Uid last = shared.uid_next() - 1;
  std::vector<NumberRun> known;
  if (question.known) {
    known = resolve(*question.known, uids->last().value_or(last));
  } else if (last > 0) {
    known = {{1, last}};
  }
  std::erase_if(known, [last](const NumberRun& run) { return run.first > last; });
  if (!known.empty()) {
    known.back().last = std::min(known.back().last, last);
  }
  const auto floor = co_await floor_of(client);
  auto changes = floor ? co_await load_changes(client, question.since)
                       : store::MailResult<std::vector<store::MailChange>>(failure(floor.error()));
  if (!changes) {
    co_return failure(changes.error());
  }
  Missed out;
  std::vector<store::Uid> gone;
  for (const store::MailChange& change : *changes) {
    if (change.modseq > until || !contains(known, change.uid)) {
      continue;  // it is told as news
    }
    const bool is_there = uids->contains(change.uid);
    if (change.event == store::MailEvent::expunged && !is_there) {
      gone.push_back(change.uid);
    } else if (change.event == store::MailEvent::changed && is_there) {
      out.changed.push_back(change.uid);
    }
  }
  std::ranges::sort(out.changed);
  std::ranges::sort(gone);
  out.vanished = question.since < *floor ? absent(known, *uids) : runs_of(gone);
  co_return out;
}

engine::Task<store::MailResult<void>> tell_missed(Client& client, MissedQuestion question) {
  const auto missed = co_await load_missed(client, std::move(question));
  if (!missed) {
    co_return failure(missed.error());
  }
  SelectedMailbox& selected = *client.selected;
  encode_vanished(missed->vanished, /*earlier=*/true, client.out());
  for (std::size_t at = 0; at < missed->changed.size(); at += facts_slice) {
    const std::size_t end = std::min(at + facts_slice, missed->changed.size());
    const auto rows = co_await client.store().facts(
        selected.account(), selected.id(),
        std::vector<store::Uid>(missed->changed.begin() + static_cast<std::ptrdiff_t>(at),
                                missed->changed.begin() + static_cast<std::ptrdiff_t>(end)));
    if (!rows) {
      co_return failure(rows.error());
    }
    for (const store::MailRow& row : *rows) {
      if (selected.lags_behind(row.facts.modseq)) {
        co_await selected.catch_up(row.facts.modseq);
      }
      selected.tell_new_keywords(client.out());
      FetchWriter writer(selected.number_of(row.uid), client.out());
      writer.uid(row.uid);
      writer.flags(selected.flags_of(row.uid, row.facts.flags));
      writer.modseq(row.facts.modseq);
      writer.end();
    }
    if (!co_await client.wire.flush_if_large()) {
      break;
    }
  }
  co_return store::MailResult<void>{};
}

}  // namespace postrider::imap
