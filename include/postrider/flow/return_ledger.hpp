#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/store/fact_store.hpp>
#include <postrider/store/queue_records.hpp>

namespace postrider::flow {

// Of a message whose queue entry may be gone: what must be known of it when something comes back.
struct SentMessage {
  std::string tenant;
  std::string reverse_path;
  std::vector<std::vector<std::string>> recipients;  // addresses, by delivery
  // nullptr: no such recipient.
  [[nodiscard]] const std::string* find(const SentTo& to) const;
  friend bool operator==(const SentMessage&, const SentMessage&) = default;
};
[[nodiscard]] SentMessage sent_message_of(const store::Envelope& envelope);

//   sent-message = version:number tenant:text reverse-path:text
//                  deliveries:number *(recipients:number *address:text)      version = 1
[[nodiscard]] std::string encode_sent_message(const SentMessage& message);
[[nodiscard]] std::optional<SentMessage> parse_sent_message(std::string_view octets);

// Keeps them in the store for return_lifetime, by message id. One that is lost (a crash right after
// the message came) costs words only: what comes back says itself for whom it was.
// Shard: that of the FactStore. Cost: a record a message that a ReturnRule is for, in a group of
// its own.
class ReturnLedger {
 public:
  explicit ReturnLedger(store::FactStore& facts) : facts_(facts) {}
  [[nodiscard]] engine::Task<void> note(MessageId id, SentMessage message);
  [[nodiscard]] engine::Task<std::optional<SentMessage>> find(MessageId id);
  // Removes what is too old to be asked for. Out: how many.
  [[nodiscard]] engine::Task<std::size_t> sweep(WallTime now);

 private:
  store::FactStore& facts_;
};

}  // namespace postrider::flow
