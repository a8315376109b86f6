#include "lru_table.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/policy/mta_sts_cache.hpp>

namespace postrider::policy {

namespace {

constexpr Duration day = std::chrono::hours(24);
constexpr std::size_t page = 256;  // domains read from the shelf at a time

struct Announced {
  std::optional<std::string> id;
  std::string problem;
};

Announced announced_by(const net::DnsAnswer& answer) {
  if (answer.security == net::DnsSecurity::bogus) {
    return {std::nullopt, "the MTA-STS record is forged, says DNSSEC: " + answer.reason};
  }
  if (answer.status == net::DnsStatus::temporary_failure) {
    return {std::nullopt, "the MTA-STS record can't be looked up: " + answer.reason};
  }
  std::vector<std::string> texts;
  for (const dns::Record& record : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      texts.push_back(txt->text);
    }
  }
  auto id = parse_sts_record(texts);
  if (!id) {
    return {std::nullopt, id.error() == StsRecordError::absent ? std::string()
                                                               : std::string(describe(id.error()))};
  }
  return {*std::move(id), {}};
}

}  // namespace

// What is known of one domain. Shared by the table and those who wait for its fetch, since the
// table may forget it meanwhile.
struct MtaStsCache::Known {
  explicit Known(engine::Reactor& reactor) : arrived(reactor) {}
  bool is_loaded = false;
  bool is_fetching = false;
  engine::Event arrived;  // pulsed at the end of a fetch
  std::optional<KeptStsPolicy> kept;
  std::shared_ptr<const StsPolicy> policy;  // of `kept`, for answers
  std::string failed_id;
  MonoTime retry_at{};
  std::optional<StsFetchFailure> failure;
  std::string problem;

  void keep(std::optional<KeptStsPolicy> fresh) {
    kept = std::move(fresh);
    policy = kept ? std::make_shared<const StsPolicy>(kept->policy) : nullptr;
  }
};

struct MtaStsCache::Table {
  explicit Table(std::size_t capacity) : by_domain(capacity) {}
  LruTable<std::string, std::shared_ptr<Known>> by_domain;
};

MtaStsCache::MtaStsCache(Doors doors, const StsSettings& settings)
    : doors_(doors),
      settings_(settings),
      table_(std::make_unique<Table>(std::max<std::size_t>(1, settings.kept_in_memory))),
      fetches_(doors.reactor, std::max<std::size_t>(1, settings.fetches)),
      gate_(doors.reactor) {}

MtaStsCache::~MtaStsCache() = default;

std::shared_ptr<MtaStsCache::Known> MtaStsCache::known(const std::string& domain) {
  auto& place = table_->by_domain.obtain(domain);
  if (!place) {
    place = std::make_shared<Known>(doors_.reactor);
  }
  return place;
}

// Reads the shelf once, and drops what has expired.
engine::Task<void> MtaStsCache::load(std::string domain, std::shared_ptr<Known> known) {
  if (!known->is_loaded && doors_.shelf != nullptr) {
    const auto octets = co_await doors_.shelf->load(domain);
    // Somebody else may have read it, and fetched a newer one, meanwhile.
    if (octets && !known->is_loaded && !known->kept) {
      known->keep(parse_kept_sts_policy(*octets));
    }
  }
  known->is_loaded = true;
  if (known->kept && known->kept->expires() <= doors_.reactor.wall_now()) {
    known->keep(std::nullopt);
  }
}

engine::Task<std::optional<KeptStsPolicy>> MtaStsCache::kept(std::string domain) {
  if (const auto* here = table_->by_domain.find(domain); here != nullptr && (*here)->kept) {
    co_return (*here)->kept;
  }
  if (doors_.shelf == nullptr) {
    co_return std::nullopt;
  }
  const auto octets = co_await doors_.shelf->load(std::move(domain));
  co_return octets ? parse_kept_sts_policy(*octets) : std::nullopt;
}

engine::Task<StsAnswer> MtaStsCache::find(std::string domain, engine::Until until) {
  if (!is_enabled_) {
    co_return StsAnswer{};
  }
  const std::shared_ptr<Known> known = this->known(domain);
  co_await load(domain, known);
  const net::SharedAnswer txt =
      co_await doors_.resolver.lookup("_mta-sts." + domain, dns::RecordType::txt, until);
  const Announced announced = announced_by(*txt);
  if (announced.id && (!known->kept || known->kept->id != *announced.id)) {
    const bool failed_lately =
        known->failed_id == *announced.id && doors_.reactor.now() < known->retry_at;
    if (!known->is_fetching && !failed_lately) {
      begin_fetch(domain, known, *announced.id);
    }
    if (known->is_fetching) {
      // (void): whether it arrived or the time is over, what is known by then is the answer.
      (void)co_await known->arrived.wait(until);
    }
  }
  touch(domain, *known);
  StsAnswer out = answer(*known);
  out.is_announced = announced.id.has_value();
  if (out.is_announced) {
    out.failure = known->failure;
    out.problem = known->problem;
  } else {
    out.problem = announced.problem;
  }
  co_return out;
}

