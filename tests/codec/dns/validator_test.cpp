#include "signed_world.hpp"

namespace postrider::dns {
namespace {

using Kind = Claim::Kind;

RrSet a_set(std::string_view owner = "mx.a.test") {
  return set_of(owner, RecordType::a, {address});
}

TEST(Validator, SecureFromTheAnchorDown) {
  SignedWorld world;
  const Verdict verdict = world.judge(world.zone.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::secure);
  EXPECT_EQ(verdict.reason, "");
  EXPECT_EQ(verdict.expires_s, now_s + 300);
  EXPECT_EQ(verdict.signed_until_s, now_s + 86'400);
  EXPECT_EQ(world.asked.size(), 5U);  // the root's keys, and DS and keys of two zones
}

TEST(Validator, WhatWasProvenIsNotAskedAgain) {
  SignedWorld world;
  (void)world.judge(world.zone.sign(a_set()));
  world.asked.clear();
  EXPECT_EQ(world.judge(world.zone.sign(a_set("other.a.test"))).security, Security::secure);
  EXPECT_TRUE(world.asked.empty());
  EXPECT_EQ(world.effort.signature_checks, 1U);
}

// RFC 4035 5.3.1.
TEST(Validator, SignaturesThatCannotBe) {
  const struct {
    std::string_view what;
    void (*change)(Rrsig&);
    std::string_view reason;
  } cases[] = {
      {"expired", [](Rrsig& s) { s.expiration = now_s - 301; }, "expired at 2027-01-15T"},
      {"not yet", [](Rrsig& s) { s.inception = now_s + 301; }, "begins only at"},
      {"labels", [](Rrsig& s) { s.labels = 4; }, "longer name"},
      {"algorithm", [](Rrsig& s) { s.algorithm = 12; }, "not supported"},
      {"tag", [](Rrsig& s) { ++s.key_tag; }, "does not have"},
      {"signer above", [](Rrsig& s) { s.signer = name_of("test"); }, "test does not have"},
      {"signer beside", [](Rrsig& s) { s.signer = name_of("b.test"); }, "no signature over"},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.what);
    SignedWorld world;
    world.put("mx.a.test", RecordType::ds, {},
              {world.zone.sign(nsec_set("mx.a.test", "n.a.test", {RecordType::a}))});
    const Verdict verdict = world.judge(world.zone.sign(a_set(), row.change));
    EXPECT_EQ(verdict.security, Security::bogus);
    EXPECT_TRUE(verdict.reason.contains(row.reason)) << verdict.reason;
  }
}

TEST(Validator, ClocksDiffer) {
  SignedWorld world;
  EXPECT_EQ(
      world.judge(world.zone.sign(a_set(), [](Rrsig& s) { s.expiration = now_s - 299; })).security,
      Security::secure);
  EXPECT_EQ(
      world.judge(world.zone.sign(a_set(), [](Rrsig& s) { s.inception = now_s + 299; })).security,
      Security::secure);
}

TEST(Validator, TheSignatureBoundsTheTime) {
  SignedWorld world;
  Verdict verdict = world.judge(world.zone.sign(set_of("mx.a.test", RecordType::a, {address}, 9000),
                                                [](Rrsig& s) { s.original_ttl = 40; }));
  EXPECT_EQ(verdict.expires_s, now_s + 40);
  verdict = world.judge(world.zone.sign(a_set(), [](Rrsig& s) { s.expiration = now_s + 7; }));
  EXPECT_EQ(verdict.expires_s, now_s + 7);
  EXPECT_EQ(verdict.signed_until_s, now_s + 7);
}

TEST(Validator, AlteredRecords) {
  SignedWorld world;
  RrSet set = world.zone.sign(a_set());
  set.rdatas = {std::string("\x7F\0\0\2", 4)};
  EXPECT_EQ(world.judge(set).security, Security::bogus);
  set = world.zone.sign(a_set());
  set.rdatas.push_back(std::string("\x7F\0\0\2", 4));
  EXPECT_EQ(world.judge(set).security, Security::bogus);
}

TEST(Validator, AnyGoodSignatureWillDo) {
  SignedWorld world;
  RrSet set = world.zone.sign(a_set(), [](Rrsig& s) { s.expiration = now_s - 9999; });
  set.signatures.push_back(blank_signature(set, "a.test", world.zone.key->tag()));
  set = world.zone.sign(std::move(set));
  EXPECT_EQ(world.judge(set).security, Security::secure);
}

TEST(Validator, UnsignedInASignedZone) {
  SignedWorld world;
  world.put("mx.a.test", RecordType::ds, {},
            {world.zone.sign(nsec_set("mx.a.test", "n.a.test", {RecordType::a}))});
  const Verdict verdict = world.judge(a_set());
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "no signature over mx.a.test A, and a.test is signed");
}

TEST(Validator, UnsignedBelowAnInsecureDelegation) {
  SignedWorld world;
  world.put("b.test", RecordType::ds, {},
            {world.test.sign(nsec_set("b.test", "c.test", {RecordType::ns}))});
  EXPECT_EQ(world.judge(a_set("mx.b.test")).security, Security::insecure);
  // A signature changes nothing: nobody above vouches for the key.
  const TestZone own("b.test", 9);
  EXPECT_EQ(world.judge(own.sign(a_set("mx.b.test"))).security, Security::insecure);
}

TEST(Validator, KeysThatMayNotSign) {
  constexpr std::uint16_t zone_key = 256;
  constexpr std::uint16_t revoked = 0x181;
  for (const std::uint16_t flags : {std::uint16_t{0}, revoked}) {
    SignedWorld world;
    const TestKey other(44);
    world.put("a.test", RecordType::dnskey,
              {world.zone.sign(set_of("a.test", RecordType::dnskey,
                                      {world.zone.key->rdata(), other.rdata(flags)}))});
    RrSet set = a_set();
    Rrsig rrsig = blank_signature(set, "a.test", other.tag(flags));
    rrsig.signature = other.sign(signed_octets(set, rrsig));
    set.signatures = {rrsig};
    EXPECT_EQ(world.judge(set).security, Security::bogus) << flags;
  }
  SignedWorld world;
  const TestKey other(44);
  world.put("a.test", RecordType::dnskey,
            {world.zone.sign(set_of("a.test", RecordType::dnskey,
                                    {world.zone.key->rdata(), other.rdata(zone_key)}))});
  RrSet set = a_set();
  Rrsig rrsig = blank_signature(set, "a.test", other.tag(zone_key));
  rrsig.signature = other.sign(signed_octets(set, rrsig));
  set.signatures = {rrsig};
  EXPECT_EQ(world.judge(set).security, Security::secure);
}

TEST(Validator, KeysThatSignThemselvesAreNotEnough) {
  SignedWorld world;
  const TestZone forger("a.test", 77);
  world.put("a.test", RecordType::dnskey, {forger.keys()});
  const Verdict verdict = world.judge(forger.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "no DNSKEY of a.test is one that its DS names");
}

TEST(Validator, WithoutWhatDecidesNothingIsKnown) {
  SignedWorld world;
  world.known.erase({"a.test", RecordType::dnskey});
  const Verdict verdict = world.judge(world.zone.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::indeterminate);
  EXPECT_TRUE(verdict.lookup_failed);
  EXPECT_TRUE(verdict.reason.contains("DNSKEY of a.test")) << verdict.reason;
}

TEST(Validator, NoAnchorAbove) {
  SignedWorld world;
  world.anchors = TrustAnchors::parse("elsewhere. IN DS 1 15 2 " + std::string(64, 'a')).value();
  const Verdict verdict = world.judge(world.zone.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::indeterminate);
  EXPECT_FALSE(verdict.lookup_failed);
}

TEST(Validator, DsMayNotComeFromTheChild) {
  SignedWorld world;
  world.put(
      "a.test", RecordType::ds,
      {world.zone.sign(set_of("a.test", RecordType::ds, {world.zone.key->ds(name_of("a.test"))}))});
  EXPECT_EQ(world.judge(world.zone.sign(a_set())).security, Security::bogus);
}

TEST(Validator, UnsupportedDsMeansInsecure) {
  SignedWorld world;
  std::string ds = world.zone.key->ds(name_of("a.test"));
  ds[2] = 12;  // GOST
  world.put("a.test", RecordType::ds, {world.test.sign(set_of("a.test", RecordType::ds, {ds}))});
  EXPECT_EQ(world.judge(a_set()).security, Security::insecure);
}

TEST(Validator, TheWorstOfAChainOfAliases) {
  SignedWorld world;
  world.put("b.test", RecordType::ds, {},
            {world.test.sign(nsec_set("b.test", "c.test", {RecordType::ns}))});
  const RrSet alias =
      world.zone.sign(set_of("mx.a.test", RecordType::cname, {name_of("mx.b.test").octets()}));
  const std::vector<Claim> claims{{Kind::exists, "mx.a.test", RecordType::cname},
                                  {Kind::exists, "mx.b.test", RecordType::a}};
  EXPECT_EQ(world.run({.answers = {alias, a_set("mx.b.test")}}, claims).security,
            Security::insecure);
  RrSet forged = alias;
  forged.rdatas = {name_of("mx.c.test").octets()};
  EXPECT_EQ(world.run({.answers = {forged, a_set("mx.b.test")}}, claims).security, Security::bogus);
}

// RFC 6672 5.3.1: the alias that a DNAME makes is not signed, and may not lead elsewhere.
TEST(Validator, AliasesMadeOfDname) {
  SignedWorld world;
  world.put("old.a.test", RecordType::ds, {},
            {world.zone.sign(nsec_set("old.a.test", "p.a.test", {RecordType::dname}))});
  world.put(
      "x.old.a.test", RecordType::ds,
      {world.zone.sign(set_of("old.a.test", RecordType::dname, {name_of("new.a.test").octets()}))});
  const RrSet dname =
      world.zone.sign(set_of("old.a.test", RecordType::dname, {name_of("new.a.test").octets()}));
  const std::vector<Claim> claims{{Kind::exists, "x.old.a.test", RecordType::cname}};
  const RrSet made = set_of("x.old.a.test", RecordType::cname, {name_of("x.new.a.test").octets()});
  EXPECT_EQ(world.run({.answers = {dname, made}}, claims).security, Security::secure);
  const RrSet other = set_of("x.old.a.test", RecordType::cname, {name_of("evil.test").octets()});
  EXPECT_EQ(world.run({.answers = {dname, other}}, claims).security, Security::bogus);
}

// KeyTrap (CVE-2023-50387): many keys with one tag, many signatures that fit all of them.
TEST(ValidatorLimits, KeysWithOneTag) {
  SignedWorld world;
  std::vector<std::string> keys = world.zone.key->twins(20);
  keys.push_back(world.zone.key->rdata());
  world.put("a.test", RecordType::dnskey,
            {world.zone.sign(set_of("a.test", RecordType::dnskey, keys))});
  RrSet set = a_set();
  for (unsigned i = 0; i < 60; ++i) {
    set.signatures.push_back(blank_signature(set, "a.test", world.zone.key->tag()));
    set.signatures.back().signature[0] = static_cast<char>(i);
  }
  const Verdict verdict = world.judge(set);
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_TRUE(verdict.reason.contains("have the tag")) << verdict.reason;
  EXPECT_LE(world.effort.signature_checks, 5 + dnssec_limits::keys_per_signature);
}

TEST(ValidatorLimits, SignaturesOfOneSet) {
  SignedWorld world;
  RrSet set = a_set();
  for (unsigned i = 0; i < 60; ++i) {
    set.signatures.push_back(blank_signature(set, "a.test", world.zone.key->tag()));
    set.signatures.back().signature[0] = static_cast<char>(i);
  }
  set = world.zone.sign(std::move(set));  // the good one is the last
  EXPECT_EQ(world.judge(set).security, Security::bogus);
  EXPECT_LE(world.effort.signature_checks, 5 + dnssec_limits::signatures_per_set);
}

// A budget that one answer has used up says nothing of the zones at hand.
TEST(ValidatorLimits, SignaturesOfOneAnswer) {
  SignedWorld world;
  Evidence evidence;
  std::vector<Claim> claims;
  for (unsigned i = 0; i < 30; ++i) {
    RrSet set = a_set("x" + std::to_string(i) + ".a.test");
    for (unsigned bad = 0; bad < 7; ++bad) {
      set.signatures.push_back(blank_signature(set, "a.test", world.zone.key->tag()));
      set.signatures.back().signature[0] = static_cast<char>(bad);
    }
    evidence.answers.push_back(world.zone.sign(std::move(set)));
    claims.push_back({Kind::exists, evidence.answers.back().owner.text(), RecordType::a});
  }
  const Verdict verdict = world.run(evidence, claims);
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "more than 100 signatures to check");
  EXPECT_EQ(world.effort.signature_checks, dnssec_limits::signature_checks);
  EXPECT_EQ(world.judge(world.zone.sign(a_set())).security, Security::secure);
}

