#include "dns_ask.hpp"

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

// One server, with EDNS unless it is known to choke on it (RFC 6891 7). Without EDNS there are no
// signatures: who wants them does not fall back (RFC 3225 3).
engine::Task<ResponseResult> ask_server(ResolverShared& shared, const dns::Question& question,
                                        std::size_t server, const AskOptions& ask,
                                        engine::CancelToken cancel) {
  ExchangeOptions options{
      .server = shared.servers.address(server),
      .edns = ask.dnssec_ok || shared.servers.takes_edns(server, shared.reactor.now()),
      .dnssec_ok = ask.dnssec_ok,
      .checking_disabled = ask.checking_disabled,
      .authenticated_data = shared.settings.dnssec == DnssecMode::trust_ad,
      .timeout = shared.settings.query_timeout,
      .cancel = cancel};
  auto response = co_await exchange(shared.reactor, question, options, shared.exchanges);
  if (!response || !options.edns || ask.dnssec_ok || !may_be_for_edns(*response)) {
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

AskError why_none(ResponseResult response, const SocketAddress& server) {
  if (response) {
    return {.reason = complaint(*response, server),
            .server_failure = response->code == dns::ResponseCode::server_failure};
  }
  return {.reason = std::move(response.error().reason),
          .cancelled = response.error().kind == ExchangeFailure::cancelled};
}

}  // namespace

// A server that said SERVFAIL, REFUSED or nonsense is not asked again; one that said nothing is, in
// the next round.
engine::Task<AskResult> ask_servers(ResolverShared& shared, dns::Question question,
                                    AskOptions options, engine::Until until) {
  std::vector<bool> heard(shared.servers.count(), false);
  for (const std::size_t server : options.without) {
    heard[server] = true;
  }
  bool anyone_spoke = false;
  AskError last{.reason = "no time left to ask"};
  for (std::uint32_t round = 0; round < shared.settings.rounds; ++round) {
    const MonoTime began = shared.reactor.now();
    for (const std::size_t server : shared.servers.in_order(began)) {
      if (heard[server]) {
        continue;
      }
      if (until.cancel.is_cancelled() || shared.reactor.now() >= until.deadline) {
        co_return failure(std::move(last));
      }
      auto response = co_await ask_server(shared, question, server, options, until.cancel);
      heard[server] = note(shared, server, response);
      anyone_spoke |= heard[server];
      if (response && is_answer(*response)) {
        co_return Asked{std::move(*response), server};
      }
      last = why_none(std::move(response), shared.servers.address(server));
      last.servers_down = !anyone_spoke;
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

}  // namespace postrider::net
