#include "conversation.hpp"

#include <utility>

// What was refused, as events: by the session itself, and by what it had asked.
namespace postrider::smtp {

namespace {

// A connection. Whoever wants to fill the log by asking for what is refused gets no further.
constexpr std::uint32_t refusals_told_max = 100;

}  // namespace

void Conversation::tell_refusals() {
  for (ServerRefusal& refusal : session_->take_refusals()) {
    tell_refusal(std::move(refusal));
  }
}

// What concerns a whole message, intake tells.
void Conversation::tell_refusal(ServerRefusal refusal) {
  if (core_.doors.events == nullptr || refusals_told_ == refusals_told_max) {
    return;
  }
  flow::Event event = event_of(flow::EventKind::refused);
  event.from = std::move(refusal.from);
  event.to = std::move(refusal.to);
  event.code = refusal.reply.code;
  event.enhanced = refusal.reply.enhanced.text();
  event.text = std::move(refusal.reply.text);
  if (++refusals_told_ == refusals_told_max) {
    event.text += " (no more of this connection is told)";
  }
  core_.doors.events->emit(std::move(event));
}

}  // namespace postrider::smtp
