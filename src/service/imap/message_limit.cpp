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

Status cut_short(Client& client, Status status, std::optional<store::Uid> lowest) {
  if (!lowest || !status.is_ok()) {
    return status;
  }
  if (!status.code.empty()) {
    encode_status("*", {Status::Kind::ok, std::exchange(status.code, {}), "Of those done"},
                  client.out());
  }
  status.code = message_limit_code(limit_of(client), lowest);
  status.text = "Only so many at a time: say it again for those with smaller UIDs";
  return status;
}

std::optional<Status> too_many_messages(const Client& client,
                                        const std::vector<NumberRun>& numbers) {
  const std::uint32_t limit = limit_of(client);
  if (limit == 0 || count_of(numbers) <= limit) {
    return std::nullopt;
  }
  return refused(message_limit_code(limit, std::nullopt), "Too many messages: name fewer of them");
}

}  // namespace postrider::imap
