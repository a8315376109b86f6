#pragma once

#include "client_connection.hpp"
#include "item.hpp"
#include "journal_ride.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

enum class TransactionEnd : std::uint8_t {
  answered,    // by the peer, as far as it went: outcomes() say what for whom
  broken,      // the connection is gone: see ClientConnection::broken
  unreadable,  // the store can't give the content: nothing was sent
  no_journal,  // the store can't write: nothing was sent
};

struct TransactionOrder {
  const Item& item;
  std::vector<std::size_t> recipients;  // indices into the destination
  std::shared_ptr<JournalRide> journal;
  store::QueueStore& queue;
  std::optional<std::string> reverse_path;  // in place of the envelope's
  std::string envelope_id;                  // where the envelope has none
};

struct TransactionResult {
  TransactionEnd end = TransactionEnd::answered;
  store::StoreError store_error{};  // unreadable, no_journal
  // As in the order. After `broken` with maybe_taken the peer may have the message.
  std::vector<smtp::RecipientOutcome> outcomes;
  bool maybe_taken = false;
};

// One mail transaction on a connection that is ready. The last octets of the content wait for the
// journal (kill points: delivery.before_final_dot, delivery.before_group).
[[nodiscard]] engine::Task<TransactionResult> run_transaction(ClientConnection& client,
                                                              TransactionOrder order,
                                                              engine::CancelToken cancel);

}  // namespace postrider::delivery
