#include "dns_cache_records.hpp"

#include "dns_chain.hpp"
#include "resolver_lookup.hpp"

#include <charconv>

#include <postrider/codec/dns/message.hpp>

namespace postrider::net {

namespace {

constexpr std::size_t head_octets = 18;

void append_i64(std::string& out, std::int64_t value) {
  for (unsigned shift = 64; shift != 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (shift - 8));
  }
}

std::int64_t i64_at(std::string_view octets, std::size_t at) {
  std::uint64_t value = 0;
  for (const char c : octets.substr(at, 8)) {
    value = value << 8U | static_cast<unsigned char>(c);
  }
  return static_cast<std::int64_t>(value);
}

std::int64_t to_wall_ms(MonoTime when, ClockPair now) {
  return unix_millis(now.wall) +
         std::chrono::duration_cast<std::chrono::milliseconds>(when - now.mono).count();
}

// The type stands in the key, before its blank.
std::optional<dns::RecordType> type_of(std::string_view key) {
  std::uint16_t type = 0;
  const auto end = std::from_chars(key.data(), key.data() + key.size(), type);
  return end.ec == std::errc() ? std::optional(static_cast<dns::RecordType>(type)) : std::nullopt;
}

std::optional<std::string> encode(const CachedAnswer& cached, ClockPair now) {
  const DnsAnswer& answer = *cached.answer;
  const auto type = type_of(cached.key);
  if (!type || answer.status == DnsStatus::temporary_failure || answer.stale ||
      answer.unvalidated || answer.expires <= now.mono) {
    return std::nullopt;
  }
  dns::Response response;
  response.question = {.name = answer.name, .type = *type};
  // One alias stands for all: where the records are is all that is asked of the way there.
  if (answer.canonical_name != answer.name) {
    response.answers.push_back({.owner = answer.name,
                                .type = dns::RecordType::cname,
                                .ttl = 0,
                                .data = dns::HostName{.name = answer.canonical_name}});
  }
  response.answers.insert(response.answers.end(), answer.records.begin(), answer.records.end());
  const auto message = dns::encode_response(response, dns::message_octets_max);
  if (!message) {
    return std::nullopt;
  }
  std::string out;
  out += static_cast<char>(answer.status);
  out += static_cast<char>(answer.security);
  append_i64(out, to_wall_ms(answer.expires, now));
  append_i64(out, to_wall_ms(answer.stale_until, now));
  return out + *message;
}

// The question of a message of our own making, which can't be asked for otherwise.
std::optional<dns::Question> question_of(std::string_view message) {
  if (message.size() < dns::header_octets) {
    return std::nullopt;
  }
  std::string as_query(message);
  as_query[2] = static_cast<char>(static_cast<unsigned char>(as_query[2]) & 0x7FU);  // no QR
  for (std::size_t count = 6; count < dns::header_octets; ++count) {
    as_query[count] = '\0';  // and no records, which parse_query() refuses
  }
  const auto name = dns::WireName::read(message.substr(dns::header_octets));
  if (!name) {
    return std::nullopt;
  }
  as_query.resize(std::min(as_query.size(), dns::header_octets + name->octets().size() + 4));
  auto query = dns::parse_query(as_query);
  return query ? std::optional(std::move(query->question)) : std::nullopt;
}

std::optional<CachedAnswer> decode(std::string_view record, ClockPair now) {
  if (record.size() < head_octets) {
    return std::nullopt;
  }
  const auto status = static_cast<unsigned char>(record[0]);
  const auto security = static_cast<unsigned char>(record[1]);
  const std::int64_t now_ms = unix_millis(now.wall);
  const std::int64_t expires_ms = i64_at(record, 2);
  const std::int64_t stale_until_ms = i64_at(record, 10);
  // A clock that was set back must not make an answer live longer than any may.
  constexpr std::int64_t lifetime_max_ms = 40LL * 86'400'000;
  if (status > static_cast<unsigned char>(DnsStatus::no_such_name) ||
      security > static_cast<unsigned char>(DnsSecurity::indeterminate) ||
      static_cast<DnsSecurity>(security) == DnsSecurity::bogus || expires_ms <= now_ms ||
      stale_until_ms < expires_ms || stale_until_ms > now_ms + lifetime_max_ms) {
    return std::nullopt;
  }
  const std::string_view message = record.substr(head_octets);
  auto question = question_of(message);
  if (!question) {
    return std::nullopt;
  }
  auto response = dns::parse_response(message, {.question = *question});
  if (!response) {
    return std::nullopt;
  }
  std::vector<std::string> visited{question->name};
  ChainResult chain = follow_chain(std::move(*response), visited);
  DnsAnswer answer;
  answer.status = static_cast<DnsStatus>(status);
  answer.security = static_cast<DnsSecurity>(security);
  if ((answer.status == DnsStatus::found) != (chain.end == ChainEnd::found)) {
    return std::nullopt;
  }
  answer.name = question->name;
  answer.canonical_name = std::move(chain.name);
  answer.records = std::move(chain.records);
  answer.expires = now.mono + std::chrono::milliseconds(expires_ms - now_ms);
  answer.stale_until = now.mono + std::chrono::milliseconds(stale_until_ms - now_ms);
  return CachedAnswer{.key = cache_key(question->name, question->type),
                      .answer = std::make_shared<const DnsAnswer>(std::move(answer))};
}

}  // namespace

std::vector<std::string> encode_cache(std::string_view fingerprint,
                                      const std::vector<CachedAnswer>& answers, ClockPair now) {
  std::vector<std::string> records{std::string(fingerprint)};
  for (const CachedAnswer& cached : answers) {
    if (auto record = encode(cached, now)) {
      records.push_back(std::move(*record));
    }
  }
  return records;
}

std::vector<CachedAnswer> decode_cache(std::string_view fingerprint,
                                       const std::vector<std::string>& records, ClockPair now) {
  std::vector<CachedAnswer> answers;
  if (records.empty() || records.front() != fingerprint) {
    return answers;
  }
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (auto cached = decode(records[i], now)) {
      answers.push_back(std::move(*cached));
    }
  }
  return answers;
}

}  // namespace postrider::net
