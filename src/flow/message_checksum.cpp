#include "message_checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace postrider::flow {

struct MessageChecksum::State {
  XXH3_state_t xxh3;
};

MessageChecksum::MessageChecksum() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->xxh3);
}
MessageChecksum::~MessageChecksum() = default;

void MessageChecksum::update(std::string_view octets) {
  XXH3_64bits_update(&state_->xxh3, octets.data(), octets.size());
}

std::uint64_t MessageChecksum::finish() const {
  return XXH3_64bits_digest(&state_->xxh3);
}

}  // namespace postrider::flow
