#pragma once

#include "load_id.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace postrider::tools {

// What has arrived at a sink: a delivery is one message for one recipient.
class Tally {
 public:
  Tally();
  Tally(Tally&&) noexcept;
  ~Tally();

  // Counts a message that was accepted for these recipients. Duplicates are judged by id and
  // recipient (64 bits of hash: one in 10^7 runs of a million errs). Out: how many of them were
  // new.
  std::uint64_t add(const std::optional<LoadId>& id, const std::vector<std::string>& recipients,
                    std::uint64_t octets);

  struct Counts {
    std::uint64_t messages = 0;    // transactions that were accepted
    std::uint64_t deliveries = 0;  // their recipients
    std::uint64_t distinct = 0;    // deliveries that had not come before
    std::uint64_t duplicates = 0;
    std::uint64_t without_id =
        0;  // messages; they stand in no other count but `messages`, `octets`
    std::uint64_t octets = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Seen;
  std::unique_ptr<Seen> seen_;
  Counts counts_;
};

}  // namespace postrider::tools