TEST(ValidatorLimits, RecordsOfOneSet) {
  SignedWorld world;
  std::vector<std::string> many;
  for (unsigned i = 0; i <= dnssec_limits::records_per_set; ++i) {
    many.push_back(std::string("\x7F\0", 2) + octets16(i));
  }
  RrSet set = set_of("mx.a.test", RecordType::a, many);
  EXPECT_EQ(world.judge(world.zone.sign(set)).security, Security::bogus);
  set.rdatas.pop_back();
  EXPECT_EQ(world.judge(world.zone.sign(set)).security, Security::secure);
}

TEST(ValidatorLimits, KeysOfOneZone) {
  SignedWorld world;
  std::vector<std::string> keys{world.zone.key->rdata()};
  for (unsigned i = 0; i < dnssec_limits::keys_per_zone; ++i) {
    keys.push_back(TestKey(1000 + i).rdata());
  }
  world.put("a.test", RecordType::dnskey,
            {world.zone.sign(set_of("a.test", RecordType::dnskey, keys))});
  const Verdict verdict = world.judge(world.zone.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "a.test has more than 32 keys");
}

TEST(ValidatorLimits, DsOfOneZone) {
  SignedWorld world;
  std::vector<std::string> many{world.zone.key->ds(name_of("a.test"))};
  for (unsigned i = 0; i < dnssec_limits::ds_per_zone; ++i) {
    many.push_back(octets16(i) + "\xF\2" + std::string(32, static_cast<char>(i)));
  }
  world.put("a.test", RecordType::ds, {world.test.sign(set_of("a.test", RecordType::ds, many))});
  EXPECT_EQ(world.judge(world.zone.sign(a_set())).security, Security::bogus);
}

