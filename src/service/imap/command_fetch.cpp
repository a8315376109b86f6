// FETCH and UID FETCH (RFC 9051 6.4.5), with CHANGEDSINCE and VANISHED (RFC 7162 3.1.4, 3.2.6).
#include "command_table.hpp"
#include "fetch_items.hpp"
#include "message_limit.hpp"
#include "missed_changes.hpp"
#include "sequences.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <postrider/codec/imap/search_response.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint32_t facts_slice = 1000;  // messages of which flags and sizes are read at a time
constexpr std::uint32_t details_slice = 250;  // of which details or bodies are, or \Seen is marked

class Fetching {
 public:
  Fetching(Client& client, const FetchArguments& arguments)
      : client_(client),
        selected_(*client.selected),
        arguments_(arguments),
        plan_(plan_fetch(arguments)) {
    plan_.sets_seen &= selected_.rights().has(Right::seen);
  }

  engine::Task<std::optional<Status>> run(std::vector<NumberRun> numbers) {
    if (arguments_.changed_since) {
      auto missed = co_await load_missed(client_, {.since = *arguments_.changed_since});
      if (!missed) {
        co_return refusal_of(missed.error());
      }
      numbers = intersect(numbers, numbers_of(missed->changed));
    }
    if (arguments_.partial) {
      numbers = cut_out(numbers, *arguments_.partial);
    }
    LimitedMessages limited = limit_messages(client_, selected_, std::move(numbers));
    lowest_ = limited.lowest;
    MessageSlices slices(selected_, std::move(limited));
    const bool is_dear =
        plan_.ahead.bodies || plan_.ahead.details || plan_.ahead.traces || plan_.sets_seen;
    const std::uint32_t slice = is_dear ? details_slice : facts_slice;
    for (auto messages = slices.take(slice); !messages.empty(); messages = slices.take(slice)) {
      if (auto refusal = co_await fetch_slice(messages)) {
        co_return refusal;
      }
    }
    co_return std::nullopt;
  }

  [[nodiscard]] bool is_something_gone() const { return gone_; }
  // RFC 9738 3.1: where it was cut short.
  [[nodiscard]] std::optional<store::Uid> lowest() const { return lowest_; }

 private:
  std::vector<NumberRun> numbers_of(const std::vector<store::Uid>& uids) const {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(uids.size());
    for (const store::Uid uid : uids) {
      numbers.push_back(selected_.number_of(uid));
    }
    return runs_of(numbers);
  }

  bool needs_facts() const {
    return plan_.ahead.details || plan_.ahead.traces ||
           std::ranges::any_of(plan_.items,
                               [](const FetchItem& item) { return item.kind != FetchKind::uid; });
  }

  engine::Task<std::optional<Status>> fetch_slice(const std::vector<NumberedUid>& messages) {
    std::vector<store::Uid> uids;
    uids.reserve(messages.size());
    for (const NumberedUid& message : messages) {
      uids.push_back(message.uid);
    }
    std::vector<store::MailRow> rows;
    if (needs_facts()) {
      auto read = co_await selected_.shared().facts(std::move(uids));
      if (!read) {
        co_return refusal_of(read.error());
      }
      rows = *std::move(read);
    } else {
      for (const store::Uid uid : uids) {
        rows.push_back({uid, {}});
      }
    }
    std::unordered_map<store::Uid, bool> seen_now;
    if (plan_.sets_seen) {
      if (auto refusal = co_await mark_seen(rows, seen_now)) {
        co_return refusal;
      }
    }
    // Rows come in the order of the question; what has been purged is missing.
    auto message = messages.begin();
    gone_ |= rows.size() != messages.size();
    std::vector<std::uint32_t> numbers;
    numbers.reserve(rows.size());
    for (const store::MailRow& row : rows) {
      while (message->uid != row.uid) {
        ++message;
      }
      numbers.push_back(message->number);
    }
    std::vector<Part> parts = cut(rows, plan_.ahead.bodies);
    if (lowest_) {
      std::ranges::reverse(parts);  // RFC 9738 3.1: from the largest UID down
    }
    for (const Part& part : parts) {
      if (auto refusal = co_await fetch_part(part, rows, numbers, seen_now)) {
        co_return refusal;
      }
    }
    co_return std::nullopt;
  }

