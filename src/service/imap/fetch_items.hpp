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
  bool has_flags = false;
  bool has_modseq = false;
  bool only_envelopes = false;   // and UIDs
  std::size_t first_octets = 0;  // the first item that has octets, or past the last
};
[[nodiscard]] FetchPlan plan_fetch(const FetchArguments& arguments);

// Of the whole message: where it begins and ends is among the facts.
[[nodiscard]] bool is_whole(const FetchItem& item);

// One FETCH response (RFC 9051 7.5.2). `seen_now`: the command has set \Seen, which is told.
// nullopt: written. What can't be answered is taken back from the output; what broke off within a
// literal has broken the connection, too.
[[nodiscard]] engine::Task<std::optional<Status>> write_message(Client& client,
                                                                const FetchPlan& plan,
                                                                std::uint32_t number,
                                                                StoredMessage& message,
                                                                bool seen_now);

// The same where all of it is in memory. False: something has to be read for it, or waited for, and
// nothing was written.
[[nodiscard]] bool write_kept_message(Client& client, const FetchPlan& plan, std::uint32_t number,
                                      StoredMessage& message, bool seen_now);

}  // namespace postrider::imap
