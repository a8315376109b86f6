#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/list_verdict.hpp>
#include <postrider/policy/public_suffix.hpp>

namespace postrider::flow {

struct ListSettings {
  std::vector<policy::DnsList> addresses;
  std::vector<policy::DomainList> domains;
  policy::ListThresholds thresholds;
  // For lists of organizational domains; outlives the desk. nullptr: there are none.
  const policy::PublicSuffixList* suffixes = nullptr;
};

struct ListCounters {
  std::string zone;
  std::uint64_t asked = 0;
  std::uint64_t listed = 0;
  std::uint64_t silent = 0;  // did not answer in time
  std::uint64_t faulty = 0;  // answers that are no verdict
  bool is_faulty = false;
};

// The lists in DNS that inbound mail is looked up in: asks them, counts what they say, and tells
// the log once when one answers what is no verdict (it was asked wrongly or too often, or is no
// more), and when it has answered properly for an hour again. Such an answer lists nobody.
// Shard: one instance a core.
class ListDesk {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    EventSink& events;
  };
  // All of the doors outlive it.
  ListDesk(Doors doors, ListSettings settings);

  [[nodiscard]] bool asks_addresses() const { return !settings_.addresses.empty(); }
  // Is a list asked for names of that role?
  [[nodiscard]] bool asks_for(policy::NameRole role) const;
  [[nodiscard]] bool is_empty() const {
    return settings_.addresses.empty() && settings_.domains.empty();
  }

  // What lists it; ends by `until`. The desk outlives the task.
  [[nodiscard]] engine::Task<std::vector<policy::DnsListing>> of_client(IpAddress address,
                                                                        engine::Until until);
  [[nodiscard]] engine::Task<std::vector<policy::DnsListing>> of_names(
      std::vector<policy::ListedName> names, engine::Until until);

  [[nodiscard]] policy::ListVerdict judge(const std::vector<policy::DnsListing>& listings) const {
    return policy::judge_listings(listings, settings_.thresholds);
  }
  // In the order of the settings, a zone once.
  [[nodiscard]] std::vector<ListCounters> counters() const { return counters_; }

 private:
  void count(const std::vector<policy::DnsListAnswer>& answers);
  void note_fault(ListCounters& counters, const std::string& answer);
  void note_verdict(ListCounters& counters);
  void tell(const std::string& zone, std::string text);

  Doors doors_;
  ListSettings settings_;
  std::vector<ListCounters> counters_;
  std::map<std::string, MonoTime, std::less<>> last_faults_;  // by zone
};

}  // namespace postrider::flow
