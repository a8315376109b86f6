#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <postrider/codec/imap/search.hpp>
#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

// What of messages must be known to sort them so.
[[nodiscard]] SummaryTextSet texts_of(std::span<const SortCriterion> criteria);

// SORT (RFC 5256 3, RFC 5957 3, RFC 6203 6): places in `all.messages`, in the order of the
// criteria; what is equal by all of them stands in the order of its numbers.
// Cost: linear for numbers; of texts, those that differ within a page are compared.
[[nodiscard]] std::vector<std::uint32_t> sort_messages(const SummarizedMessages& all,
                                                       std::span<const SortCriterion> criteria);

}  // namespace postrider::imap