TEST(ValidatorLimits, DigestsOfKeys) {
  SignedWorld world;
  const std::uint16_t tag = world.zone.key->tag();
  std::vector<std::string> ds;
  for (unsigned i = 0; i < dnssec_limits::ds_per_zone; ++i) {
    ds.push_back(octets16(tag) + "\xF\2" + std::string(32, static_cast<char>(i)));
  }
  world.put("a.test", RecordType::ds, {world.test.sign(set_of("a.test", RecordType::ds, ds))});
  world.put("a.test", RecordType::dnskey,
            {world.zone.sign(set_of("a.test", RecordType::dnskey, world.zone.key->twins(20)))});
  const Verdict verdict = world.judge(world.zone.sign(a_set()));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_TRUE(verdict.reason.contains("have the same tag")) << verdict.reason;
}

std::string deep_name(unsigned labels, char letter) {
  std::string name = "a.test";
  for (unsigned i = 2; i < labels; ++i) {
    name = std::string(1, letter) + "." + name;
  }
  return name;
}

TEST(ValidatorLimits, LabelsOfOneName) {
  SignedWorld world;
  const Verdict verdict = world.judge(a_set(deep_name(dnssec_limits::chain_labels + 1, 'x')));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_TRUE(verdict.reason.contains("more than 40 labels")) << verdict.reason;
  EXPECT_TRUE(world.asked.empty());
}

