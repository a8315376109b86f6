// What a resolver has learnt survives a restart: answers, and the keys of zones.
#include "net/dns_cache_records.hpp"
#include "net/trust_cache_records.hpp"
#include "signed_dns.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using World = ResolverWorld;

// Keeps what is saved in memory.
class MemoryPort final : public DnsCachePort {
 public:
  std::vector<std::string> load(CoreId) override { return records; }
  bool save(CoreId, const std::vector<std::string>& saved) override {
    records = saved;
    ++saves;
    return true;
  }
  std::vector<std::string> records;
  unsigned saves = 0;
};

Task<void> ask_many(World& w) {
  for (unsigned i = 0; i < 300; ++i) {
    const std::string name = "x" + std::to_string(i) + ".example";
    EXPECT_EQ((co_await w.ask(name, RecordType::mx))->records.size(), 2U);
  }
}

DnsReaction many_kinds(const dns::Query& query, bool) {
  const std::string& name = query.question.name;
  if (query.question.type == RecordType::mx) {
    return answers({mx_record(name, 10, "mx." + name), mx_record(name, 20, "mx2." + name)});
  }
  if (name == "alias.example") {
    return answers({cname_record(name, "real.example"), a_record("real.example", "192.0.2.1")});
  }
  return name == "gone.example" ? denies(ResponseCode::no_such_name)
                                : says(ResponseCode::server_failure);
}

// A restart with a long queue is no query storm.
TEST(ResolverWarmth, SurvivesARestart) {
  MemoryPort port;
  {
    World world(DnssecMode::off, many_kinds);
    world.settings.cache_port = &port;
    world.run([](World& w) -> Task<void> {
      co_await ask_many(w);
      (void)co_await w.ask("alias.example");
      (void)co_await w.ask("gone.example");
      (void)co_await w.ask("failed.example");
      co_await w.resolver->save_cache();
    });
    EXPECT_EQ(port.saves, 1U);
  }
  World world(DnssecMode::off, many_kinds);
  world.settings.cache_port = &port;
  world.run([](World& w) -> Task<void> {
    co_await ask_many(w);
    const SharedAnswer alias = co_await w.ask("alias.example");
    EXPECT_EQ(alias->canonical_name, "real.example");
    EXPECT_EQ(std::get<IpAddress>(alias->records.at(0).data).text(), "192.0.2.1");
    EXPECT_EQ((co_await w.ask("gone.example"))->status, DnsStatus::no_such_name);
    EXPECT_EQ(w.first->queries(), 0U);
    EXPECT_EQ(w.resolver->counters().loaded, 302U);
    (void)co_await w.ask("failed.example");
    EXPECT_EQ(w.first->queries(), 1U);
  });
}

TEST(ResolverWarmth, IsSavedNowAndThen) {
  MemoryPort port;
  World world(DnssecMode::off, many_kinds);
  world.settings.cache_port = &port;
  world.run([](World& w) -> Task<void> {
    co_await ask_many(w);
    (void)co_await w.reactor.sleep_for(minutes(6));
  });
  EXPECT_EQ(port.saves, 1U);
  EXPECT_GT(port.records.size(), 1U);
}

TEST(ResolverWarmth, OnlyForTheSameTrust) {
  MemoryPort port;
  {
    World world(DnssecMode::off, many_kinds);
    world.settings.cache_port = &port;
    world.run([](World& w) -> Task<void> {
      co_await ask_many(w);
      co_await w.resolver->save_cache();
    });
  }
  World world(DnssecMode::trust_ad, many_kinds);
  world.settings.cache_port = &port;
  world.run([](World& w) -> Task<void> {
    co_await ask_many(w);
    EXPECT_EQ(w.resolver->counters().loaded, 0U);
  });
}

