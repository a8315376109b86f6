#include <postrider/flow/filing_turns.hpp>

namespace postrider::flow {

FilingTurns::Turn FilingTurns::take(std::string_view account) {
  auto found = lines_.find(account);
  if (found == lines_.end()) {
    found = lines_.emplace(account, Line()).first;
  }
  Line& line = found->second;
  Turn turn;
  turn.turns_ = this;
  turn.line_ = found;
  turn.place_ = line.emplace(line.end(), reactor_);
  return turn;
}

engine::Task<void> FilingTurns::Turn::come() {
  if (turns_ == nullptr || place_ == line_->second.begin()) {
    co_return;
  }
  FilingTurns& turns = *turns_;
  ++turns.waiting_;
  turns.on_wait_();
  (void)co_await place_->is_first.wait(engine::Until{});  // ends only when it is set
  --turns.waiting_;
}

void FilingTurns::Turn::pass() {
  FilingTurns* const turns = std::exchange(turns_, nullptr);
  if (turns == nullptr) {
    return;
  }
  Line& line = line_->second;
  const bool was_first = place_ == line.begin();
  line.erase(place_);
  if (line.empty()) {
    turns->lines_.erase(line_);
  } else if (was_first) {
    line.front().is_first.set();
  }
}

}  // namespace postrider::flow
