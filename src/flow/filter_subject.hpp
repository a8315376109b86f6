#pragma once

#include "body_replacement.hpp"
#include "header_changes.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/filter.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::flow {

// The body of a message that has come whole: in memory, or in the store, chunk by chunk.
class ArrivedBody {
 public:
  // `memory` outlives it.
  explicit ArrivedBody(std::string_view memory) : octets_(memory.size()), memory_(memory) {}
  ArrivedBody(store::QueueStore& queue, MessageId id, std::uint32_t chunks, std::uint64_t octets)
      : octets_(octets), queue_(&queue), id_(id), chunks_(chunks) {}

  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  // The pieces in order, from the first again after rewind(); an empty one: that was all. Valid
  // until the next call. Errors: the store's.
  [[nodiscard]] engine::Task<store::StoreResult<std::string_view>> next();
  void rewind() { read_ = 0; }

 private:
  std::uint64_t octets_;
  std::string_view memory_;
  store::QueueStore* queue_ = nullptr;
  MessageId id_;
  std::uint32_t chunks_ = 1;
  std::uint32_t read_ = 0;
  SharedOctets piece_;
};

// What one filter looks at. All of it outlives the look.
struct FilterSubject {
  const Conversation& conversation;
  const Transaction& transaction;
  const std::string& hostname;
  MessageId id;
  std::string_view header;  // with its blank line
  ArrivedBody& body;
  BodyReplacement& replacement;  // of a filter that changes the body
};

enum class FilterAnswer : std::uint8_t {
  pass,
  spam,
  reject,
  quarantine,
  defer,
  discard,
  unavailable,  // `text` says why
};

struct FilterFinding {
  FilterAnswer answer = FilterAnswer::pass;
  std::string text;                      // for the log and the header
  std::optional<FilterRefusal> refusal;  // in its own words
  std::vector<HeaderChange> changes;
  bool replaces_body = false;  // by what stands in the subject's replacement
  std::optional<std::string> sender;
  std::vector<std::string> added_recipients;
  std::vector<std::string> removed_recipients;
};

[[nodiscard]] FilterFinding unavailable(std::string why);

[[nodiscard]] engine::Task<Result<std::unique_ptr<engine::Stream>, std::string>> connect_filter(
    engine::Reactor& reactor, const FilterSettings& settings, engine::Until until);

// Each always ends, by the settings' timeout.
[[nodiscard]] engine::Task<FilterFinding> look_by_clamd(engine::Reactor& reactor,
                                                        const FilterSettings& settings,
                                                        FilterSubject& subject);
[[nodiscard]] engine::Task<FilterFinding> look_by_rspamd(engine::Reactor& reactor,
                                                         const FilterSettings& settings,
                                                         FilterSubject& subject);

}  // namespace postrider::flow
