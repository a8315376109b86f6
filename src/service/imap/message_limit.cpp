#include "message_limit.hpp"

#include "replies.hpp"
#include "sequences.hpp"

#include <utility>

#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

// 0: none.
std::uint32_t limit_of(const Client& client) {
  const bool is_known = client.session->offers(Capability::message_limit);
  return is_known ? client.shared.settings.rules.message_limit : 0;
}

}  // namespace

LimitedMessages limit_messages(const Client& client, const SelectedMailbox& selected,
                               std::vector<NumberRun> numbers) {
  const std::uint32_t limit = limit_of(client);
  if (limit == 0 || count_of(numbers) <= limit) {
    return {std::move(numbers), std::nullopt};
  }
  LimitedMessages out{cut_out(numbers, {.first = 1, .last = limit, .from_end = true}), {}};
  out.lowest = selected.uids()->nth(out.numbers.front().first - 1);
  return out;
}

std::vector<NumberedUid> MessageSlices::take(std::uint32_t count) {
  std::vector<NumberRun> slice = cut_out(
      limited_.numbers, {.first = taken_ + 1, .last = taken_ + count, .from_end = is_from_end()});
  taken_ += count;
  return selected_.cursor(std::move(slice)).take(count);
}

Status cut_short(Client& client, Status status, std::optional<store::Uid> lowest) {
  const bool is_done = status.is_ok() || status.code == "EXPUNGEISSUED";
  if (!lowest || !is_done) {
    return status;
  }
  std::string code = message_limit_code(limit_of(client), lowest);
  std::string text = "Only so many at a time: say it again for those with smaller UIDs";
  if (!status.code.empty()) {
    encode_status("*", {Status::Kind::no, std::move(code), std::move(text)}, client.out());
    return status;
  }
  status.code = std::move(code);
  status.text = std::move(text);
  return status;
}

std::optional<Status> too_many_messages(const Client& client, const SelectedMailbox& selected,
                                        const std::vector<NumberRun>& numbers, bool tells_uid) {
  const LimitedMessages limited = limit_messages(client, selected, numbers);
  if (!limited.lowest) {
    return std::nullopt;
  }
  return refused(message_limit_code(limit_of(client), tells_uid ? limited.lowest : std::nullopt),
                 "Too many messages: name fewer of them");
}

std::optional<Status> too_wide(const Client& client, const PartialRange& partial) {
  const std::uint32_t limit = limit_of(client);
  if (limit == 0 || partial.last - partial.first < limit) {
    return std::nullopt;
  }
  return refused(message_limit_code(limit, std::nullopt), "Too many messages: ask for fewer");
}

}  // namespace postrider::imap
