#include "../net/scripted_dns.hpp"

#include <gtest/gtest.h>
#include <map>
#include <optional>

#include <postrider/engine/simulation.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/policy/mta_sts_cache.hpp>

namespace postrider::policy {
namespace {

using engine::Task;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const SocketAddress dns_address = SocketAddress::parse("192.0.2.53:53").value();

class ScriptedFetcher final : public StsFetcher {
 public:
  explicit ScriptedFetcher(engine::Reactor& reactor) : reactor_(reactor) {}
  Task<Result<StsPolicy, StsFetchError>> fetch(std::string domain, engine::Until until) override {
    ++fetches;
    last = domain;
    if (delay > Duration{}) {
      const auto end =
          co_await reactor_.sleep({std::min(until.deadline, reactor_.now() + delay), until.cancel});
      if (end == engine::WaitEnd::cancelled || delay > seconds(60)) {
        co_return failure(StsFetchError{StsFetchFailure::unreachable, "timed out"});
      }
    }
    if (error) {
      co_return failure(StsFetchError{*error, "it can't be had"});
    }
    co_return policy;
  }
  engine::Reactor& reactor_;
  StsPolicy policy{StsMode::enforce, hours(24 * 7), {"mx.a.example"}};
  std::optional<StsFetchFailure> error;
  Duration delay{};
  int fetches = 0;
  std::string last;
};

class MapShelf final : public StsShelf {
 public:
  Task<std::optional<std::string>> load(std::string domain) override {
    const auto found = entries.find(domain);
    co_return found == entries.end() ? std::nullopt : std::optional(found->second);
  }
  Task<void> save(std::string domain, std::string octets) override {
    entries[domain] = octets;
    co_return;
  }
  Task<void> remove(std::string domain) override {
    entries.erase(domain);
    co_return;
  }
  Task<std::vector<std::string>> list(std::string after, std::size_t limit) override {
    std::vector<std::string> out;
    for (auto at = entries.upper_bound(after); at != entries.end() && out.size() < limit; ++at) {
      out.push_back(at->first);
    }
    co_return out;
  }
  std::map<std::string, std::string> entries;
};

struct World {
  World() : simulation(engine::Simulation::create({.seed = 3})), reactor(simulation->reactor(0)) {
    dns = std::make_unique<net::ScriptedDns>(
        reactor, dns_address, [this](const dns::Query& query, bool) {
          if (dns_is_down) {
            return net::says(dns::ResponseCode::server_failure);
          }
          if (record.empty() || !query.question.name.starts_with("_mta-sts.")) {
            return net::denies(dns::ResponseCode::no_error, 5, 5);
          }
          return net::answers({net::record_of(query.question.name, dns::RecordType::txt, 5,
                                              dns::Txt{.text = record})});
        });
    net::ResolverSettings settings;
    settings.servers = {dns_address};
    resolver = net::make_resolver(reactor, settings);
    restart();
  }
  ~World() { simulation->run(drain(*cache)); }

  void restart() {
    if (cache) {
      simulation->run(drain(*cache));
    }
    cache = std::make_unique<MtaStsCache>(MtaStsCache::Doors{reactor, *resolver, fetcher, &shelf});
  }
  static Task<void> drain(MtaStsCache& cache) { co_await cache.drain(); }
  static Task<void> ask(World& world, std::string domain, Duration patience, StsAnswer& out) {
    out = co_await world.cache->find(std::move(domain), {world.reactor.now() + patience});
  }
  StsAnswer find(const std::string& domain = "a.example", Duration patience = seconds(100)) {
    StsAnswer out;
    simulation->run(ask(*this, domain, patience, out));
    return out;
  }
  void pass(Duration duration) { simulation->run_for(duration); }