// Names that nobody had asked for yet, in zones that are known: no key is asked for again.
TEST(ResolverWarmth, KeysSurviveARestart) {
  SignedDns dns;
  MemoryPort port;
  {
    SignedResolverWorld world(dns);
    world.settings.cache_port = &port;
    world.run([](World& w) -> Task<void> {
      EXPECT_EQ((co_await w.ask("mx.a.test"))->security, DnsSecurity::secure);
      EXPECT_EQ((co_await w.ask("mx.b.test"))->security, DnsSecurity::insecure);
      EXPECT_GT(w.resolver->counters().key_queries, 5U);
      co_await w.resolver->save_cache();
    });
  }
  SignedResolverWorld world(dns);
  world.settings.cache_port = &port;
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("ns.a.test"))->security, DnsSecurity::secure);
    EXPECT_EQ(w.resolver->counters().key_queries, 0U);
    EXPECT_EQ(w.resolver->counters().signature_checks, 1U);
    EXPECT_EQ(w.resolver->counters().keys_loaded, 4U);  // the root, test, a.test; b.test has none
  });
  // Under another anchor they are nothing.
  SignedResolverWorld other(dns);
  other.settings.cache_port = &port;
  other.settings.trust_anchors = dns::TrustAnchors::iana();
  other.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("ns.a.test"))->security, DnsSecurity::bogus);
    EXPECT_EQ(w.resolver->counters().keys_loaded, 0U);
  });
}

// What was taken as it came is not to be found proven after a restart.
TEST(ResolverWarmth, WhatIsUnvalidatedIsNotKept) {
  SignedDns dns;
  dns.strips = true;
  MemoryPort port;
  SignedResolverWorld world(dns);
  world.settings.cache_port = &port;
  world.run([](World& w) -> Task<void> {
    EXPECT_TRUE((co_await w.ask("mx.a.test"))->unvalidated);
    co_await w.resolver->save_cache();
  });
  EXPECT_EQ(port.records.size(), 1U);  // the fingerprint
}

std::vector<dns::SharedCut> some_cuts() {
  using Kind = dns::Cut::Kind;
  std::vector<dns::SharedCut> cuts;
  for (const auto& [kind, name] :
       {std::pair(Kind::zone, ""), std::pair(Kind::insecure, "b.test"),
        std::pair(Kind::not_a_cut, "x.test"), std::pair(Kind::nothing, "no.test")}) {
    dns::Cut cut{.kind = kind, .name = dns::name_of(name), .reason = "for a reason"};
    cut.expires_s = dns::now_s + 100;
    if (kind == Kind::zone) {
      cut.keys = {"key one", std::string(600, 'k')};
    }
    cuts.push_back(std::make_shared<const dns::Cut>(std::move(cut)));
  }
  return cuts;
}

TEST(TrustCacheRecords, AreReadBack) {
  const auto cuts = some_cuts();
  const auto read = decode_cuts(encode_cuts(cuts, dns::now_s), dns::now_s + 99);
  ASSERT_EQ(read.size(), cuts.size());
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    EXPECT_EQ(read[i]->kind, cuts[i]->kind);
    EXPECT_EQ(read[i]->name, cuts[i]->name);
    EXPECT_EQ(read[i]->keys, cuts[i]->keys);
    EXPECT_EQ(read[i]->reason, cuts[i]->reason);
    EXPECT_EQ(read[i]->expires_s, cuts[i]->expires_s);
  }
}

