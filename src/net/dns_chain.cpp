#include "dns_chain.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace postrider::net {

namespace {

constexpr std::uint32_t ttl_unbounded = std::numeric_limits<std::uint32_t>::max();

// RFC 2181 8: a TTL with the highest bit set is none.
std::uint32_t sound_ttl(std::uint32_t ttl_s) {
  return (ttl_s & 0x8000'0000U) != 0 ? 0 : ttl_s;
}

const dns::Record* find_soa(const std::vector<dns::Record>& records) {
  const auto found = std::ranges::find(records, dns::RecordType::soa, &dns::Record::type);
  return found == records.end() ? nullptr : &*found;
}

const dns::Record* find_cname(const dns::Response& response, const std::string& owner) {
  const auto found = std::ranges::find_if(response.answers, [&owner](const dns::Record& record) {
    return record.type == dns::RecordType::cname && record.owner == owner;
  });
  return found == response.answers.end() ? nullptr : &*found;
}

std::vector<dns::Record> take_records(dns::Response& response, const std::string& owner) {
  std::vector<dns::Record> records;
  std::ranges::copy_if(std::make_move_iterator(response.answers.begin()),
                       std::make_move_iterator(response.answers.end()), std::back_inserter(records),
                       [&](const dns::Record& record) {
                         return record.type == response.question.type && record.owner == owner;
                       });
  return records;
}

ChainResult broken(std::string name, std::string reason) {
  ChainResult result{.end = ChainEnd::broken, .name = std::move(name)};
  result.reason = std::move(reason);
  return result;
}

ChainResult negative(const dns::Response& response, ChainResult result) {
  const dns::Record* soa = find_soa(response.authorities);
  result.cacheable = soa != nullptr;
  if (soa != nullptr) {
    const std::uint32_t minimum = std::get<dns::Soa>(soa->data).minimum;
    result.ttl_s = std::min({result.ttl_s, sound_ttl(soa->ttl), sound_ttl(minimum)});
  }
  return result;
}

}  // namespace

ChainResult follow_chain(dns::Response response, std::vector<std::string>& visited) {
  ChainResult result{.name = visited.back(), .ttl_s = ttl_unbounded};
  bool hopped = false;
  while (true) {
    result.records = take_records(response, result.name);
    if (!result.records.empty()) {
      for (dns::Record& record : result.records) {
        record.ttl = sound_ttl(record.ttl);
        result.ttl_s = std::min(result.ttl_s, record.ttl);
      }
      result.end = ChainEnd::found;
      return result;
    }
    const dns::Record* cname = find_cname(response, result.name);
    if (cname == nullptr) {
      break;
    }
    result.ttl_s = std::min(result.ttl_s, sound_ttl(cname->ttl));
    result.name = std::get<dns::HostName>(cname->data).name;
    if (std::ranges::find(visited, result.name) != visited.end()) {
      return broken(result.name, "the CNAMEs of " + visited.front() + " go round in a circle");
    }
    if (visited.size() > cname_hops_max) {
      return broken(result.name, "more than " + std::to_string(cname_hops_max) + " CNAMEs from " +
                                     visited.front());
    }
    visited.push_back(result.name);
    hopped = true;
  }
  if (response.code == dns::ResponseCode::no_such_name) {
    result.end = ChainEnd::no_such_name;
    return negative(response, std::move(result));
  }
  // After a CNAME, silence without SOA means that the server did not look further.
  const bool says_so = !hopped || find_soa(response.authorities) != nullptr;
  result.end = says_so ? ChainEnd::no_data : ChainEnd::incomplete;
  return says_so ? negative(response, std::move(result)) : result;
}

bool is_referral(const dns::Response& response) {
  const auto has_ns = [](const std::vector<dns::Record>& records) {
    return std::ranges::find(records, dns::RecordType::ns, &dns::Record::type) != records.end();
  };
  return response.code == dns::ResponseCode::no_error && response.answers.empty() &&
         !response.authoritative && find_soa(response.authorities) == nullptr &&
         has_ns(response.authorities);
}

}  // namespace postrider::net
