#include "resolver_lookup.hpp"

#include "dns_ask.hpp"
#include "dns_chain.hpp"
#include "dns_validation.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::net {

namespace {

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
  answer.stale_until =
      answer.expires + (answer.status == DnsStatus::found && answer.expires > shared.reactor.now()
                            ? shared.settings.stale_max
                            : Duration{});
  answer.canonical_name = std::move(chain.name);
  answer.records = std::move(chain.records);
  answer.reason = std::move(chain.reason);
  return answer;
}

DnsAnswer bogus_answer(const ResolverShared& shared, std::string name, std::string reason) {
  DnsAnswer answer = temporary_failure(std::move(name), "DNSSEC: " + std::move(reason));
  answer.security = DnsSecurity::bogus;
  answer.expires = shared.reactor.now() + std::chrono::seconds(dns::dnssec_limits::bogus_ttl_s);
  answer.stale_until = answer.expires;
  return answer;
}

// Believes an answer as far as its proof reaches.
DnsAnswer judged(const ResolverShared& shared, DnsAnswer answer, const dns::Verdict& verdict) {
  if (answer.status == DnsStatus::temporary_failure) {
    return answer;  // a chain that does not end: nothing was claimed
  }
  const MonoTime now = shared.reactor.now();
  const std::int64_t now_s = unix_seconds(shared.reactor.wall_now());
  const auto from_now = [&](std::int64_t at_s) {
    constexpr std::int64_t far_s = 30 * 86'400;
    return now + std::chrono::seconds(std::clamp<std::int64_t>(at_s - now_s, 0, far_s));
  };
  if (verdict.security == DnsSecurity::indeterminate && verdict.lookup_failed) {
    DnsAnswer failed =
        temporary_failure(std::move(answer.name), "DNSSEC: " + std::string(verdict.reason));
    failed.expires = now + shared.settings.failure_ttl;
    failed.stale_until = failed.expires;
    return failed;
  }
  answer.security = verdict.security;
  if (answer.reason.empty()) {
    answer.reason = verdict.reason;
  }
  answer.expires = std::min(answer.expires,
                            std::max(from_now(verdict.expires_s), now + shared.settings.ttl_min));
  answer.stale_until = std::min(answer.stale_until, from_now(verdict.signed_until_s));
  return answer;
}

// A server that validates answers SERVFAIL to what is bogus, and gives it to who asks not to check
// (RFC 4035 3.2.2): then it is no outage.
engine::Task<bool> is_bogus_there(ResolverShared& shared, dns::Question question,
                                  engine::Until until) {
  const auto unchecked =
      co_await ask_servers(shared, std::move(question), {.checking_disabled = true}, until);
  co_return unchecked.has_value();
}

engine::Task<Resolved> give_up(ResolverShared& shared, dns::Question question, std::string name,
                               AskError error, engine::Until until) {
  if (error.server_failure && shared.settings.dnssec == DnssecMode::trust_ad &&
      co_await is_bogus_there(shared, std::move(question), until)) {
    co_return Resolved{.answer = bogus_answer(shared, std::move(name),
                                              "the resolver finds it bogus (" + error.reason +
                                                  ", and an answer when told not to check)")};
  }
  Resolved resolved{.answer = temporary_failure(std::move(name), std::move(error.reason)),
                    .servers_down = error.servers_down};
  resolved.answer.expires =
      shared.reactor.now() + (error.cancelled ? Duration{} : shared.settings.failure_ttl);
  resolved.answer.stale_until = resolved.answer.expires;
  co_return resolved;
}

// The judgement of one lookup, over all responses that it takes.
class Judgement {
 public:
  Judgement(ResolverShared& shared, bool is_first)
      : mode_(shared.settings.dnssec), stripped_why_(shared.path.status.why) {
    if (shared.validates()) {
      validator_.emplace(
          shared.settings.trust_anchors, shared.trust, unix_seconds(shared.reactor.wall_now()),
          is_first ? dns::Validator::Known::all : dns::Validator::Known::unless_bogus);
    }
  }
  dns::Validator* validator() { return validator_ ? &*validator_ : nullptr; }
  [[nodiscard]] unsigned signature_checks() const {
    return validator_ ? validator_->effort().signature_checks : 0;
  }
  [[nodiscard]] bool is_unvalidated() const { return mode_ == DnssecMode::validate && !validator_; }
  void note(const dns::Response& response) { all_ad_ &= response.authenticated_data; }

