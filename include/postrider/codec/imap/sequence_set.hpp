#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::imap {

// A sequence-set as it was written (RFC 9051 9): message numbers or UIDs.
struct SequenceSet {
  static constexpr std::uint32_t star = 0;  // "*": the largest there is
  struct Range {
    std::uint32_t first = 0;  // in the order written: "4:2" and "*:4" mean what "2:4", "4:*" do
    std::uint32_t last = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  std::vector<Range> ranges;
  bool saved = false;  // "$": the saved result (RFC 5182); then there are no ranges
  friend bool operator==(const SequenceSet&, const SequenceSet&) = default;
};

// Numbers from `first` to `last`, both included.
struct NumberRun {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  friend bool operator==(const NumberRun&, const NumberRun&) = default;
};

// Ascending, disjoint, not adjacent. `largest`: what "*" stands for, 0 if there is none: then a
// range with "*" holds only its other end (RFC 9051 9: "*" is the largest in use). Numbers past
// `largest` stay: a UID may be unknown, a message number is the caller's to refuse.
// Cost: O(n log n) of the ranges.
[[nodiscard]] std::vector<NumberRun> resolve(const SequenceSet& set, std::uint32_t largest);
// The runs that the numbers make in their order: n, n+1, n+2 is one.
[[nodiscard]] std::vector<NumberRun> runs_of(std::span<const std::uint32_t> numbers);
[[nodiscard]] bool contains(std::span<const NumberRun> runs, std::uint32_t number);

// "2,4:7,*"; "$". nullopt: not a sequence-set, or more than ranges_max.
[[nodiscard]] std::optional<SequenceSet> parse_sequence_set(std::string_view text);
[[nodiscard]] std::string encode_sequence_set(const SequenceSet& set);
// As "1:3,5"; empty for none, which is no sequence-set.
void encode_runs(std::span<const NumberRun> runs, std::string& out);
void encode_numbers(std::span<const std::uint32_t> ascending, std::string& out);

}  // namespace postrider::imap
