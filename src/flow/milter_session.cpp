#include "milter_session.hpp"

#include "incoming_message.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::flow {

MilterSession::MilterSession(IntakeCore& core, Door door) : core_(core) {
  const auto& filters = core.settings.filters;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i].kind == FilterKind::milter && filters[i].is_at(door)) {
      clients_.push_back({i, std::make_unique<MilterClient>(core.doors.reactor, filters[i],
                                                            core.settings.hostname)});
    }
  }
}

MilterClient& MilterSession::client_of(std::size_t filter) {
  const auto found = std::ranges::find(clients_, filter, &Link::filter);
  check(found != clients_.end(), "a milter is at the doors that it is asked at");
  return *found->client;
}

// One that is down is said again at the end of the message, where what goes by it gets its remark.
std::optional<FilterRefusal> MilterSession::take(const Link& link, const FilterFinding& said) {
  const FilterSettings& settings = core_.settings.filters[link.filter];
  switch (said.answer) {
    case FilterAnswer::unavailable:
      core_.filters.note_failure(link.filter, said.text);
      if (settings.when_down == WhenDown::accept) {
        return std::nullopt;
      }
      return FilterRefusal{451, "4.7.1", "Not judged now: try again later"};
    case FilterAnswer::reject:
      // What is refused elsewhere must come whole to be held back or marked.
      if (settings.on_reject != FilterAction::reject) {
        return std::nullopt;
      }
      [[fallthrough]];
    case FilterAnswer::defer:
      core_.filters.note_condemned(link.filter);
      return said.refusal;
    default:
      return std::nullopt;
  }
}

engine::Task<std::optional<FilterRefusal>> MilterSession::check_sender(
    const Conversation& conversation, std::vector<std::string> mail) {
  has_begun_ = false;
  for (const Link& link : clients_) {
    const FilterFinding said = co_await link.client->mail(conversation, mail);
    if (auto refusal = take(link, said)) {
      co_return refusal;
    }
  }
  has_begun_ = true;
  co_return std::nullopt;
}

engine::Task<std::optional<FilterRefusal>> MilterSession::check_recipient(
    std::vector<std::string> rcpt) {
  for (const Link& link : clients_) {
    const FilterFinding said = co_await link.client->rcpt(rcpt);
    if (auto refusal = take(link, said)) {
      co_return refusal;
    }
  }
  co_return std::nullopt;
}

}  // namespace postrider::flow
