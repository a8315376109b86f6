#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/answer_pattern.hpp>
#include <postrider/policy/public_suffix.hpp>

namespace postrider::policy {

// What being listed leads to.
enum class DnsListAction : std::uint8_t {
  reject,  // 550
  defer,   // 450
  junk,    // filed as junk
  score,   // its weight is added to those of others (ListThresholds)
  tag,     // only remarked on
  allow,   // what other lists say is not heeded
};

// A list of clients' addresses (RFC 5782 2).
struct DnsList {
  std::string zone;  // "dnsbl.example.org"
  DnsListAction action = DnsListAction::reject;
  std::int32_t weight = 1;             // of score; may be negative
  std::vector<AnswerPattern> answers;  // that mean "listed"; empty: all inside 127.0.0.0/8
  friend bool operator==(const DnsList&, const DnsList&) = default;
};

// Which of a message's names.
enum class NameRole : std::uint8_t {
  client,  // the client's name by DNS, if it leads back to its address
  helo,    // as the client calls itself
  sender,  // the domain of MAIL FROM
  from,    // the domain of From
  dkim,    // d= of each signature that holds
};
[[nodiscard]] std::string_view name_of(NameRole role);

// A list of domains (RFC 5782 2.3).
struct DomainList {
  DnsList list;
  std::vector<NameRole> roles{NameRole::helo, NameRole::sender, NameRole::from, NameRole::dkim};
  bool organizational = false;  // it knows "example.co.uk", not "mail.example.co.uk"
  friend bool operator==(const DomainList&, const DomainList&) = default;
};

struct ListedName {
  NameRole role{};
  std::string name;  // as it came; what is no name in DNS is not asked for
};

struct DnsListing {
  std::string zone;
  DnsListAction action = DnsListAction::tag;
  std::string answer;              // "127.0.0.2"
  std::string text;                // what the list says of it; empty: nothing
  std::string subject{};           // the address or domain that is listed
  std::optional<NameRole> role{};  // nullopt: it is the client's address
  std::int32_t weight = 1;
};
// "From domain spam.example is listed by dbl.example (127.0.1.2: its words)"
[[nodiscard]] std::string describe(const DnsListing& listing);

enum class DnsListState : std::uint8_t {
  silent,  // no answer came in time
  clean,   // not listed
  listed,
  // Its answer is about the question: 127.255.255.0/24 (asked wrongly or too often), 127.0.1.255
  // (of a list of domains: asked for an address), or outside 127.0.0.0/8 (the list is no more).
  faulty,
};
struct DnsListAnswer {
  DnsListState state = DnsListState::silent;
  DnsListing listing;  // faulty: its zone and the answer; else empty but for the zone
};
[[nodiscard]] std::vector<DnsListing> listings_of(std::vector<DnsListAnswer> answers);

inline constexpr std::size_t listed_names_max = 16;  // of one message, the first of them

// Asks all lists at once; those that don't answer by `until` are silent. In: `resolver` outlives
// the task. Cost: a lookup a list, mostly from the cache; one more for the text of what is listed.
[[nodiscard]] engine::Task<std::vector<DnsListAnswer>> look_up_lists(net::Resolver& resolver,
                                                                     std::vector<DnsList> lists,
                                                                     IpAddress address,
                                                                     engine::Until until);

// Asks each list for the names of the roles that it is for, the same name once, all at once.
// Addresses, names of one label and what is no name are not asked for. In: `resolver` and
// `suffixes` (nullptr: names are asked for as they are) outlive the task.
[[nodiscard]] engine::Task<std::vector<DnsListAnswer>> look_up_names(
    net::Resolver& resolver, std::vector<DomainList> lists, std::vector<ListedName> names,
    const PublicSuffixList* suffixes, engine::Until until);

}  // namespace postrider::policy
