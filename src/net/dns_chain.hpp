#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/codec/dns/message.hpp>

namespace postrider::net {

// How many CNAMEs are followed from one name, over all responses.
inline constexpr std::size_t cname_hops_max = 8;

// What one response (NOERROR or NXDOMAIN) says of a name: pure.
enum class ChainEnd : std::uint8_t {
  found,         // the records stand at `name`
  no_data,       // `name` exists, the type does not
  no_such_name,  // `name` does not exist
  incomplete,    // the response does not say: ask for `name`
  broken,        // a loop, or too many CNAMEs
};
struct ChainResult {
  ChainEnd end = ChainEnd::broken;
  std::string name;  // after the CNAMEs
  std::vector<dns::Record> records;
  // Of the shortest-lived record on the way, the SOA of a negative answer included
  // (RFC 2308 5: the smaller of its TTL and its minimum).
  std::uint32_t ttl_s = 0;
  bool cacheable = true;  // false: a negative answer without SOA (RFC 2308 5)
  std::string reason;     // of broken
};

// `visited`: the names that led here from the one asked for, itself first; it grows by what is
// followed. Only records at names on the chain count: what else a server puts into its answer is
// no concern of the question.
[[nodiscard]] ChainResult follow_chain(dns::Response response, std::vector<std::string>& visited);

// A server that refers elsewhere and does not recurse has no answer (RFC 2308 2.2): it is not the
// recursive server that we take it for.
[[nodiscard]] bool is_referral(const dns::Response& response);

}  // namespace postrider::net
