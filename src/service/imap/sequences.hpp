#pragma once

#include <vector>

#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {

// Numbers that are in both; ascending runs, as all here are.
[[nodiscard]] std::vector<NumberRun> intersect(const std::vector<NumberRun>& a,
                                               const std::vector<NumberRun>& b);
[[nodiscard]] std::uint32_t count_of(const std::vector<NumberRun>& runs);
// RFC 9394: the part of them that PARTIAL asks for.
[[nodiscard]] std::vector<NumberRun> cut_out(const std::vector<NumberRun>& runs,
                                             const PartialRange& partial);

}  // namespace postrider::imap
