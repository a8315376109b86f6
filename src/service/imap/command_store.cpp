// STORE and UID STORE (RFC 9051 6.4.6), with UNCHANGEDSINCE (RFC 7162 3.1.3).
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "message_limit.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

// Changed in one batch of the store.
constexpr std::uint32_t slice = 10'000;

store::FlagOperation operation_of(StoreArguments::Change change) {
  switch (change) {
    case StoreArguments::Change::add:
      return store::FlagOperation::add;
    case StoreArguments::Change::remove:
      return store::FlagOperation::remove;
    case StoreArguments::Change::replace:
      break;
  }
  return store::FlagOperation::replace;
}

// RFC 4314 4: what may not be changed stays as it is.
store::FlagChange permitted_change(const StoreArguments& arguments, Rights rights) {
  const store::MailFlags every{store::SystemFlag::all, {}};
  const std::uint8_t permitted = permitted_flags(every, rights).system;
  return {.operation = operation_of(arguments.change),
          .flags = permitted_flags(to_mail_flags(arguments.flags), rights),
          .unchanged_since = arguments.unchanged_since,
          .kept_system = static_cast<std::uint8_t>(store::SystemFlag::all & ~permitted),
          .keeps_keywords = !rights.has(Right::write)};
}

// Whether one of the flags may be changed; with FLAGS, every flag is.
bool may_change_any(const StoreArguments& arguments, Rights rights) {
  if (arguments.change == StoreArguments::Change::replace || rights.has_all(flag_rights)) {
    return rights.has_any(flag_rights);
  }
  const store::MailFlags left = permitted_flags(to_mail_flags(arguments.flags), rights);
  return left.system != 0 || !left.keywords.empty();
}

class Storing {
 public:
  Storing(Client& client, const StoreArguments& arguments)
      : client_(client),
        selected_(*client.selected),
        arguments_(arguments),
        change_(permitted_change(arguments, selected_.rights())) {}

  engine::Task<std::optional<Status>> change(const std::vector<NumberedUid>& messages) {
    std::vector<store::Uid> uids;
    for (const NumberedUid& message : messages) {
      if (selected_.shared().uids()->contains(message.uid)) {
        uids.push_back(message.uid);
      } else {
        gone_ = true;
      }
    }
    if (uids.empty()) {
      co_return std::nullopt;
    }
    const auto changed =
        co_await client_.store().change_flags(selected_.account(), selected_.id(), uids, change_);
    if (!changed) {
      co_return changed.error() == store::MailError::over_quota
          ? refused("LIMIT", "The mailbox has as many keywords as one may have")
          : refusal_of(changed.error());
    }
    // (void): what is seen late is told later.
    (void)co_await selected_.shared().reach(changed->modseq);
    selected_.skip(changed->modseq);
    for (const store::Uid uid : changed->modified) {
      modified_.push_back(arguments_.uid ? uid : selected_.number_of(uid));
    }
    co_return co_await answer(std::move(uids), *changed);
  }

  [[nodiscard]] Status end(const Command& command) const {
    Status status = completed(command);
    if (!modified_.empty()) {
      status.code = modified_code(modified_);
      status.text = "Some had changed since";
    } else if (gone_ && !arguments_.uid) {
      status = refused("EXPUNGEISSUED", "Some of the messages have gone");
    }
    return status;
  }

 private:
  // Every message is told, changed or not: what the client believes may be older.
  engine::Task<std::optional<Status>> answer(std::vector<store::Uid> uids,
                                             const store::FlagsChanged& changed) {
    const bool tells_modseq = client_.enabled().condstore;
    if (arguments_.silent && !tells_modseq) {
      co_return std::nullopt;
    }
    const auto rows =
        co_await client_.store().facts(selected_.account(), selected_.id(), std::move(uids));
    if (!rows) {
      co_return refusal_of(rows.error());
    }
    for (const store::MailRow& row : *rows) {
      const bool is_modified = std::ranges::binary_search(changed.modified, row.uid);
      if (selected_.lags_behind(row.facts.modseq)) {
        co_await selected_.catch_up(row.facts.modseq);
      }
      selected_.tell_new_keywords(client_.out());
      FetchWriter writer(selected_.number_of(row.uid), client_.out());
      if (arguments_.uid || client_.enabled().qresync) {
        writer.uid(row.uid);
      }
      if (!arguments_.silent || is_modified) {
        writer.flags(selected_.flags_of(row.uid, row.facts.flags));
      }
      if (tells_modseq) {
        writer.modseq(row.facts.modseq);
      }
      writer.end();
    }
    // (void): a lost connection shows when the next thing is said.
    (void)co_await client_.wire.flush_if_large();
    co_return std::nullopt;
  }

  Client& client_;
  SelectedMailbox& selected_;
  const StoreArguments& arguments_;
  store::FlagChange change_;
  std::vector<std::uint32_t> modified_;  // ascending
  bool gone_ = false;
};

}  // namespace

engine::Task<Status> run_store(Client& client, const Command& command) {
  const auto& arguments = std::get<StoreArguments>(command.arguments);
  if (!may_change_any(arguments, client.selected->rights())) {
    co_return *barred(*client.selected, flag_rights);
  }
  auto numbers = client.selected->find(arguments.set, arguments.uid);
  if (!numbers) {
    co_return bad("There is no message of that number");
  }
  Storing storing(client, arguments);
  LimitedMessages limited = limit_messages(client, *client.selected, *std::move(numbers));
  const auto lowest = limited.lowest;
  MessageSlices slices(*client.selected, std::move(limited));
  for (auto messages = slices.take(slice); !messages.empty(); messages = slices.take(slice)) {
    if (auto refusal = co_await storing.change(messages)) {
      co_return *std::move(refusal);
    }
  }
  co_return cut_short(client, storing.end(command), lowest);
}

}  // namespace postrider::imap
