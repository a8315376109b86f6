#include "staged_message.hpp"

#include "record_codec.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>

namespace postrider::store {

StagedHandle::~StagedHandle() {
  if (chunks_ > 0 && !released_) {
    kill_point("store.stage.abandoned");
    auto request = std::make_unique<Request>();
    request->work = AbandonWork{id_};
    port_->submit_unawaited(std::move(request));
  }
}

engine::Task<StoreResult<void>> StagedHandle::append(std::string chunk) {
  check(chunk.size() <= QueueStore::chunk_octets, "a chunk is longer than chunk_octets");
  if (!standing_) {
    co_return standing_;
  }
  auto request = std::make_unique<Request>();
  request->bytes = chunk.size();
  ++chunks_;
  octets_ += chunk.size();
  std::string seal = encode_body_seal(chunk_key(id_, chunks_), chunk);
  request->work = AppendWork{id_, chunks_, SharedOctets(std::move(chunk)), std::move(seal)};
  kill_point("store.stage.before_append");
  standing_ = co_await CorePort::submit(port_, std::move(request));
  kill_point("store.stage.appended");
  co_return standing_;
}

}  // namespace postrider::store
