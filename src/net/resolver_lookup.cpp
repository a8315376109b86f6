#include "resolver_lookup.hpp"

#include "dns_chain.hpp"

#include <algorithm>
#include <utility>

namespace postrider::net {

namespace {

using ResponseResult = Result<dns::Response, ExchangeError>;

// A round in which all servers refused at once is not followed by the next at once: a server that
// restarts needs a moment.
constexpr Duration round_min = std::chrono::milliseconds(500);

bool is_answer(const dns::Response& response) {
  return (response.code == dns::ResponseCode::no_error ||
          response.code == dns::ResponseCode::no_such_name) &&
         !is_referral(response);
}

bool may_be_for_edns(const dns::Response& response) {
  return response.code == dns::ResponseCode::format_error ||
         response.code == dns::ResponseCode::not_implemented ||
         response.code == dns::ResponseCode::bad_version;
}

std::string complaint(const dns::Response& response, const SocketAddress& server) {
  return (is_referral(response) ? "a referral instead of an answer" : describe(response.code)) +
         " from " + server.text();
}

// One server, with EDNS unless it is known to choke on it (RFC 6891 7).
engine::Task<ResponseResult> ask_server(ResolverShared& shared, const dns::Question& question,
                                        std::size_t server, engine::CancelToken cancel) {
  ExchangeOptions options{.server = shared.servers.address(server),
                          .edns = shared.servers.takes_edns(server, shared.reactor.now()),
                          .timeout = shared.settings.query_timeout,
                          .cancel = cancel};
  auto response = co_await exchange(shared.reactor, question, options, shared.exchanges);
  if (!response || !options.edns || !may_be_for_edns(*response)) {
    co_return response;
  }
  options.edns = false;
  auto plain = co_await exchange(shared.reactor, question, options, shared.exchanges);
  if (plain && !may_be_for_edns(*plain)) {
    shared.servers.on_edns_refused(server, shared.reactor.now());
  }
  co_return plain;
}

// Keeps the servers' record. Out: whether the server has had its say in this lookup.
bool note(ResolverShared& shared, std::size_t server, const ResponseResult& response) {
  if (response) {
    shared.servers.on_answer(server);
    return true;
  }
  switch (response.error().kind) {
    case ExchangeFailure::silent:
      ++shared.timeouts;
      shared.servers.on_silence(server, shared.reactor.now());
      return false;
    case ExchangeFailure::unreachable:
      shared.servers.on_unreachable(server, shared.reactor.now());
      return false;
    case ExchangeFailure::unusable:
    case ExchangeFailure::cancelled:
      return true;
  }
  return true;
}

// A response that is_answer(), or why there is none. A server that said SERVFAIL, REFUSED or
// nonsense is not asked again; one that said nothing is, in the next round.
engine::Task<ResponseResult> ask_servers(ResolverShared& shared, const dns::Question& question,
                                         engine::Until until) {
  std::vector<bool> heard(shared.servers.count(), false);
  ExchangeError last{.kind = ExchangeFailure::silent, .reason = "no time left to ask"};
  for (std::uint32_t round = 0; round < shared.settings.rounds; ++round) {
    const MonoTime began = shared.reactor.now();
    for (const std::size_t server : shared.servers.in_order(began)) {
      if (heard[server]) {
        continue;
      }
      if (until.cancel.is_cancelled() || shared.reactor.now() >= until.deadline) {
        co_return failure(std::move(last));
      }
      auto response = co_await ask_server(shared, question, server, until.cancel);
      heard[server] = note(shared, server, response);
      if (response && is_answer(*response)) {
        co_return std::move(*response);
      }
      last = response
                 ? ExchangeError{.kind = ExchangeFailure::unusable,
                                 .reason = complaint(*response, shared.servers.address(server))}
                 : std::move(response.error());
    }
    if (std::ranges::find(heard, false) == heard.end()) {
      break;
    }
    if (shared.reactor.now() < began + round_min && round + 1 < shared.settings.rounds) {
      (void)co_await shared.reactor.sleep({began + round_min, until.cancel});  // seen above
    }
  }
  co_return failure(std::move(last));
}

DnsStatus status_of(ChainEnd end) {
  switch (end) {
    case ChainEnd::found:
      return DnsStatus::found;
    case ChainEnd::no_data:
      return DnsStatus::no_data;
    case ChainEnd::no_such_name:
      return DnsStatus::no_such_name;
    case ChainEnd::incomplete:
    case ChainEnd::broken:
      break;
  }
  return DnsStatus::temporary_failure;
}

MonoTime expiry(const ResolverShared& shared, const ChainResult& chain, std::uint32_t ttl_s) {
  const ResolverSettings& settings = shared.settings;
  const MonoTime now = shared.reactor.now();
  if (chain.end == ChainEnd::broken) {
    return now + settings.failure_ttl;
  }
  if (!chain.cacheable) {
    return now;
  }
  const Duration most = chain.end == ChainEnd::found ? settings.ttl_max : settings.negative_ttl_max;
  const Duration ttl = std::chrono::seconds(ttl_s);
  return now + std::min(std::max(ttl, settings.ttl_min), most);
}

DnsAnswer to_answer(const ResolverShared& shared, ChainResult chain, std::string name,
                    std::uint32_t ttl_s) {
  DnsAnswer answer;
  answer.status = status_of(chain.end);
  answer.name = std::move(name);
  answer.expires = expiry(shared, chain, ttl_s);
  answer.canonical_name = std::move(chain.name);
  answer.records = std::move(chain.records);
  answer.reason = std::move(chain.reason);
  return answer;
}

}  // namespace

std::string cache_key(std::string_view name, dns::RecordType type) {
  return std::to_string(static_cast<unsigned>(type)) + ' ' + std::string(name);
}

DnsAnswer temporary_failure(std::string name, std::string reason) {
  DnsAnswer answer;
  answer.canonical_name = name;
  answer.name = std::move(name);
  answer.reason = std::move(reason);
  return answer;
}

engine::Task<DnsAnswer> resolve(ResolverShared& shared, dns::Question question,
                                engine::Until until) {
  const std::string name = question.name;
  std::vector<std::string> visited{name};
  std::uint32_t ttl_s = std::numeric_limits<std::uint32_t>::max();
  while (true) {
    auto response = co_await ask_servers(shared, question, until);
    if (!response) {
      DnsAnswer answer = temporary_failure(name, std::move(response.error().reason));
      const bool ours = response.error().kind == ExchangeFailure::cancelled;
      answer.expires = shared.reactor.now() + (ours ? Duration{} : shared.settings.failure_ttl);
      co_return answer;
    }
    ChainResult chain = follow_chain(std::move(*response), visited);
    ttl_s = std::min(ttl_s, chain.ttl_s);
    // Bounded: each turn adds a name to `visited`, and follow_chain() bounds those.
    if (chain.end != ChainEnd::incomplete) {
      co_return to_answer(shared, std::move(chain), name, ttl_s);
    }
    question.name = chain.name;
  }
}

}  // namespace postrider::net
