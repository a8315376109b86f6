#pragma once

#include "client.hpp"
#include "read_ahead.hpp"
#include "stored_message.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/fetch.hpp>

namespace postrider::imap {

// What a FETCH asks for, in the order in which it is answered: UID first, octets last, so that a
// client knows whose they are.
struct FetchPlan {
  std::vector<FetchItem> items;
  ReadAhead ahead;
  bool sets_seen = false;
};
[[nodiscard]] FetchPlan plan_fetch(const FetchArguments& arguments);

// One FETCH response (RFC 9051 7.5.2). `seen_now`: the command has set \Seen, which is told.
// nullopt: written. What can't be answered is taken back from the output; what broke off within a
// literal has broken the connection, too.
[[nodiscard]] engine::Task<std::optional<Status>> write_message(Client& client,
                                                                const FetchPlan& plan,
                                                                std::uint32_t number,
                                                                StoredMessage& message,
                                                                bool seen_now);

}  // namespace postrider::imap