  std::string record = "v=STSv1; id=1";
  bool dns_is_down = false;
  std::unique_ptr<net::ScriptedDns> dns;
  std::unique_ptr<engine::Simulation> simulation;
  engine::Reactor& reactor;
  std::unique_ptr<net::Resolver> resolver;
  ScriptedFetcher fetcher{reactor};
  MapShelf shelf;
  std::unique_ptr<MtaStsCache> cache;
};

TEST(MtaStsCache, FetchesOnceAndKeeps) {
  World world;
  const StsAnswer first = world.find();
  ASSERT_TRUE(first.policy);
  EXPECT_EQ(first.policy->mode, StsMode::enforce);
  EXPECT_EQ(first.id, "1");
  EXPECT_TRUE(first.is_announced);
  EXPECT_EQ(first.problem, "");
  world.pass(hours(10));
  EXPECT_TRUE(world.find().policy);
  EXPECT_EQ(world.fetcher.fetches, 1);
  EXPECT_EQ(world.fetcher.last, "a.example");
}

TEST(MtaStsCache, AsksNobodyWhereNothingIsAnnounced) {
  World world;
  world.record.clear();
  const StsAnswer answer = world.find();
  EXPECT_FALSE(answer.policy);
  EXPECT_FALSE(answer.is_announced);
  EXPECT_FALSE(answer.failure);
  world.record = "v=STSv1; broken";
  world.pass(minutes(2));
  EXPECT_NE(world.find().problem, "");
  EXPECT_EQ(world.fetcher.fetches, 0);
}

TEST(MtaStsCache, SurvivesARestart) {
  World world;
  ASSERT_TRUE(world.find().policy);
  world.restart();
  ASSERT_TRUE(world.find().policy);
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(MtaStsCache, FetchesAnewWhenTheIdChanges) {
  World world;
  ASSERT_TRUE(world.find().policy);
  world.record = "v=STSv1; id=2";
  world.fetcher.policy.mx = {"other.a.example"};
  world.pass(minutes(2));
  const StsAnswer answer = world.find();
  ASSERT_TRUE(answer.policy);
  EXPECT_TRUE(answer.policy->permits("other.a.example"));
  EXPECT_EQ(answer.id, "2");
  EXPECT_EQ(world.fetcher.fetches, 2);
}

TEST(MtaStsCache, KeepsAnUnexpiredPolicyThroughEveryFailure) {
  World world;
  ASSERT_TRUE(world.find().policy);
  world.record = "v=STSv1; id=2";
  world.fetcher.error = StsFetchFailure::certificate;
  world.pass(minutes(2));
  const StsAnswer changed = world.find();
  ASSERT_TRUE(changed.policy);
  EXPECT_EQ(changed.id, "1");
  EXPECT_EQ(changed.failure, StsFetchFailure::certificate);
  world.record.clear();
  world.pass(hours(1));
  EXPECT_TRUE(world.find().policy);
  world.dns_is_down = true;
  world.pass(hours(1));
  EXPECT_TRUE(world.find().policy);
  world.restart();
  EXPECT_TRUE(world.find().policy);
  world.pass(hours(24 * 7));
  EXPECT_FALSE(world.find().policy);
}

TEST(MtaStsCache, RemembersAFailureForAWhile) {
  World world;
  world.fetcher.error = StsFetchFailure::unreachable;
  const StsAnswer failed = world.find();
  EXPECT_FALSE(failed.policy);
  EXPECT_EQ(failed.failure, StsFetchFailure::unreachable);
  EXPECT_EQ(failed.problem, "it can't be had");
  world.pass(minutes(4));
  EXPECT_EQ(world.find().failure, StsFetchFailure::unreachable);
  EXPECT_EQ(world.fetcher.fetches, 1);
  world.fetcher.error.reset();
  world.pass(minutes(2));
  EXPECT_TRUE(world.find().policy);
  EXPECT_EQ(world.fetcher.fetches, 2);
}

Task<void> ask_twice(World& world, StsAnswer& a, StsAnswer& b) {
  co_await engine::when_all(World::ask(world, "a.example", seconds(100), a),
                            World::ask(world, "a.example", seconds(100), b));
}

TEST(MtaStsCache, JoinsThoseWhoAskAtTheSameTime) {
  World world;
  world.fetcher.delay = seconds(5);
  StsAnswer a;
  StsAnswer b;
  world.simulation->run(ask_twice(world, a, b));
  EXPECT_TRUE(a.policy);
  EXPECT_TRUE(b.policy);
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(MtaStsCache, GivesUpWaitingAndKeepsFetching) {
  World world;
  world.fetcher.delay = seconds(30);
  EXPECT_FALSE(world.find("a.example", seconds(10)).policy);
  world.pass(seconds(30));
  EXPECT_TRUE(world.find("a.example", seconds(10)).policy);
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(MtaStsCache, WithdrawsByModeNone) {
  World world;
  world.fetcher.policy = {StsMode::none, hours(24), {}};
  const StsAnswer answer = world.find();
  EXPECT_FALSE(answer.policy);
  EXPECT_FALSE(answer.failure);
  world.pass(minutes(10));
  (void)world.find();
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(MtaStsCache, RefreshesAheadOfExpiryWhatIsInUse) {
  World world;
  world.cache->start_refresher([](std::string_view domain) { return domain == "a.example"; });
  ASSERT_TRUE(world.find().policy);
  ASSERT_TRUE(world.find("b.example").policy);
  EXPECT_EQ(world.fetcher.fetches, 2);
  world.pass(hours(25));
  EXPECT_EQ(world.fetcher.fetches, 3);
  EXPECT_EQ(world.fetcher.last, "a.example");
  world.pass(hours(24 * 5));
  world.fetcher.error = StsFetchFailure::unreachable;
  world.pass(hours(24 * 3));
  EXPECT_TRUE(world.find().policy);  // eight days later: the first one has expired
  EXPECT_EQ(world.shelf.entries.count("b.example"), 1U) << "that one is another core's";
}

TEST(MtaStsCache, LetsWhatNobodyUsesExpire) {
  World world;
  world.fetcher.policy.max_age = hours(24 * 60);
  world.cache->start_refresher([](std::string_view) { return true; });
  ASSERT_TRUE(world.find().policy);
  world.pass(hours(24 * 35));
  const int fetches = world.fetcher.fetches;
  EXPECT_GT(fetches, 20);
  world.pass(hours(24 * 10));
  EXPECT_EQ(world.fetcher.fetches, fetches);
}

// For people who ask what the server goes by: nothing is fetched for it, nor after a restart.
TEST(MtaStsCache, ShowsWhatIsKept) {
  World world;
  const auto kept = [&world] {
    std::optional<KeptStsPolicy> out;
    world.simulation->run([](World& w, std::optional<KeptStsPolicy>& to) -> Task<void> {
      to = co_await w.cache->kept("a.example");
    }(world, out));
    return out;
  };
  EXPECT_FALSE(kept());
  ASSERT_TRUE(world.find().policy);
  world.pass(hours(3));
  ASSERT_TRUE(kept());
  EXPECT_EQ(kept()->id, "1");
  const Duration age = world.reactor.wall_now() - kept()->fetched;
  EXPECT_GE(age, hours(3));
  EXPECT_LT(age, hours(3) + seconds(1));
  world.restart();
  EXPECT_TRUE(kept());
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(MtaStsCache, SwitchedOffItKnowsOfNoneAndKeepsWhatItHas) {
  World world;
  ASSERT_TRUE(world.find().policy);
  world.cache->set_enabled(false);
  EXPECT_FALSE(world.find().policy);
  EXPECT_FALSE(world.find("b.example").is_announced);
  EXPECT_EQ(world.fetcher.fetches, 1);
  world.cache->set_enabled(true);
  EXPECT_TRUE(world.find().policy);
  EXPECT_EQ(world.fetcher.fetches, 1);
}

TEST(KeptStsPolicy, IsReadBack) {
  const KeptStsPolicy kept{{StsMode::testing, seconds(86'400), {"*.a.example"}},
                           "id7",
                           from_unix_millis(1'700'000'000'123),
                           from_unix_millis(1'700'000'001'000)};
  EXPECT_EQ(parse_kept_sts_policy(encode_kept_sts_policy(kept)), kept);
  for (const char* text : {"", "postrider-sts 2\nx\n1\n1\n", "postrider-sts 1\nx\n1\n",
                           "postrider-sts 1\nx\ny\n1\nversion: STSv1\nmode: none\nmax_age: 1\n"}) {
    EXPECT_FALSE(parse_kept_sts_policy(text)) << text;
  }
}

}  // namespace
}  // namespace postrider::policy