TEST(TrustCacheRecords, WhatIsOverOrBogusIsNotKept) {
  EXPECT_TRUE(encode_cuts(some_cuts(), dns::now_s + 100).empty());
  const auto records = encode_cuts(some_cuts(), dns::now_s);
  EXPECT_TRUE(decode_cuts(records, dns::now_s + 100).empty());
  EXPECT_TRUE(decode_cuts(records, dns::now_s - 90'000).empty());  // the clock was set back
  auto bogus = std::make_shared<dns::Cut>();
  bogus->expires_s = dns::now_s + 100;
  EXPECT_TRUE(encode_cuts({bogus}, dns::now_s).empty());
}

TEST(TrustCacheRecords, NoOctetIsTrusted) {
  const auto records = encode_cuts(some_cuts(), dns::now_s);
  for (const std::string& record : records) {
    for (std::size_t at = 0; at < record.size(); ++at) {
      std::string broken = record;
      broken[at] = static_cast<char>(~broken[at]);
      (void)decode_cuts({broken, record.substr(0, at)}, dns::now_s);  // must not crash
    }
  }
  EXPECT_TRUE(decode_cuts({records[0].substr(0, records[0].size() - 1)}, dns::now_s).empty());
  EXPECT_TRUE(decode_cuts({records[1] + std::string("\0\1k", 3)}, dns::now_s).empty());
  EXPECT_TRUE(decode_cuts({"", "p", std::string(20, '\x10')}, dns::now_s).empty());
}

CachedAnswer cached(MonoTime expires) {
  DnsAnswer answer;
  answer.status = DnsStatus::found;
  answer.security = DnsSecurity::secure;
  answer.name = answer.canonical_name = "a.example";
  answer.records = {a_record("a.example", "192.0.2.1")};
  answer.expires = expires;
  answer.stale_until = expires + hours(24);
  return {.key = "1 a.example", .answer = std::make_shared<const DnsAnswer>(std::move(answer))};
}

TEST(DnsCacheRecords, TimesAreTheWalls) {
  const ClockPair then{.mono = MonoTime(hours(5)), .wall = WallTime(hours(400'000))};
  const auto records =
      encode_cache("p", {cached(then.mono + minutes(10)), cached(then.mono)}, then);
  EXPECT_EQ(records.size(), 2U);  // and the fingerprint; the expired one is not
  const ClockPair later{.mono = MonoTime(seconds(3)), .wall = then.wall + minutes(4)};
  const auto answers = decode_cache("p", records, later);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].key, "1 a.example");
  EXPECT_EQ(answers[0].answer->expires, later.mono + minutes(6));
  EXPECT_EQ(answers[0].answer->security, DnsSecurity::secure);
  EXPECT_EQ(answers[0].answer->records, cached({}).answer->records);
  EXPECT_TRUE(decode_cache("q", records, later).empty());
  EXPECT_TRUE(decode_cache("p", records, {later.mono, then.wall + minutes(11)}).empty());
}

TEST(DnsCacheRecords, NoOctetIsTrusted) {
  const ClockPair now{.mono = MonoTime(hours(5)), .wall = WallTime(hours(400'000))};
  const auto records = encode_cache("p", {cached(now.mono + minutes(10))}, now);
  for (std::size_t at = 0; at < records[1].size(); ++at) {
    std::vector<std::string> broken = records;
    broken[1].resize(at);
    EXPECT_TRUE(decode_cache("p", broken, now).empty()) << at;
    broken = records;
    broken[1][at] = static_cast<char>(~broken[1][at]);
    (void)decode_cache("p", broken, now);  // must not crash
  }
}

TEST(DnsCacheFiles, KeepWhatWasSaved) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dns_cache_files_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto port = make_dns_cache_files(folder);
  EXPECT_TRUE(port->load(0).empty());
  const std::vector<std::string> records{"", "one", std::string(70'000, '\xFF')};
  EXPECT_TRUE(port->save(0, records));
  EXPECT_TRUE(port->save(1, {"other"}));
  EXPECT_EQ(port->load(0), records);
  EXPECT_EQ(port->load(1), std::vector<std::string>{"other"});
  EXPECT_TRUE(port->save(0, {"less"}));
  EXPECT_EQ(port->load(0), std::vector<std::string>{"less"});
  EXPECT_EQ(std::filesystem::status(folder / "dns_cache.0").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  {
    std::fstream file(folder / "dns_cache.0", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(24);
    file.put('\x55');
  }
  EXPECT_TRUE(port->load(0).empty());
  std::filesystem::resize_file(folder / "dns_cache.1", 30);
  EXPECT_TRUE(port->load(1).empty());
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(port->save(0, {"nowhere"}));
}

}  // namespace
}  // namespace postrider::net
