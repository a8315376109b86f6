#include "dnssec_path.hpp"

#include "dns_ask.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/dns/message.hpp>

namespace postrider::net {

namespace {

using dns::RecordType;
using dns::ResponseCode;
using ResponseResult = Result<dns::Response, ExchangeError>;

// A lookup that fails has the path checked, but not more often than that: zones that are broken
// themselves are many.
constexpr Duration between_checks = std::chrono::seconds(30);
constexpr Duration between_vain_checks = std::chrono::seconds(2);  // when nobody answered
constexpr Duration check_time_max = std::chrono::seconds(30);
// What is amiss is to be seen mended soon.
constexpr Duration amiss_interval_max = std::chrono::minutes(1);

struct Finding {
  DnssecPath path = DnssecPath::unknown;
  std::string why;  // what is amiss
};

bool has_signed(const std::vector<dns::RrSet>& sets, RecordType type) {
  return std::ranges::any_of(
      sets, [type](const dns::RrSet& set) { return set.type == type && !set.signatures.empty(); });
}

bool has_signed_denial(const dns::Evidence& evidence) {
  return has_signed(evidence.authorities, RecordType::nsec) ||
         has_signed(evidence.authorities, RecordType::nsec3);
}

engine::Task<ResponseResult> ask_one(ResolverShared& shared, std::size_t server,
                                     dns::Question question, bool dnssec_ok) {
  const ExchangeOptions options{.server = shared.servers.address(server),
                                .edns = dnssec_ok,
                                .dnssec_ok = dnssec_ok,
                                .checking_disabled = dnssec_ok,
                                .timeout = shared.settings.query_timeout,
                                .cancel = shared.stop.token()};
  auto response = co_await exchange(shared.reactor, question, options, shared.exchanges);
  if (!response && response.error().kind == ExchangeFailure::silent) {
    response = co_await exchange(shared.reactor, question, options, shared.exchanges);  // lost
  }
  co_return response;
}

// An answer that says something of the server's abilities: silence and SERVFAIL may be those of
// the network behind it.
bool is_telling(const ResponseResult& response) {
  return response && response->code != ResponseCode::server_failure;
}

std::string said(const ResponseResult& response) {
  return response ? dns::describe(response->code) : response.error().reason;
}

// Whether the keys hold, apart from what is known already. Empty: they do.
engine::Task<std::string> why_untrusted(ResolverShared& shared, dns::Question question,
                                        dns::Evidence keys) {
  dns::TrustCache nothing_known(1);
  dns::Validator validator(shared.settings.trust_anchors, nothing_known,
                           unix_seconds(shared.reactor.wall_now()));
  validator.begin(keys, {{dns::Claim::Kind::exists, question.name, question.type}});
  while (true) {
    co_await shared.reactor.heavy_step();
    const dns::Validator::Step step = validator.advance();
    if (step.kind == dns::Validator::Step::Kind::done) {
      break;
    }
    if (step.kind == dns::Validator::Step::Kind::need) {
      if (step.need == question) {
        validator.on_evidence(step.need, keys);
      } else {
        validator.on_failure(step.need, "not asked for");
      }
    }
  }
  co_return validator.verdict().security == DnsSecurity::bogus ? validator.verdict().reason : "";
}

engine::Task<Finding> look_at(ResolverShared& shared, std::size_t server, std::string zone) {
  const dns::Question keys{.name = zone, .type = RecordType::dnskey};
  ResponseResult with_keys = co_await ask_one(shared, server, keys, true);
  if (!is_telling(with_keys)) {
    // Is it the question, or are all? Of what a cache always holds, without EDNS.
    const dns::Question simple{.name = zone, .type = RecordType::ns};
    const ResponseResult plain = co_await ask_one(shared, server, simple, false);
    if (!is_telling(plain)) {
      co_return Finding{.why = "no answer"};
    }
    with_keys = co_await ask_one(shared, server, keys, true);  // it was lost, after all?
  }
  if (!is_telling(with_keys)) {
    if (!with_keys) {
      shared.servers.on_edns_refused(server, shared.reactor.now());  // by silence
    }
    co_return Finding{DnssecPath::stripped,
                      "does not answer DNSSEC queries (" + said(with_keys) + ")"};
  }
  if (!has_signed(with_keys->evidence.answers, RecordType::dnskey)) {
    co_return Finding{DnssecPath::stripped,
                      with_keys->code == ResponseCode::no_error
                          ? "hands no signatures on"
                          : "does not answer DNSSEC queries (" + said(with_keys) + ")"};
  }
  // The zone of an anchor receives no mail as a rule; if it does, the answer is signed.
  const dns::Question absent{.name = zone, .type = RecordType::mx};
  const ResponseResult denial = co_await ask_one(shared, server, absent, true);
  if (!is_telling(denial)) {
    co_return Finding{.why = "no answer"};
  }
  if (!has_signed_denial(denial->evidence) &&
      !has_signed(denial->evidence.answers, RecordType::mx)) {
    co_return Finding{DnssecPath::stripped, "hands no proofs of absence on"};
  }
  std::string why = co_await why_untrusted(shared, keys, with_keys->evidence);
  co_return Finding{why.empty() ? DnssecPath::whole : DnssecPath::untrusted, std::move(why)};
}

DnssecStatus judge(const ResolverShared& shared, const std::vector<Finding>& findings) {
  const auto has = [&](DnssecPath path) {
    return std::ranges::find(findings, path, &Finding::path) != findings.end();
  };
  DnssecStatus status;
  for (const DnssecPath path : {DnssecPath::whole, DnssecPath::untrusted, DnssecPath::stripped}) {
    if (has(path)) {
      status.path = path;
      break;
    }
  }
  for (std::size_t server = 0; server < findings.size(); ++server) {
    const Finding& finding = findings[server];
    // Who is silent now and then is no news; who strips or lies is, though another does not.
    if (finding.path == DnssecPath::stripped || finding.path == DnssecPath::untrusted) {
      status.why += (status.why.empty() ? "" : "; ") + shared.servers.address(server).text() +
                    (finding.path == DnssecPath::untrusted ? ": " : " ") + finding.why;
    }
  }
  return status;
}

void settle(ResolverShared& shared, DnssecStatus status) {
  PathWatch& watch = shared.path;
  if (status.path == DnssecPath::unknown || status == watch.status) {
    return;  // an outage says nothing new
  }
  if (status.path == DnssecPath::stripped || watch.status.path == DnssecPath::stripped) {
    shared.trust.forget_bogus();  // and is looked into anew when the path is whole
  }
  watch.status = std::move(status);
  if (shared.settings.on_dnssec_status) {
    shared.settings.on_dnssec_status(watch.status);
  }
}

// In the reactor's care: who waits for it may give up.
engine::Task<void> run_check(std::shared_ptr<ResolverShared> shared) {
  const dns::WireName* zone = shared->settings.trust_anchors.highest();
  std::vector<Finding> findings;
  for (std::size_t server = 0; zone != nullptr && server < shared->servers.count(); ++server) {
    findings.push_back(co_await look_at(*shared, server, zone->text()));
    if (shared->stop.token().is_cancelled()) {
      co_return;
    }
    const DnssecPath path = findings.back().path;
    if (path != DnssecPath::unknown) {
      shared->servers.on_stripping(server, path == DnssecPath::stripped);
    }
    zone = shared->settings.trust_anchors.highest();  // they may have been replaced meanwhile
  }
  DnssecStatus status = judge(*shared, findings);
  PathWatch& watch = shared->path;
  watch.checked = shared->reactor.now();
  watch.was_conclusive = status.path != DnssecPath::unknown;
  settle(*shared, std::move(status));
  watch.is_checking = false;
  watch.ended.pulse();
}

}  // namespace

std::string_view describe(DnssecPath path) {
  switch (path) {
    case DnssecPath::unknown:
      return "unknown";
    case DnssecPath::whole:
      return "whole";
    case DnssecPath::stripped:
      return "stripped";
    case DnssecPath::untrusted:
      return "untrusted";
  }
  return "unknown";
}

bool ResolverShared::validates() const {
  return settings.dnssec == DnssecMode::validate &&
         !(settings.may_go_unvalidated && path.status.path == DnssecPath::stripped);
}

engine::Task<void> check_path(std::shared_ptr<ResolverShared> shared, engine::Until until) {
  PathWatch& watch = shared->path;
  if (!watch.is_checking) {
    watch.is_checking = true;
    shared->reactor.spawn(run_check(shared));
  }
  (void)co_await watch.ended.wait(until);  // what is known by then counts
}

engine::Task<bool> is_path_stripped(std::shared_ptr<ResolverShared> shared, engine::Until until) {
  const ResolverSettings& settings = shared->settings;
  if (settings.path_check_interval == Duration{} || !settings.may_go_unvalidated) {
    co_return false;
  }
  const PathWatch& watch = shared->path;
  const Duration pause = watch.was_conclusive ? between_checks : between_vain_checks;
  if (watch.is_checking || watch.checked == MonoTime{} ||
      shared->reactor.now() >= watch.checked + pause) {
    co_await check_path(shared, until);
  }
  co_return watch.status.path == DnssecPath::stripped;
}

engine::Task<void> watch_path(std::shared_ptr<ResolverShared> shared) {
  while (true) {
    co_await check_path(shared, {shared->reactor.now() + check_time_max, shared->stop.token()});
    const bool is_well = shared->path.status.path == DnssecPath::whole;
    const Duration pause = is_well
                               ? shared->settings.path_check_interval
                               : std::min(shared->settings.path_check_interval, amiss_interval_max);
    if (co_await shared->reactor.sleep_for(pause, shared->stop.token()) !=
        engine::WaitEnd::elapsed) {
      co_return;
    }
  }
}

}  // namespace postrider::net
