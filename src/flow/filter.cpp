#include "filter_subject.hpp"

#include <algorithm>
#include <utility>

namespace postrider::flow {

bool FilterSettings::is_at(Door door) const {
  return std::ranges::find(doors, door) != doors.end();
}

engine::Task<store::StoreResult<std::string_view>> ArrivedBody::next() {
  if (read_ == chunks_) {
    co_return std::string_view();
  }
  ++read_;
  if (queue_ == nullptr) {
    co_return memory_;
  }
  // Chunk 0 is the header's, and not written yet.
  auto chunk = co_await queue_->read_chunk(id_, read_);
  if (!chunk) {
    co_return failure(chunk.error());
  }
  piece_ = *std::move(chunk);
  co_return piece_.view();
}

FilterFinding unavailable(std::string why) {
  FilterFinding out;
  out.answer = FilterAnswer::unavailable;
  out.text = std::move(why);
  return out;
}

engine::Task<Result<std::unique_ptr<engine::Stream>, std::string>> connect_filter(
    engine::Reactor& reactor, const FilterSettings& settings, engine::Until until) {
  auto stream = settings.unix_path.empty()
                    ? co_await reactor.connect({.to = settings.address, .source = {}}, until)
                    : co_await reactor.connect_unix(settings.unix_path, until);
  if (!stream) {
    co_return failure("it can't be reached: " + std::string(engine::describe(stream.error())));
  }
  co_return *std::move(stream);
}

}  // namespace postrider::flow
