#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/policy/dns_list.hpp>

namespace postrider::policy {

// From which sum of weights on; 0: never.
struct ListThresholds {
  std::int32_t reject = 0;
  std::int32_t junk = 0;
  friend bool operator==(const ListThresholds&, const ListThresholds&) = default;
};

// The worst that the lists ask for.
struct ListVerdict {
  DnsListAction action = DnsListAction::tag;  // reject, defer, junk, tag; allow: one vouches for it
  std::int64_t score = 0;
  std::string reason;  // of what decided; empty: nothing is listed
};
[[nodiscard]] ListVerdict judge_listings(const std::vector<DnsListing>& listings,
                                         const ListThresholds& thresholds);

// All of them, for the header and the log.
[[nodiscard]] std::string describe(const std::vector<DnsListing>& listings);

}  // namespace postrider::policy
