#pragma once

#include "message_search.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/search.hpp>

namespace postrider::imap {

// What SEARCH and SORT have found, in the order in which it is told.
struct SearchAnswer {
  std::vector<FoundMessage> found;
  const SearchArguments& arguments;
  bool is_sorted = false;  // by SORT: the order is not that of the numbers
};
// Whether the answer is an ESEARCH response (RFC 9051 6.4.4, RFC 5267 3).
[[nodiscard]] bool is_extended(const Client& client, const SearchArguments& arguments);
// The ESEARCH response of one mailbox among several (RFC 7377 2.1). `mailbox`: its name.
void write_multisearch_answer(Client& client, std::string_view tag, const SearchAnswer& answer,
                              std::string_view mailbox, std::uint32_t uid_validity);
// Writes the response, and keeps the result for "$" if that was asked for (RFC 5182).
void write_search_answer(Client& client, std::string_view tag, const SearchAnswer& answer);

}  // namespace postrider::imap