  // Of a slice: as many as may be read ahead together.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  static std::vector<Part> cut(const std::vector<store::MailRow>& rows, bool has_bodies) {
    std::vector<Part> parts;
    std::uint64_t octets = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint64_t body = has_bodies ? octets_ahead(rows[i].facts) : 0;
      octets += body;
      if (parts.empty() || octets > ahead_octets_max) {
        parts.push_back({i, i});
        octets = body;
      }
      ++parts.back().end;
    }
    return parts;
  }

  // `rows` of the part are taken.
  engine::Task<std::optional<Status>> fetch_part(
      Part part, std::vector<store::MailRow>& rows, const std::vector<std::uint32_t>& numbers,
      const std::unordered_map<store::Uid, bool>& seen_now) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(part.begin);
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(part.end);
    auto all = co_await read_ahead(client_.store(), selected_.account(), selected_.id(),
                                   {std::make_move_iterator(begin), std::make_move_iterator(end)},
                                   plan_.ahead);
    std::vector<std::pair<std::uint32_t, StoredMessage*>> numbered;
    numbered.reserve(all.size());
    for (StoredMessage& stored : all) {
      numbered.emplace_back(numbers[part.begin + numbered.size()], &stored);
    }
    if (lowest_) {
      std::ranges::reverse(numbered);
    }
    for (const auto& [number, stored] : numbered) {
      const bool is_new = seen_now.contains(stored->uid());
      auto refusal = co_await write_message(client_, plan_, number, *stored, is_new);
      if (refusal && refusal->code == "NONEXISTENT") {
        gone_ = true;  // purged between two reads
      } else if (refusal) {
        co_return refusal;
      }
      if (!co_await client_.wire.flush_if_large()) {
        co_return refused("", "The connection is lost");
      }
    }
    co_return std::nullopt;
  }

  engine::Task<std::optional<Status>> mark_seen(std::vector<store::MailRow>& rows,
                                                std::unordered_map<store::Uid, bool>& seen_now) {
    std::vector<store::Uid> unseen;
    for (const store::MailRow& row : rows) {
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
    for (store::MailRow& row : rows) {
      if (const auto found = now.find(row.uid); found != now.end()) {
        row.facts.flags = *found->second;
        row.facts.modseq = changed->modseq;
        seen_now.emplace(row.uid, true);
      }
    }
    // (void): what is seen late is told later.
    (void)co_await selected_.shared().reach(changed->modseq);
    selected_.skip(changed->modseq);
    co_return std::nullopt;
  }

  Client& client_;
  SelectedMailbox& selected_;
  const FetchArguments& arguments_;
  FetchPlan plan_;
  bool gone_ = false;
  std::optional<store::Uid> lowest_;
};

}  // namespace

engine::Task<Status> run_fetch(Client& client, const Command& command) {
  const auto& arguments = std::get<FetchArguments>(command.arguments);
  auto numbers = client.selected->find(arguments.set, arguments.uid);
  if (!numbers) {
    co_return bad("There is no message of that number");
  }
  if (arguments.partial) {
    if (auto refusal = too_wide(client, *arguments.partial)) {
      co_return *std::move(refusal);
    }
  }
  if (arguments.vanished) {
    const auto missed = co_await load_missed(
        client, {.since = arguments.changed_since.value_or(0), .known = arguments.set});
    if (!missed) {
      co_return refusal_of(missed.error());
    }
    encode_vanished(missed->vanished, /*earlier=*/true, client.out());
  }
  Fetching fetching(client, arguments);
  if (auto refusal = co_await fetching.run(*std::move(numbers))) {
    co_return *std::move(refusal);
  }
  if (fetching.is_something_gone() && !arguments.uid) {
    co_return cut_short(client, refused("EXPUNGEISSUED", "Some of the messages have gone"),
                        fetching.lowest());
  }
  co_return cut_short(client, completed(command), fetching.lowest());
}

}  // namespace postrider::imap
