#pragma once

#include "client.hpp"
#include "fetch_items.hpp"
#include "stored_message.hpp"

#include <postrider/codec/imap/fetch_response.hpp>

namespace postrider::imap {

// Writes those items of one message that are in memory: facts, and what was read of many messages
// together. All that is given outlives it.
class KeptItems {
 public:
  KeptItems(Client& client, const FetchPlan& plan, StoredMessage& message, FetchWriter& writer)
      : client_(client), plan_(plan), message_(message), writer_(writer) {}

  // False: something has to be read for it, and nothing was written.
  [[nodiscard]] bool write(const FetchItem& item);
  // With what the command has changed, where it is not asked for.
  void write_flags();

 private:
  [[nodiscard]] bool write_fact(const FetchItem& item);
  [[nodiscard]] bool write_structure(const FetchItem& item);
  [[nodiscard]] bool write_section(const FetchItem& item);

  Client& client_;
  const FetchPlan& plan_;
  StoredMessage& message_;
  FetchWriter& writer_;
};

}  // namespace postrider::imap
