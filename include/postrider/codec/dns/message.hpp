#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/dns/record.hpp>
#include <postrider/codec/dns/signed_records.hpp>

// Queries and responses of one question, class IN (RFC 1035 4.1).
namespace postrider::dns {

// Without EDNS a UDP message has at most 512 octets (RFC 1035 4.2.1).
inline constexpr std::uint16_t udp_octets_min = 512;
// What we say we take: below any path's fragmentation (RFC 6891 6.2.5, DNS flag day 2020).
inline constexpr std::uint16_t edns_payload_octets = 1232;
inline constexpr std::size_t message_octets_max = 65'535;
// Records of all sections: ten times the largest set in use, and a bound for the work of one parse.
inline constexpr std::size_t message_records_max = 1000;
inline constexpr std::size_t header_octets = 12;

enum class ResponseCode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,  // EDNS (RFC 6891 6.1.3)
};
// "NXDOMAIN", "SERVFAIL", "RCODE17".
[[nodiscard]] std::string describe(ResponseCode code);

struct Question {
  std::string name;  // canonical_name()
  RecordType type{};
  friend bool operator==(const Question&, const Question&) = default;
};

struct Edns {
  std::uint16_t payload_octets = edns_payload_octets;
  std::uint8_t version = 0;
  bool dnssec_ok = false;  // DO (RFC 3225)
  friend bool operator==(const Edns&, const Edns&) = default;
};

struct Query {
  std::uint16_t id = 0;
  Question question;
  bool recursion_desired = true;
  bool checking_disabled = false;   // CD: the answer even if the server finds it bogus
  bool authenticated_data = false;  // AD: say whether the answer is secure (RFC 6840 5.7)
  std::optional<Edns> edns;
  friend bool operator==(const Query&, const Query&) = default;
};

struct Response {
  std::uint16_t id = 0;
  Question question;
  ResponseCode code = ResponseCode::no_error;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = true;
  bool recursion_available = false;
  bool authenticated_data = false;
  std::optional<Edns> edns;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  Evidence evidence;  // of a response to a query with DO; encode_response() leaves it out
  friend bool operator==(const Response&, const Response&) = default;
};

enum class MessageError : std::uint8_t {
  not_ours,          // another id or question, or no response at all: go on waiting
  malformed,         // ours, but it can't be read: ask another server; of a query: FORMERR
  too_many_records,  // ours, past message_records_max: as malformed
  unsupported,       // a query's operation or class: NOTIMP
  invalid_name,      // what is to be encoded is no name, or too large: a caller's mistake
};
[[nodiscard]] std::string_view describe(MessageError error);

[[nodiscard]] Result<std::string, MessageError> encode_query(const Query& query);
[[nodiscard]] Result<Query, MessageError> parse_query(std::string_view octets);

// What does not fit into `limit` octets goes out empty with TC set (RFC 2181 9).
[[nodiscard]] Result<std::string, MessageError> encode_response(const Response& response,
                                                                std::size_t limit);
// The bare header that answers a query which parse_query() refused; nullopt if it has no header or
// is a response itself.
[[nodiscard]] std::optional<std::string> encode_refusal(std::string_view query, ResponseCode code);

// The response to `query`: its id, and its question but for case. An error may come without the
// question (a server that could not read the query). Records of other classes and the additional
// section but for EDNS are left out. A truncated response (TC) is read no further than its
// question.
[[nodiscard]] Result<Response, MessageError> parse_response(std::string_view octets,
                                                            const Query& query);

}  // namespace postrider::dns