StsAnswer MtaStsCache::answer(const Known& known) {
  StsAnswer out;
  if (!known.kept || known.kept->expires() <= doors_.reactor.wall_now()) {
    return out;
  }
  out.id = known.kept->id;
  out.fetched = known.kept->fetched;
  out.expires = known.kept->expires();
  if (known.kept->policy.mode != StsMode::none) {
    out.policy = known.policy;
    ++counters_.found;
  }
  return out;
}

// Notes, once a day, that mail still goes there.
void MtaStsCache::touch(const std::string& domain, Known& known) {
  const WallTime now = doors_.reactor.wall_now();
  if (!known.kept || now - known.kept->used < day || doors_.shelf == nullptr) {
    return;
  }
  known.kept->used = now;
  if (auto pass = gate_.enter()) {
    doors_.reactor.spawn(save(domain, encode_kept_sts_policy(*known.kept), std::move(pass)));
  }
}

engine::Task<void> MtaStsCache::save(std::string domain, std::string octets,
                                     engine::Gate::Pass /*pass*/) {
  co_await doors_.shelf->save(std::move(domain), std::move(octets));
}

void MtaStsCache::begin_fetch(const std::string& domain, std::shared_ptr<Known> known,
                              std::string id) {
  if (auto pass = gate_.enter()) {
    known->is_fetching = true;
    doors_.reactor.spawn(fetch(domain, std::move(known), std::move(id), std::move(pass)));
  }
}

// A task of its own: those who wait may give up without ending it for the others.
engine::Task<void> MtaStsCache::fetch(std::string domain, std::shared_ptr<Known> known,
                                      std::string id, engine::Gate::Pass /*pass*/) {
  auto permit = co_await fetches_.acquire(1, {mono_never, gate_.closing()});
  if (permit) {
    const engine::Until until{doors_.reactor.now() + settings_.fetch_timeout, gate_.closing()};
    auto policy = co_await doors_.fetcher.fetch(domain, until);
    permit->release();
    const WallTime now = doors_.reactor.wall_now();
    if (policy) {
      ++counters_.fetched;
      KeptStsPolicy fresh{*std::move(policy), std::move(id), now, now};
      if (known->kept) {
        fresh.used = known->kept->used;
      }
      const std::string octets = encode_kept_sts_policy(fresh);
      known->keep(std::move(fresh));
      known->failure.reset();
      known->problem.clear();
      if (doors_.shelf != nullptr) {
        co_await doors_.shelf->save(domain, octets);
      }
    } else {
      ++counters_.failed;
      known->failed_id = std::move(id);
      known->retry_at = doors_.reactor.now() + settings_.retry_after;
      known->failure = policy.error().kind;
      known->problem = std::move(policy.error().text);
    }
  }
  known->is_fetching = false;
  known->arrived.pulse();
}

void MtaStsCache::start_refresher(std::function<bool(std::string_view)> is_ours) {
  is_ours_ = std::move(is_ours);
  if (doors_.shelf == nullptr) {
    return;
  }
  if (auto pass = gate_.enter()) {
    doors_.reactor.spawn(refresh(std::move(pass)));
  }
}

engine::Task<void> MtaStsCache::refresh(engine::Gate::Pass /*pass*/) {
  for (;;) {
    const auto end = co_await doors_.reactor.sleep_for(settings_.refresh_tick, gate_.closing());
    if (end == engine::WaitEnd::cancelled) {
      co_return;
    }
    std::string after;
    for (bool more = is_enabled_; more && !gate_.is_closed();) {
      const auto domains = co_await doors_.shelf->list(after, page);
      more = domains.size() == page;
      for (const std::string& domain : domains) {
        if (is_ours_(domain) && !gate_.is_closed()) {
          co_await refresh_one(domain);
        }
      }
      after = domains.empty() ? std::string() : domains.back();
    }
  }
}

engine::Task<void> MtaStsCache::refresh_one(std::string domain) {
  const auto octets = co_await doors_.shelf->load(domain);
  const auto kept = octets ? parse_kept_sts_policy(*octets) : std::nullopt;
  const WallTime now = doors_.reactor.wall_now();
  if (!kept || kept->expires() <= now) {
    co_await doors_.shelf->remove(domain);
    co_return;
  }
  const Duration due = std::min(settings_.refresh_after, kept->policy.max_age / 2);
  if (now - kept->fetched < due || now - kept->used > settings_.unused_after) {
    co_return;
  }
  const std::shared_ptr<Known> known = this->known(domain);
  co_await load(domain, known);
  const engine::Until until{doors_.reactor.now() + settings_.fetch_timeout, gate_.closing()};
  const net::SharedAnswer txt =
      co_await doors_.resolver.lookup("_mta-sts." + domain, dns::RecordType::txt, until);
  // A domain that no longer announces a policy has the old one run out.
  if (const Announced announced = announced_by(*txt); announced.id && !known->is_fetching) {
    begin_fetch(domain, known, *announced.id);
  }
  if (known->is_fetching) {
    (void)co_await known->arrived.wait(until);  // one after the other: nobody waits for these
  }
}

engine::Task<void> MtaStsCache::drain() {
  gate_.close();
  co_await gate_.drain(doors_.reactor.now());
}

}  // namespace postrider::policy
