#pragma once

#include "memory_budget.hpp"
#include "message_checksum.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/mime/line_breaks.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::flow {

// The body that a filter puts in place of a message's own, while it comes: in memory until it is
// large, then in the store. Lines that don't end in CRLF are mended.
class BodyReplacement {
 public:
  struct Limits {
    std::uint64_t octets = 0;      // of the body
    std::size_t chunk_octets = 0;  // what stays in memory, and what goes to the store at once
    std::uint64_t line_octets = 0;
  };
  // All of it outlives this.
  BodyReplacement(store::QueueStore& queue, MemoryBudget& budget, Limits limits)
      : queue_(queue), share_(budget), limits_(limits) {}

  // Errors: why there will be none.
  [[nodiscard]] engine::Task<Result<void, std::string>> append(std::string_view octets);
  [[nodiscard]] engine::Task<Result<void, std::string>> finish();

  // After finish(): what there is of it. `body` is what was not staged; empty if anything was.
  struct Outcome {
    std::string body;
    std::unique_ptr<store::StagedMessage> staged;
    std::unique_ptr<MessageChecksum> checksum;  // of what was staged
    std::uint64_t octets = 0;
    bool has_8bit = false;
  };
  [[nodiscard]] Outcome take();

 private:
  engine::Task<Result<void, std::string>> add(std::string_view octets);
  engine::Task<Result<void, std::string>> stage();

  store::QueueStore& queue_;
  MemoryShare share_;
  Limits limits_;
  mime::LineBreakNormalizer normalizer_;
  mime::ContentScan content_;
  std::string body_;
  std::unique_ptr<store::StagedMessage> staged_;
  std::unique_ptr<MessageChecksum> checksum_ = std::make_unique<MessageChecksum>();
  bool ends_in_crlf_ = true;
};

}  // namespace postrider::flow