TEST(ValidatorLimits, QueriesForOneAnswer) {
  SignedWorld world;
  // Names without a cut, all the way: one query a label.
  Evidence evidence;
  std::vector<Claim> claims;
  for (const char letter : {'x', 'y'}) {
    const std::string deep = deep_name(39, letter);
    for (unsigned labels = 3; labels <= 39; ++labels) {
      const std::string name = name_of(deep).last(labels).text();
      world.put(name, RecordType::ds, {},
                {world.zone.sign(nsec_set(name, "z.a.test", {RecordType::txt}))});
    }
    // No signature names a zone, so that each label is looked at; the cut is found insecure last.
    world.put(deep, RecordType::ds, {},
              {world.zone.sign(nsec_set(deep, "z.a.test", {RecordType::ns}))});
    evidence.answers.push_back(a_set(deep));
    claims.push_back({Kind::exists, deep, RecordType::a});
  }
  const Verdict verdict = world.run(evidence, claims);
  EXPECT_EQ(verdict.security, Security::indeterminate);
  EXPECT_TRUE(verdict.lookup_failed);
  EXPECT_EQ(verdict.reason, "more than 60 queries for keys");
  EXPECT_EQ(world.asked.size(), dnssec_limits::queries);
}

// Claims that cost nothing each: in a zone that is not signed.
TEST(ValidatorLimits, StepsForOneAnswer) {
  SignedWorld world;
  world.put("b.test", RecordType::ds, {},
            {world.test.sign(nsec_set("b.test", "c.test", {RecordType::ns}))});
  const RrSet set = a_set("x.b.test");
  const Claim claim{Kind::exists, "x.b.test", RecordType::a};
  EXPECT_EQ(world.run({.answers = {set}}, {claim, claim}).security, Security::insecure);
  const Verdict verdict =
      world.run({.answers = {set}}, std::vector<Claim>(dnssec_limits::steps + 1, claim));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "the proof takes too many steps");
}

TEST(TrustCache, ForgetsWhatWasUsedLeast) {
  TrustCache cache(2);
  const auto cut = [](std::string_view name, std::int64_t expires_s) {
    Cut made;
    made.name = name_of(name);
    made.expires_s = expires_s;
    return std::make_shared<const Cut>(made);
  };
  cache.put(cut("a", 10));
  cache.put(cut("b", 10));
  EXPECT_TRUE(cache.find(name_of("a"), 0));
  cache.put(cut("c", 10));
  EXPECT_FALSE(cache.find(name_of("b"), 0));
  EXPECT_TRUE(cache.find(name_of("a"), 9));
  EXPECT_FALSE(cache.find(name_of("a"), 10));
  EXPECT_EQ(cache.entries(), 1U);
  cache.put(cut("c", 20));
  EXPECT_EQ(cache.entries(), 1U);
  EXPECT_TRUE(cache.find(name_of("c"), 15));
}

}  // namespace
}  // namespace postrider::dns
