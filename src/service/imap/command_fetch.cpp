// FETCH and UID FETCH (RFC 9051 6.4.5), with CHANGEDSINCE and VANISHED (RFC 7162 3.1.4, 3.2.6).
#include "command_table.hpp"
#include "envelope_reader.hpp"
#include "fetch_items.hpp"
#include "fetch_reader.hpp"
#include "message_limit.hpp"
#include "missed_changes.hpp"
#include "sequences.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/search_response.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::imap {
namespace {

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
    if (plan_.only_envelopes && count_of(limited.numbers) > 1) {
      co_return co_await list_envelopes(std::move(limited));
    }
    co_return co_await fetch(std::move(limited));
  }

  [[nodiscard]] bool is_something_gone() const { return gone_; }
  // RFC 9738 3.1: where it was cut short.
  [[nodiscard]] std::optional<store::Uid> lowest() const { return lowest_; }

 private:
  using Refusal = std::optional<Status>;

  std::vector<NumberRun> numbers_of(const std::vector<store::Uid>& uids) const {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(uids.size());
    for (const store::Uid uid : uids) {
      numbers.push_back(selected_.number_of(uid));
    }
    return runs_of(numbers);
  }

  // What comes next is read while what was read is written, so that neither the pool nor the core
  // waits for the other. Not where a read changes something: \Seen is not set long before the
  // message goes out.
  engine::Task<Refusal> fetch(LimitedMessages messages) {
    FetchReader reader(client_, plan_, std::move(messages));
    auto batch = co_await reader.next();
    while (batch && !batch->is_empty()) {
      Refusal refusal;
      if (plan_.sets_seen) {
        refusal = co_await write(*batch);
        if (!refusal) {
          batch = co_await reader.next();
        }
      } else {
        auto [next, written] = co_await engine::when_all(reader.next(), write(*batch));
        batch = std::move(next);
        refusal = std::move(written);
      }
      if (refusal) {
        co_return refusal;
      }
    }
    gone_ |= reader.is_something_gone();
    co_return batch ? std::nullopt : Refusal(batch.error());
  }

  engine::Task<Refusal> write(FetchReader::Batch& batch) {
    for (std::size_t i = 0; i < batch.messages.size(); ++i) {
      const std::size_t at = batch.is_from_end ? batch.messages.size() - 1 - i : i;
      const std::uint32_t number = batch.numbers[at];
      StoredMessage& message = batch.messages[at];
      const bool seen_now = batch.seen_now.contains(message.uid());
      if (!write_kept_message(client_, plan_, number, message, seen_now)) {
        auto refusal = co_await write_message(client_, plan_, number, message, seen_now);
        if (refusal && refusal->code == "NONEXISTENT") {
          gone_ = true;  // purged between two reads
        } else if (refusal) {
          co_return refusal;
        }
      }
      if (client_.wire.is_large() && !co_await client_.wire.flush()) {
        co_return connection_lost();
      }
    }
    co_return std::nullopt;
  }

  engine::Task<Refusal> list_envelopes(LimitedMessages messages) {
    EnvelopeReader reader(client_, std::move(messages));
    auto batch = co_await reader.next();
    while (!batch.is_last) {
      auto [next, refusal] = co_await engine::when_all(reader.next(), write(batch));
      if (refusal) {
        co_return refusal;
      }
      batch = std::move(next);
    }
    gone_ |= reader.is_something_gone();
    co_return std::nullopt;
  }

  engine::Task<Refusal> write(const EnvelopeReader::Batch& batch) {
    std::vector<std::uint32_t> others;  // those whose envelope has to be made
    for (std::size_t i = 0; i < batch.listed.size(); ++i) {
      const auto& [message, envelope] = batch.listed[i];
      if (envelope.empty()) {
        others.push_back(message.number);
        const bool is_end = i + 1 == batch.listed.size() || !batch.listed[i + 1].envelope.empty();
        auto refusal = is_end ? co_await fetch_others(std::exchange(others, {})) : std::nullopt;
        if (refusal) {
          co_return refusal;
        }
        continue;
      }
      FetchWriter writer(message.number, client_.out());
      for (const FetchItem& item : plan_.items) {
        if (item.kind == FetchKind::uid) {
          writer.uid(message.uid);
        } else {
          writer.envelope(envelope);
        }
      }
      writer.end();
      if (client_.wire.is_large() && !co_await client_.wire.flush()) {
        co_return connection_lost();
      }
    }
    co_return std::nullopt;
  }

  engine::Task<Refusal> fetch_others(std::vector<std::uint32_t> numbers) {
    std::ranges::sort(numbers);
    co_return co_await fetch({runs_of(numbers), lowest_});
  }

  static Status connection_lost() { return refused("", "The connection is lost"); }

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
