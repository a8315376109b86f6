#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>

// Changes of messages that are there: flags, expunge, copy and move.
namespace postrider::store {
namespace {

// Ascending, once each, and only those that are there.
std::vector<Uid> present(const MailboxState& box, std::vector<Uid> uids) {
  std::ranges::sort(uids);
  const auto rest = std::ranges::unique(uids);
  uids.erase(rest.begin(), rest.end());
  std::erase_if(uids, [&](Uid uid) { return !box.has(uid); });
  return uids;
}

bool is_in(const std::vector<std::string>& keywords, const std::string& keyword) {
  return std::ranges::any_of(
      keywords, [&](const std::string& other) { return equals_ignoring_case(other, keyword); });
}

// nullopt: more keywords than one message may have.
std::optional<MailFlags> apply(const FlagChange& change, MailFlags flags) {
  switch (change.operation) {
    case FlagOperation::replace: {
      MailFlags flags_now = change.flags;
      const std::uint8_t kept = change.kept_system;
      flags_now.system =
          static_cast<std::uint8_t>((flags_now.system & ~kept) | (flags.system & kept));
      if (change.keeps_keywords) {
        flags_now.keywords = std::move(flags.keywords);
      }
      return flags_now;
    }
    case FlagOperation::remove:
      flags.system &= static_cast<std::uint8_t>(~change.flags.system);
      std::erase_if(flags.keywords, [&](const std::string& keyword) {
        return is_in(change.flags.keywords, keyword);
      });
      return flags;
    case FlagOperation::add:
      break;
  }
  flags.system |= change.flags.system;
  for (const std::string& keyword : change.flags.keywords) {
    if (!is_in(flags.keywords, keyword)) {
      flags.keywords.push_back(keyword);
    }
  }
  auto keywords = normal_keywords(std::move(flags.keywords));
  if (!keywords) {
    return std::nullopt;
  }
  flags.keywords = *std::move(keywords);
  return flags;
}

}  // namespace

engine::Task<MailResult<FlagsChanged>> MailHome::change_flags(MailAccountId id, MailboxId mailbox,
                                                              std::vector<Uid> uids,
                                                              FlagChange change) {
  auto keywords = normal_keywords(std::move(change.flags.keywords));
  if (!keywords || (change.flags.system & ~SystemFlag::all) != 0) {
    co_return failure(MailError::invalid);
  }
  change.flags.keywords = *std::move(keywords);
  auto opened = co_await hold_mailbox(id, mailbox, See::records);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, box] = *opened;
  AccountMail& account = *held;
  if (!has_place_for(box->row, change.flags)) {
    co_return failure(MailError::over_quota);
  }
  if (auto loaded = co_await load_pages_of(account, *box, uids); !loaded) {
    co_return failure(loaded.error());
  }
  auto rows = co_await load_facts(account, *box, present(*box, std::move(uids)));
  if (!rows) {
    co_return failure(rows.error());
  }
  FlagsChanged out;
  MailDraft draft(account, port_->reactor().wall_now());
  for (MailRow& row : *rows) {
    if (change.unchanged_since && row.facts.modseq > *change.unchanged_since) {
      out.modified.push_back(row.uid);
      continue;
    }
    auto flags = apply(change, row.facts.flags);
    if (flags && draft.set_flags(*box, row.uid, row.facts, *std::move(flags))) {
      out.changed.emplace_back(row.uid, row.facts.flags);
    }
  }
  out.modseq = draft.modseq();
  if (out.modseq == 0) {
    co_return out;
  }
  if (auto written = co_await commit(std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return out;
}

engine::Task<MailResult<MailboxStore::Expunged>> MailHome::expunge(MailAccountId id,
                                                                   MailboxId mailbox,
                                                                   std::vector<Uid> uids,
                                                                   bool deleted_only) {
  auto opened = co_await hold_mailbox(id, mailbox, See::records);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, box] = *opened;
  AccountMail& account = *held;
  if (auto loaded = co_await load_pages_of(account, *box, uids); !loaded) {
    co_return failure(loaded.error());
  }
  auto rows = co_await load_facts(account, *box, present(*box, std::move(uids)));
  if (!rows) {
    co_return failure(rows.error());
  }
  MailboxStore::Expunged out;
  MailDraft draft(account, port_->reactor().wall_now());
  for (const MailRow& row : *rows) {
    if (!deleted_only || (row.facts.flags.system & SystemFlag::deleted) != 0) {
      draft.expunge(*box, row.uid, row.facts);
      out.uids.push_back(row.uid);
    }
  }
  out.modseq = draft.modseq();
  if (out.uids.empty()) {
    co_return out;
  }
  if (auto written = co_await commit(std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return out;
}

engine::Task<MailResult<Copied>> MailHome::copy(MailAccountId id, CopyRequest request) {
  if (!request.move && !co_await knows_domain(request.quota)) {
    co_return failure(MailError::corrupt);
  }
  auto opened = co_await hold_mailbox(id, request.from, See::records);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, from] = *opened;
  AccountMail& account = *held;
  MailboxState* const to = account.find(request.to);
  if (to == nullptr) {
    co_return failure(MailError::not_found);
  }
  if (auto loaded = co_await load_pages_of(account, *from, request.uids); !loaded) {
    co_return failure(loaded.error());
  }
  const auto asked = request.uids.size();
  auto rows = co_await load_facts(account, *from, present(*from, request.uids));
  if (!rows) {
    co_return failure(rows.error());
  }
  MailUsage added;
  for (const MailRow& row : *rows) {
    added.size_bytes += row.facts.size_bytes();
    ++added.messages;
    if (!has_place_for(to->row, row.facts.flags)) {
      co_return failure(MailError::over_quota);
    }
  }
  const MailUsage& usage = account.record.usage;
  if (!request.move &&
      ((request.quota.size_bytes > 0 &&
        usage.size_bytes + added.size_bytes > request.quota.size_bytes) ||
       (request.quota.messages > 0 && usage.messages + added.messages > request.quota.messages))) {
    co_return failure(MailError::over_quota);
  }
  const auto count = static_cast<Uid>(rows->size());
  if (to->row.uid_next > ~Uid{0} - count) {
    co_return failure(MailError::over_quota);
  }
  if (auto loaded =
          co_await load_pages_of(account, *to, {to->row.uid_next, to->row.uid_next + count});
      !loaded) {
    co_return failure(loaded.error());
  }
  std::vector<MailDetail> details;
  MailResult<void> read;
  co_await off_core(port_->reactor(), [this, &account, from, &rows, &details, &read] {
    for (const MailRow& row : *rows) {
      const std::string key = mail_key({account.id, from->row.id, row.uid});
      const auto record = kv_.get(Family::mail_detail, key, Read::any);
      auto detail = record ? decode_detail(key, *record) : failure(RecordError::truncated);
      if (!detail) {
        read = failure(MailError::corrupt);
        return;
      }
      details.push_back(*std::move(detail));
    }
  });
  if (!read) {
    co_return failure(read.error());
  }
  if (!request.move && !take_room(account, added, request.quota)) {
    co_return failure(MailError::over_quota);
  }
  Copied out{.uid_validity = to->row.uid_validity};
  MailDraft draft(account, port_->reactor().wall_now());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const MailRow& row = (*rows)[i];
    out.uids.emplace_back(row.uid, draft.insert(*to, row.facts, details[i]).uid);
    if (request.move) {
      draft.expunge(*from, row.uid, row.facts);
    }
  }
  if (out.uids.size() < asked) {
    for (const Uid uid : request.uids) {
      if (!std::ranges::binary_search(out.uids, uid, {}, &std::pair<Uid, Uid>::first)) {
        out.skipped.push_back(uid);
      }
    }
  }
  out.modseq = draft.modseq();
  if (out.uids.empty()) {
    co_return out;
  }
  if (auto written = co_await commit(std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return out;
}

}  // namespace postrider::store
