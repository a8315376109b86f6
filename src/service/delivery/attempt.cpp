#include "attempt.hpp"

#include "transaction.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>

namespace postrider::delivery {

namespace {

using Kind = smtp::RecipientOutcome::Kind;
using End = AttemptResult::End;

constexpr std::size_t reply_text_max = 512;  // store::LastReply

bool names_ipv6(std::string_view text) {
  const std::string lower = to_lower(text);
  return lower.find("ipv6") != std::string::npos || lower.find("ptr record") != std::string::npos;
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

Attempt::Attempt(AttemptDoors doors, const Item& item, SourceAddresses source,
                 std::shared_ptr<JournalRide> journal)
    : doors_(doors),
      item_(item),
      source_(std::move(source)),
      journal_(std::move(journal)),
      began_(doors.reactor.now()) {
  result_.verdicts.resize(item.destination().recipients.size());
  refusals_.resize(result_.verdicts.size());
}

engine::Task<AttemptResult> Attempt::run(std::unique_ptr<ClientConnection>& held,
                                         engine::CancelToken cancel) {
  kill_point("delivery.attempt_begun");
  Next next = Next::another_host;
  if (held) {
    // A connection that died while it was idle says nothing about the host.
    next = co_await use(held, cancel);
  }
  if (next == Next::another_host) {
    co_await walk(held, cancel);
  }
  kill_point("delivery.attempt_ended");
  co_return std::move(result_);
}

engine::Task<void> Attempt::walk(std::unique_ptr<ClientConnection>& held,
                                 engine::CancelToken cancel) {
  const DeliverySettings& settings = doors_.settings;
  HostWalk hosts({doors_.reactor,
                  doors_.resolver,
                  doors_.memory,
                  doors_.families_refused,
                  {settings.ipv4, settings.ipv6},
                  settings.dns_timeout,
                  settings.connect_timeout},
                 item_.target);
  while (tried_ < settings.hosts_max) {
    const bool has_time = doors_.reactor.now() - began_ < settings.hosts_budget;
    const auto candidate = tried_ == 0 || has_time ? co_await hosts.next(cancel) : std::nullopt;
    if (!candidate) {
      break;
    }
    if (family_refused_ == candidate->address.ip.family()) {
      continue;
    }
    held = co_await connect(hosts, *candidate, cancel);
    if (cancel.is_cancelled() && !held) {
      result_.end = End::interrupted;
      co_return;
    }
    if (held && co_await use(held, cancel) != Next::another_host) {
      take_refusals();
      co_return;
    }
  }
  if (cancel.is_cancelled()) {
    result_.end = End::interrupted;
    co_return;
  }
  take_refusals();
  const bool is_permanent = last_failure_ && all_refused_for_good_ && !hosts.is_dns_temporary();
  if (!last_failure_) {
    const std::string problem =
        hosts.dns_problem().empty() ? "no host could be tried" : hosts.dns_problem();
    last_failure_ = last_reply({0, hosts.dns_code(), problem}, true, "");
  }
  defer_open(*last_failure_, is_permanent ? Verdict::Kind::failed : Verdict::Kind::deferred);
  result_.end = was_used_ ? End::done : End::unreached;
}

// To the candidate, or to another address of the same host if that one is there first.
engine::Task<std::unique_ptr<ClientConnection>> Attempt::connect(HostWalk& hosts,
                                                                 Candidate candidate,
                                                                 engine::CancelToken cancel) {
  // Before a host that must not be used hears of us.
  auto plan =
      co_await plan_host_tls(doors_.resolver, *item_.target, candidate.host, candidate.address.port,
                             {doors_.reactor.now() + doors_.settings.dns_timeout, cancel});
  if (!plan) {
    if (!cancel.is_cancelled()) {
      refuse_host(hosts, candidate, plan.error());
    }
    co_return nullptr;
  }
  std::vector<Candidate> candidates = hosts.rest_of(candidate);
  candidates.insert(candidates.begin(), std::move(candidate));
  std::erase_if(candidates, [this](const Candidate& other) {
    return family_refused_ == other.address.ip.family();
  });
  candidates.resize(std::min<std::size_t>(candidates.size(), doors_.settings.hosts_max - tried_));
  RaceOrder order{{}, doors_.settings.connect_timeout};
  for (const Candidate& each : candidates) {
    order.to.push_back({each.address, source_.of(each.address.ip.family())});
  }
  const MonoTime began = doors_.reactor.now();
  RaceResult race = co_await race_connects(doors_.reactor, std::move(order), cancel);
  result_.duration.connect =
      std::max(result_.duration.connect, 0.0) + milliseconds(doors_.reactor.now() - began);
  judge_runners(candidates, race, hosts);
  if (!race.stream) {
    co_return nullptr;
  }
  const Candidate& winner = candidates[race.winner];
  OpenRequest request{winner, item_.target, source_.of(winner.address.ip.family())};
  request.tls = *std::move(plan);
  request.stream = std::move(race.stream);
  co_return co_await open(std::move(request), cancel);
}

// What the race says of those that did not win it.
void Attempt::judge_runners(const std::vector<Candidate>& candidates, const RaceResult& race,
                            HostWalk& hosts) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const RaceResult::Runner& runner = race.runners[i];
    const bool has_won = race.stream && race.winner == i;
    if (!runner.begun) {
      continue;
    }
    if (has_won || runner.error) {
      ++tried_;
      hosts.drop(candidates[i].address);
    }
    if (runner.error) {
      on_open_failed(candidates[i], connect_failure(candidates[i], *runner.error));
    } else if (!has_won && race.stream && i < race.winner) {
      // RFC 8305 5: overtaken in spite of its start. Nobody waits for it again for a while.
      avoid(candidates[i].address);
    }
  }
}

// None of its addresses is better than the others.
void Attempt::refuse_host(HostWalk& hosts, const Candidate& candidate, const TlsObjection& why) {
  ++tried_;
  for (const Candidate& other : hosts.rest_of(candidate)) {
    hosts.drop(other.address);
  }
  OpenFailure refused = objected(why);
  refused.remote = remote_name(candidate);
  OpenRequest request{candidate, item_.target, std::nullopt};
  request.tls.report_as = why.report_as;
  note_tls(request, failure(refused));
  on_open_failed(candidate, refused);
}

engine::Task<std::unique_ptr<ClientConnection>> Attempt::open(OpenRequest request,
                                                              engine::CancelToken cancel) {
  const Candidate candidate = request.candidate;
  const bool may_be_plain = !request.tls.is_mandatory;
  request.plain =
      may_be_plain && doors_.memory.has_broken_tls(candidate.address, doors_.reactor.now());
  OpenRequest again = request.again();
  auto opened = co_await try_open(std::move(request), cancel);
  if (!opened && opened.error().tls_broken && may_be_plain && !again.plain) {
    // RFC 7435 4: what can't be encrypted goes in the clear, where nobody asked for more.
    doors_.memory.on_broken_tls(candidate.address,
                                doors_.reactor.now() + doors_.settings.plain_memory);
    again.plain = true;
    opened = co_await try_open(std::move(again), cancel);
  }
  if (opened) {
    kill_point("delivery.connected");
    doors_.memory.on_worked(candidate.address);
    opened->client->served = Counted(doors_.served);
    co_return std::move(opened->client);
  }
  on_open_failed(candidate, opened.error());
  co_return nullptr;
}

void Attempt::on_open_failed(const Candidate& candidate, const OpenFailure& failure) {
  if (failure.was_cancelled) {
    return;
  }
  if (!failure.is_policy) {
    avoid(candidate.address);
  }
  if (failure.is_address_refused) {
    const MonoTime now = doors_.reactor.now();
    doors_.families_refused.on_refused(item_.target->site, candidate.address.ip.family(), now,
                                       now + doors_.settings.family_memory);
  }
  all_refused_for_good_ &= failure.is_permanent;
  result_.is_busy = failure.is_busy;
  result_.is_policy = failure.is_policy;
  result_.remote = failure.remote;
  last_failure_ = last_reply(failure.reply, failure.own, failure.remote);
}

void Attempt::avoid(const SocketAddress& host) {
  doors_.memory.on_failed(host, doors_.reactor.now() + demotion_time(doors_.settings));
}

// Nobody else has answered for them: the refusal stands.
void Attempt::take_refusals() {
  for (std::size_t i = 0; i < refusals_.size(); ++i) {
    if (refusals_[i] && !result_.verdicts[i]) {
      result_.verdicts[i] = std::move(refusals_[i]);
    }
  }
}

engine::Task<Result<Opening, OpenFailure>> Attempt::try_open(OpenRequest request,
                                                             engine::CancelToken cancel) {
  const OpenDoors doors{doors_.reactor,      doors_.settings, doors_.tls,
                        doors_.tls_verified, doors_.anchors,  doors_.resumptions};
  const OpenRequest facts = request.again();
  auto opened = co_await open_connection(doors, std::move(request), result_.duration, cancel);
  if (!opened && opened.error().was_resuming && !cancel.is_cancelled()) {
    // A server may have lost what the old session stands on: it is asked for a new one.
    OpenRequest without = facts.again();
    without.may_resume = false;
    opened = co_await open_connection(doors, std::move(without), result_.duration, cancel);
  }
  note_tls(facts, opened);
  co_return opened;
}

// Transactions until nobody is left who has not been asked here.
engine::Task<Attempt::Next> Attempt::use(std::unique_ptr<ClientConnection>& held,
                                         engine::CancelToken cancel) {
  const MonoTime began = doors_.reactor.now();
  result_.remote = held->remote;
  result_.tls = held->tls;
  result_.source = held->source;
  Next next = Next::finished;
  while (next == Next::finished) {
    const flow::ReturnRule* const rule =
        doors_.own == nullptr ? nullptr : doors_.own->rule_for(item_.envelope->reverse_path);
    const bool is_one_each = rule != nullptr && !rule->address.empty();
    const auto asked =
        open_recipients(is_one_each ? 1 : doors_.settings.recipients_per_transaction);
    if (asked.empty()) {
      break;
    }
    const bool was_reused = held->transactions > 0;
    const TransactionResult transaction =
        co_await run_transaction(*held, order_for(asked, rule), cancel);
    take_outcomes(*held, asked, transaction.outcomes);
    if (family_refused_ == held->address.ip.family() &&
        transaction.end == TransactionEnd::answered) {
      was_used_ = true;
      next = Next::another_host;
      continue;
    }
    if (transaction.end == TransactionEnd::broken) {
      was_used_ |= !was_reused;
      if ((transaction.maybe_taken || !was_reused) && !cancel.is_cancelled()) {
        // A host that breaks off is asked last for a while: else a message that it may have taken
        // goes to it again at each attempt, though another host would take it once.
        const DeliverySettings& settings = doors_.settings;
        doors_.memory.on_failed(
            held->address,
            doors_.reactor.now() +
                (transaction.maybe_taken ? settings.doubt_memory : demotion_time(settings)));
      }
      next = on_broken(*held, transaction.maybe_taken, asked, cancel);
    } else if (transaction.end != TransactionEnd::answered) {
      result_.end =
          transaction.end == TransactionEnd::unreadable ? End::unreadable : End::no_journal;
      result_.store_error = transaction.store_error;
      next = Next::stopped;
    } else {
      was_used_ = true;
    }
  }
  result_.duration.transaction =
      std::max(result_.duration.transaction, 0.0) + milliseconds(doors_.reactor.now() - began);
  if (next != Next::finished) {
    held->connection.abort();
    held.reset();
  }
  co_return next;
}

// What comes back to the address that it is sent from says which message and recipient it is about.
TransactionOrder Attempt::order_for(const std::vector<std::size_t>& asked,
                                    const flow::ReturnRule* rule) const {
  TransactionOrder out{item_, asked, journal_, doors_.queue, std::nullopt, {}};
  if (rule == nullptr) {
    return out;
  }
  if (asked.size() == 1) {
    out.reverse_path = doors_.own->address_for(
        *rule, {item_.id.message, item_.id.number, static_cast<std::uint32_t>(asked.front())});
  }
  // RFC 3461 5.2.1 lets those who only pass it on add none.
  if (!item_.envelope->account.empty()) {
    out.envelope_id = doors_.own->envelope_id(*rule, item_.id.message);
  }
  return out;
}

Attempt::Next Attempt::on_broken(const ClientConnection& client, bool maybe_taken,
                                 const std::vector<std::size_t>& asked,
                                 engine::CancelToken cancel) {
  const auto& failure = client.session.failure();
  if (maybe_taken) {
    if (cancel.is_cancelled()) {
      result_.end = End::in_doubt;
      return Next::stopped;
    }
    // RFC 5321 4.5.4.1 leaves no other way: the message may arrive twice, it must not be lost. To
    // ask another host at once would make that likelier.
    const store::LastReply why = last_reply({0, {4, 4, 2}, client.broken}, true, client.remote);
    for (const std::size_t index : asked) {
      if (!result_.verdicts[index]) {
        result_.verdicts[index] = Verdict{Verdict::Kind::deferred, why, false};
      }
    }
    return open_recipients(1).empty() ? Next::stopped : Next::another_host;
  }
  if (cancel.is_cancelled()) {
    const bool any = std::ranges::any_of(result_.verdicts, [](const auto& v) { return !!v; });
    if (any) {
      // What has been answered counts, the rest waits.
      defer_open(last_reply({0, {4, 3, 2}, "broken off: this server is going down"}, true, ""),
                 Verdict::Kind::deferred);
      result_.end = End::done;
    } else {
      result_.end = End::interrupted;
    }
    return Next::stopped;
  }
  all_refused_for_good_ = false;
  last_failure_ = failure ? last_reply(failure->reply, failure->own, client.remote)
                          : last_reply({0, {4, 4, 2}, client.broken}, true, client.remote);
  return open_recipients(1).empty() ? Next::stopped : Next::another_host;
}

void Attempt::take_outcomes(const ClientConnection& client, const std::vector<std::size_t>& asked,
                            const std::vector<smtp::RecipientOutcome>& outcomes) {
  for (std::size_t i = 0; i < asked.size() && i < outcomes.size(); ++i) {
    const smtp::RecipientOutcome& outcome = outcomes[i];
    Verdict verdict;
    verdict.last = last_reply(outcome.reply, outcome.own, client.remote);
    if (!outcome.own && is_family_refused(client, outcome.reply)) {
      verdict.kind = outcome.kind == Kind::failed ? Verdict::Kind::failed : Verdict::Kind::deferred;
      refusals_[asked[i]] = std::move(verdict);
      continue;
    }
    switch (outcome.kind) {
      case Kind::delivered:
        verdict.kind = Verdict::Kind::delivered;
        verdict.relayed = !client.session.capabilities().dsn && !item_.target->lmtp;
        break;
      case Kind::deferred:
        verdict.kind = Verdict::Kind::deferred;
        break;
      case Kind::failed:
        verdict.kind = Verdict::Kind::failed;
        break;
      default:
        continue;  // nobody has answered: the next transaction, or the next host
    }
    result_.verdicts[asked[i]] = std::move(verdict);
  }
}

// RFC 7372 3.3, and what those say who want a PTR record of IPv6 senders only: over IPv4 they may
// take it.
bool Attempt::is_family_refused(const ClientConnection& client, const smtp::Reply& reply) {
  const IpFamily family = client.address.ip.family();
  const bool says_so =
      reply.code >= 400 && reply.enhanced.subject == 7 &&
      (reply.enhanced.detail == 25 || (reply.enhanced.detail == 1 && names_ipv6(reply.text)));
  if (!says_so || family != IpFamily::v6 || !doors_.settings.ipv4) {
    return false;
  }
  const MonoTime now = doors_.reactor.now();
  doors_.families_refused.on_refused(item_.target->site, family, now,
                                     now + doors_.settings.family_memory);
  family_refused_ = family;
  return true;
}

std::vector<std::size_t> Attempt::open_recipients(std::size_t limit) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < result_.verdicts.size() && out.size() < limit; ++i) {
    if (item_.is_pending(i) && !result_.verdicts[i]) {
      out.push_back(i);
    }
  }
  return out;
}

store::LastReply Attempt::last_reply(const smtp::Reply& reply, bool own,
                                     const std::string& remote) const {
  store::LastReply out;
  out.code = own ? std::uint16_t{0} : reply.code;
  out.enhanced = reply.enhanced.is_given() ? reply.enhanced.text() : "";
  out.text = reply.text.substr(0, reply_text_max);
  out.remote = remote;
  out.time = doors_.reactor.wall_now();
  return out;
}

void Attempt::defer_open(const store::LastReply& why, Verdict::Kind kind) {
  for (const std::size_t index : open_recipients(result_.verdicts.size())) {
    result_.verdicts[index] = Verdict{kind, why, false};
  }
}

}  // namespace postrider::delivery
