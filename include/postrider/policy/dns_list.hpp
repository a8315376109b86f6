#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::policy {

// What being listed leads to.
enum class DnsListAction : std::uint8_t { reject, junk, tag };

// A list of clients' addresses (RFC 5782 2).
struct DnsList {
  std::string zone;  // "dnsbl.example.org"
  DnsListAction action = DnsListAction::reject;
};

struct DnsListing {
  std::string zone;
  DnsListAction action = DnsListAction::tag;
  std::string answer;  // "127.0.0.2"
  std::string text;    // what the list says of it; empty: nothing
};

// Asks all lists at once; those that don't answer by `until` list nothing. An answer counts only
// inside 127.0.0.0/8, and not inside 127.255.255.0/24, by which lists say that they were asked
// wrongly or too often. In: `resolver` outlives the task.
// Cost: a lookup a list, mostly from the cache; one more for the text of what is
// listed.
[[nodiscard]] engine::Task<std::vector<DnsListing>> look_up_lists(net::Resolver& resolver,
                                                                  std::vector<DnsList> lists,
                                                                  IpAddress address,
                                                                  engine::Until until);

}  // namespace postrider::policy
