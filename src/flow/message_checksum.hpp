#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace postrider::flow {

// Envelope::checksum: xxh3-64 over what stands in chunks 1, 2, ... and then over chunk 0, since the
// header is known only when the body has gone to the store. Of a message in one record: over all of
// it.
class MessageChecksum {
 public:
  MessageChecksum();
  ~MessageChecksum();
  MessageChecksum(const MessageChecksum&) = delete;
  MessageChecksum& operator=(const MessageChecksum&) = delete;
  void update(std::string_view octets);
  [[nodiscard]] std::uint64_t finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postrider::flow