  [[nodiscard]] dns::Verdict verdict() const {
    if (validator_) {
      return validator_->verdict();
    }
    constexpr std::int64_t unbounded_s = std::numeric_limits<std::int64_t>::max() / 2;
    const bool trusts = mode_ == DnssecMode::trust_ad;
    return {.security = !trusts   ? DnsSecurity::indeterminate
                        : all_ad_ ? DnsSecurity::secure
                                  : DnsSecurity::insecure,
            .reason = is_unvalidated()     ? "not validated: " + stripped_why_
                      : trusts && !all_ad_ ? "the resolver does not say that it is authentic"
                                           : "",
            .expires_s = unbounded_s,
            .signed_until_s = unbounded_s};
  }

 private:
  DnssecMode mode_;
  std::string stripped_why_;
  bool all_ad_ = true;
  std::optional<dns::Validator> validator_;
};

// What came of asking some of the servers.
struct Attempt {
  Resolved resolved;
  std::size_t server = 0;  // of bogus: that gave what is
  unsigned signature_checks = 0;
  [[nodiscard]] bool is_bogus() const { return resolved.answer.security == DnsSecurity::bogus; }
};

engine::Task<Attempt> attempt(std::shared_ptr<ResolverShared> shared, dns::Question question,
                              std::vector<std::size_t> without, engine::Until until) {
  const std::string name = question.name;
  std::vector<std::string> visited{name};
  std::uint32_t ttl_s = std::numeric_limits<std::uint32_t>::max();
  Judgement judgement(*shared, without.empty());
  const bool validates = judgement.validator() != nullptr;
  while (true) {
    auto asked = co_await ask_servers(
        *shared, question,
        {.checking_disabled = validates, .dnssec_ok = validates, .without = without}, until);
    if (!asked) {
      co_return Attempt{.resolved = co_await give_up(*shared, std::move(question), name,
                                                     std::move(asked.error()), until)};
    }
    judgement.note(asked->response);
    const std::size_t first = visited.size() - 1;
    dns::Evidence evidence = std::move(asked->response.evidence);
    ChainResult chain = follow_chain(std::move(asked->response), visited);
    if (dns::Validator* validator = judgement.validator()) {
      validator->begin(std::move(evidence), claims_of(chain, visited, first, question.type));
      co_await validate(shared, *validator, without, until);
      if (validator->verdict().security == DnsSecurity::bogus) {
        co_return Attempt{
            .resolved = {.answer = bogus_answer(*shared, name, validator->verdict().reason)},
            .server = asked->server,
            .signature_checks = judgement.signature_checks()};
      }
    }
    ttl_s = std::min(ttl_s, chain.ttl_s);
    // Bounded: each turn adds a name to `visited`, and follow_chain() bounds those.
    if (chain.end != ChainEnd::incomplete) {
      const dns::Verdict verdict = judgement.verdict();
      DnsAnswer answer =
          judged(*shared, to_answer(*shared, std::move(chain), name, ttl_s), verdict);
      answer.unvalidated = judgement.is_unvalidated();
      co_return Attempt{
          .resolved = {.answer = std::move(answer), .servers_down = verdict.lookup_failed},
          .signature_checks = judgement.signature_checks()};
    }
    question.name = chain.name;
  }
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

// A server that lies, or passes on what somebody has changed on the way to it, must not be able to
// stop mail as long as another tells the truth.
engine::Task<Resolved> resolve(std::shared_ptr<ResolverShared> shared, dns::Question question,
                               engine::Until until) {
  Attempt first = co_await attempt(shared, question, {}, until);
  unsigned checks = first.signature_checks;
  std::vector<std::size_t> liars;
  const std::size_t servers = std::min(shared->servers.count(), dns::dnssec_limits::bogus_servers);
  Attempt last{.resolved = {}, .server = first.server};
  bool is_bogus = first.is_bogus();
  while (is_bogus && liars.size() + 1 < servers && shared->validates() &&
         checks <= dns::dnssec_limits::signature_checks / 2) {
    liars.push_back(last.server);
    last = co_await attempt(shared, question, liars, until);
    checks += last.signature_checks;
    is_bogus = last.is_bogus();
  }
  shared->signature_checks += checks;
  if (liars.empty()) {
    shared->bogus += first.is_bogus() ? 1 : 0;
    co_return std::move(first.resolved);
  }
  if (is_bogus || last.resolved.answer.status == DnsStatus::temporary_failure) {
    ++shared->bogus;
    co_return std::move(first.resolved);  // nobody knows better
  }
  ++shared->rescued;
  for (const std::size_t liar : liars) {
    shared->servers.on_lie(liar, shared->reactor.now());
  }
  shared->trust.forget_bogus();  // that may have been its work as well
  co_return std::move(last.resolved);
}

}  // namespace postrider::net
