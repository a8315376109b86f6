#include "fetch_reader.hpp"

#include "read_ahead.hpp"
#include "replies.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_map>
#include <utility>

namespace postrider::imap {
namespace {

constexpr std::uint32_t facts_slice = 1000;  // messages of which flags and sizes are read at once
constexpr std::uint32_t marked_slice = 250;  // those that become \Seen in one change
constexpr std::size_t part_from_end = 250;   // of those that come from the largest UID down
constexpr std::uint64_t part_octets = 512UL * 1024;  // of details, and of bodies
static_assert(part_octets <= ahead_octets_max && part_octets >= ahead_body_octets_max);

}  // namespace

engine::Task<Result<FetchReader::Batch, Status>> FetchReader::next() {
  while (left_.begin == left_.end) {
    const auto messages = slices_.take(plan_.sets_seen ? marked_slice : facts_slice);
    if (messages.empty()) {
      co_return Batch{};
    }
    if (auto refusal = co_await load_slice(messages)) {
      co_return failure(*std::move(refusal));
    }
  }
  Part part = next_part();
  ReadAhead ahead = plan_.ahead;
  ahead.octets_max = is_from_end_ ? UINT64_MAX : part_octets;
  Batch batch{.is_from_end = is_from_end_};
  batch.messages =
      co_await read_ahead(client_.store(), selected_.account(), selected_.id(),
                          std::span(rows_).subspan(part.begin, part.end - part.begin), ahead);
  part.end = part.begin + batch.messages.size();
  for (std::size_t i = part.begin; i < part.end; ++i) {
    batch.numbers.push_back(numbers_[i]);
    if (seen_now_.contains(batch.messages[i - part.begin].uid())) {
      batch.seen_now.insert(batch.messages[i - part.begin].uid());
    }
  }
  if (is_from_end_) {
    left_.end = part.begin;
  } else {
    left_.begin = part.end;
  }
  co_return batch;
}

// As many as may be read together.
FetchReader::Part FetchReader::next_part() const {
  const bool is_dear = plan_.ahead.bodies || plan_.ahead.details || plan_.ahead.traces;
  const std::size_t count_max = is_from_end_ && is_dear ? part_from_end : facts_slice;
  std::size_t count = 0;
  for (std::uint64_t octets = 0; count < std::min(count_max, left_.end - left_.begin); ++count) {
    const std::size_t i = is_from_end_ ? left_.end - 1 - count : left_.begin + count;
    octets += plan_.ahead.bodies ? octets_ahead(rows_[i].facts) : 0;
    if (octets > part_octets) {
      break;
    }
  }
  return is_from_end_ ? Part{left_.end - count, left_.end} : Part{left_.begin, left_.begin + count};
}

bool FetchReader::needs_facts() const {
  return plan_.ahead.details || plan_.ahead.traces ||
         std::ranges::any_of(plan_.items,
                             [](const FetchItem& item) { return item.kind != FetchKind::uid; });
}

engine::Task<std::optional<Status>> FetchReader::load_slice(
    const std::vector<NumberedUid>& messages) {
  std::vector<store::Uid> uids;
  uids.reserve(messages.size());
  for (const NumberedUid& message : messages) {
    uids.push_back(message.uid);
  }
  rows_.clear();
  if (needs_facts()) {
    auto read = co_await selected_.shared().facts(std::move(uids));
    if (!read) {
      co_return refusal_of(read.error());
    }
    rows_ = *std::move(read);
  } else {
    for (const store::Uid uid : uids) {
      rows_.push_back({uid, {}});
    }
  }
  seen_now_.clear();
  if (plan_.sets_seen) {
    if (auto refusal = co_await mark_seen()) {
      co_return refusal;
    }
  }
  // Rows come in the order of the question; what has been purged is missing.
  auto message = messages.begin();
  is_something_gone_ |= rows_.size() != messages.size();
  numbers_.clear();
  numbers_.reserve(rows_.size());
  for (const store::MailRow& row : rows_) {
    while (message->uid != row.uid) {
      ++message;
    }
    numbers_.push_back(message->number);
  }
  left_ = {0, rows_.size()};
  co_return std::nullopt;
}

engine::Task<std::optional<Status>> FetchReader::mark_seen() {
  std::vector<store::Uid> unseen;
  for (const store::MailRow& row : rows_) {
    // Of one that has been expunged nothing changes any more.
    if ((row.facts.flags.system & store::SystemFlag::seen) == 0 &&
        selected_.shared().uids()->contains(row.uid)) {
      unseen.push_back(row.uid);
    }
  }
  if (unseen.empty()) {
    co_return std::nullopt;
  }
  const auto changed = co_await client_.store().change_flags(
      selected_.account(), selected_.id(), std::move(unseen),
      {.operation = store::FlagOperation::add, .flags = {store::SystemFlag::seen, {}}});
  if (!changed) {
    co_return refusal_of(changed.error());
  }
  std::unordered_map<store::Uid, const store::MailFlags*> now;
  for (const auto& [uid, flags] : changed->changed) {
    now.emplace(uid, &flags);
  }
  for (store::MailRow& row : rows_) {
    if (const auto found = now.find(row.uid); found != now.end()) {
      row.facts.flags = *found->second;
      row.facts.modseq = changed->modseq;
      seen_now_.insert(row.uid);
    }
  }
  // (void): what is seen late is told later.
  (void)co_await selected_.shared().reach(changed->modseq);
  selected_.skip(changed->modseq);
  co_return std::nullopt;
}

}  // namespace postrider::imap
