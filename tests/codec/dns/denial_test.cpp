#include "signed_world.hpp"

#include <postrider/base/base64.hpp>

namespace postrider::dns {
namespace {

using Kind = Claim::Kind;
constexpr RecordType a = RecordType::a;

std::string base32(const Sha1Digest& digest) {
  static constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
  std::string out;
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : digest) {
    bits = bits << 8U | octet;
    for (held += 8; held >= 5; held -= 5) {
      out += digits[bits >> (held - 5) & 31U];
    }
  }
  return out;
}

// Hashes around one, so that a span may match or cover it.
Sha1Digest moved(Sha1Digest digest, int by) {
  digest[19] = static_cast<std::uint8_t>(digest[19] + by);
  return digest;
}

struct Nsec3Zone {
  std::uint16_t iterations = 1;
  std::uint8_t flags = 0;
  std::uint8_t algorithm = 1;

  [[nodiscard]] Nsec3Parameters parameters() const {
    return {.algorithm = 1, .iterations = iterations, .salt = "salt"};
  }
  [[nodiscard]] RrSet between(const Sha1Digest& from, const Sha1Digest& to,
                              const std::vector<RecordType>& types) const {
    std::string rdata;
    rdata += static_cast<char>(algorithm);
    rdata += static_cast<char>(flags);
    rdata += octets16(iterations) + "\4salt\x14" + std::string(to.begin(), to.end());
    return set_of(base32(from) + ".a.test", RecordType::nsec3, {rdata + bitmap(types)});
  }
  [[nodiscard]] RrSet matching(std::string_view name, const std::vector<RecordType>& types) const {
    const Sha1Digest hash = nsec3_hash(name_of(name), parameters());
    return between(hash, moved(hash, 1), types);
  }
  [[nodiscard]] RrSet covering(std::string_view name) const {
    const Sha1Digest hash = nsec3_hash(name_of(name), parameters());
    return between(moved(hash, -1), moved(hash, 1), {a});
  }
};

struct Denials : SignedWorld {
  // Where no proof names its zone, the way down is looked for: no cut below the zone.
  Denials() {
    for (const std::string name : {"b.a.test", "c.a.test"}) {
      put(name, RecordType::ds, {}, {zone.sign(nsec_set(name, "d.a.test", {a}))});
    }
  }
  [[nodiscard]] std::vector<RrSet> signed_by_zone(std::vector<RrSet> sets) const {
    for (RrSet& set : sets) {
      set = zone.sign(std::move(set));
    }
    return sets;
  }
  Security no_name(const std::string& name, std::vector<RrSet> sets) {
    return deny(Kind::no_such_name, name, a, signed_by_zone(std::move(sets))).security;
  }
  Security no_type(const std::string& name, std::vector<RrSet> sets, RecordType type = a) {
    return deny(Kind::no_data, name, type, signed_by_zone(std::move(sets))).security;
  }
};

TEST(Nsec, NoSuchName) {
  Denials world;
  const RrSet span = nsec_set("b.a.test", "d.a.test", {a});
  const RrSet no_wildcard = nsec_set("a.test", "b.a.test", {RecordType::soa, RecordType::ns});
  EXPECT_EQ(world.no_name("c.a.test", {span, no_wildcard}), Security::secure);
  EXPECT_EQ(world.no_name("x.c.a.test", {span, no_wildcard}), Security::secure);
  EXPECT_EQ(world.no_name("c.a.test", {span}), Security::bogus);         // a wildcard may be there
  EXPECT_EQ(world.no_name("c.a.test", {no_wildcard}), Security::bogus);  // and the name itself
  EXPECT_EQ(world.no_name("b.a.test", {span, no_wildcard}), Security::bogus);
  EXPECT_EQ(world.no_name("e.a.test", {span, no_wildcard}), Security::bogus);
  EXPECT_EQ(world.no_name("c.a.test", {}), Security::bogus);
}

TEST(Nsec, TheLastSpanLeadsBackToTheApex) {
  Denials world;
  const RrSet last = nsec_set("y.a.test", "a.test", {a});
  const RrSet first = nsec_set("a.test", "b.a.test", {RecordType::soa});
  EXPECT_EQ(world.no_name("z.a.test", {last, first}), Security::secure);
  EXPECT_EQ(world.no_name("x.a.test", {last, first}), Security::bogus);
}

TEST(Nsec, NoSuchType) {
  Denials world;
  EXPECT_EQ(world.no_type("b.a.test", {nsec_set("b.a.test", "c.a.test", {RecordType::mx})}),
            Security::secure);
  EXPECT_EQ(world.no_type("b.a.test", {nsec_set("b.a.test", "c.a.test", {a})}), Security::bogus);
  EXPECT_EQ(world.no_type("b.a.test", {nsec_set("b.a.test", "c.a.test", {RecordType::cname})}),
            Security::bogus);
  // Empty: names below it exist.
  EXPECT_EQ(world.no_type("c.a.test", {nsec_set("b.a.test", "x.c.a.test", {a})}), Security::secure);
  EXPECT_EQ(world.no_name("c.a.test", {nsec_set("b.a.test", "x.c.a.test", {a}),
                                       nsec_set("a.test", "b.a.test", {RecordType::soa})}),
            Security::bogus);
  // A wildcard that has no such type.
  const RrSet span = nsec_set("b.a.test", "d.a.test", {a});
  EXPECT_EQ(world.no_type("c.a.test", {span, nsec_set("*.a.test", "b.a.test", {RecordType::mx})}),
            Security::secure);
  EXPECT_EQ(world.no_type("c.a.test", {span, nsec_set("*.a.test", "b.a.test", {a})}),
            Security::bogus);
}

// RFC 6840 4.1: the parent's NSEC at a delegation knows nothing of what lies there and below.
TEST(Nsec, ADelegationDeniesNothingButDs) {
  Denials world;
  const RrSet delegation = nsec_set("b.a.test", "d.a.test", {RecordType::ns, RecordType::rrsig});
  const RrSet no_wildcard = nsec_set("a.test", "b.a.test", {RecordType::soa});
  EXPECT_EQ(world.no_name("x.b.a.test", {delegation, no_wildcard}), Security::bogus);
  EXPECT_EQ(world.no_type("b.a.test", {delegation}), Security::bogus);
  EXPECT_EQ(world.no_type("b.a.test", {delegation}, RecordType::ds), Security::secure);
  const RrSet dname = nsec_set("b.a.test", "d.a.test", {RecordType::dname});
  EXPECT_EQ(world.no_name("x.b.a.test", {dname, no_wildcard}), Security::bogus);
  // And the child's own says nothing of the DS (RFC 6840 4.4).
  const RrSet apex = nsec_set("a.test", "b.a.test", {RecordType::soa, RecordType::ns});
  EXPECT_EQ(world.no_type("a.test", {apex}, RecordType::ds), Security::bogus);
  EXPECT_EQ(world.no_type("a.test", {apex}), Security::secure);
}

TEST(Nsec, SignaturesOverProofs) {
  Denials world;
  const RrSet span = nsec_set("b.a.test", "c.a.test", {RecordType::mx});
  EXPECT_EQ(world.deny(Kind::no_data, "b.a.test", a, {span}).security, Security::bogus);
  const TestZone forger("a.test", 88);
  EXPECT_EQ(world.deny(Kind::no_data, "b.a.test", a, {forger.sign(span)}).security,
            Security::bogus);
  // Made of a wildcard: it was another name's.
  const RrSet expanded = world.zone.sign(span, [](Rrsig& s) { s.labels = 2; });
  EXPECT_EQ(world.deny(Kind::no_data, "b.a.test", a, {expanded}).security, Security::bogus);
}

TEST(Nsec, WildcardAnswers) {
  Denials world;
  const RrSet made =
      world.zone.sign(set_of("x.y.a.test", a, {address}), [](Rrsig& s) { s.labels = 2; });
  EXPECT_EQ(world.judge(made).security, Security::bogus);
  EXPECT_EQ(world.judge(made, {world.zone.sign(nsec_set("*.a.test", "z.a.test", {a}))}).security,
            Security::secure);
  // A name closer to it exists, so that this wildcard does not apply.
  EXPECT_EQ(world.judge(made, {world.zone.sign(nsec_set("y.a.test", "z.a.test", {a}))}).security,
            Security::bogus);
}

TEST(Nsec3, NoSuchName) {
  Denials world;
  const Nsec3Zone zone;
  const RrSet encloser = zone.matching("a.test", {RecordType::soa, RecordType::ns});
  const RrSet next_closer = zone.covering("b.a.test");
  const RrSet no_wildcard = zone.covering("*.a.test");
  EXPECT_EQ(world.no_name("b.a.test", {encloser, next_closer, no_wildcard}), Security::secure);
  EXPECT_EQ(world.no_name("x.y.b.a.test", {encloser, next_closer, no_wildcard}), Security::secure);
  EXPECT_EQ(world.no_name("b.a.test", {next_closer, no_wildcard}), Security::bogus);
  EXPECT_EQ(world.no_name("b.a.test", {encloser, no_wildcard}), Security::bogus);
  EXPECT_EQ(world.no_name("b.a.test", {encloser, next_closer}), Security::bogus);
  EXPECT_EQ(world.no_name("b.a.test",
                          {encloser, next_closer, no_wildcard, zone.matching("b.a.test", {a})}),
            Security::bogus);
  // Below a delegation or a DNAME the zone knows nothing.
  for (const RecordType type : {RecordType::ns, RecordType::dname}) {
    EXPECT_EQ(
        world.no_name("x.b.a.test", {zone.matching("b.a.test", {type}), zone.covering("x.b.a.test"),
                                     zone.covering("*.b.a.test")}),
        Security::bogus);
  }
}

TEST(Nsec3, NoSuchType) {
  Denials world;
  const Nsec3Zone zone;
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::mx})}),
            Security::secure);
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {a})}), Security::bogus);
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::cname})}),
            Security::bogus);
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::ns})}),
            Security::bogus);
  EXPECT_EQ(
      world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::ns})}, RecordType::ds),
      Security::secure);
  EXPECT_EQ(world.no_type("b.a.test",
                          {zone.matching("a.test", {RecordType::soa}), zone.covering("b.a.test"),
                           zone.matching("*.a.test", {RecordType::mx})}),
            Security::secure);
}

TEST(Nsec3, OptOutIsInsecure) {
  Denials world;
  Nsec3Zone zone;
  const RrSet encloser = zone.matching("a.test", {RecordType::soa});
  const RrSet no_wildcard = zone.covering("*.a.test");
  zone.flags = Nsec3::opt_out_flag;
  const RrSet next_closer = zone.covering("b.a.test");
  EXPECT_EQ(world.no_name("b.a.test", {encloser, next_closer, no_wildcard}), Security::insecure);
  EXPECT_EQ(world.no_type("b.a.test", {encloser, next_closer}, RecordType::ds), Security::insecure);
}

TEST(Nsec3, WildcardAnswers) {
  Denials world;
  const Nsec3Zone zone;
  const RrSet made =
      world.zone.sign(set_of("x.y.a.test", a, {address}), [](Rrsig& s) { s.labels = 2; });
  EXPECT_EQ(world.judge(made, {world.zone.sign(zone.covering("y.a.test"))}).security,
            Security::secure);
  EXPECT_EQ(world.judge(made, {world.zone.sign(zone.covering("x.y.a.test"))}).security,
            Security::bogus);
}

// RFC 9276 3.2, CVE-2023-50868.
TEST(Nsec3, Iterations) {
  const struct {
    std::uint16_t iterations;
    Security expected;
  } cases[] = {{150, Security::secure},
               {151, Security::insecure},
               {500, Security::insecure},
               {501, Security::bogus},
               {65'535, Security::bogus}};
  for (const auto& row : cases) {
    Denials world;
    Nsec3Zone honest;
    honest.iterations = std::min<std::uint16_t>(row.iterations, 150);
    RrSet set = honest.matching("b.a.test", {RecordType::mx});
    // The iterations stand behind algorithm and flags.
    set.rdatas[0].replace(2, 2, octets16(row.iterations));
    EXPECT_EQ(world.no_type("b.a.test", {set}), row.expected) << row.iterations;
    EXPECT_EQ(world.effort.nsec3_hashes, row.iterations <= 150 ? 1U : 0U);
    // Nobody makes a zone insecure by a number that the zone has not signed.
    EXPECT_EQ(world.deny(Kind::no_data, "b.a.test", a, {set}).security, Security::bogus);
  }
}

TEST(Nsec3, UnknownAlgorithmsAndFlagsCountForNothing) {
  Denials world;
  Nsec3Zone zone;
  zone.algorithm = 2;
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::mx})}),
            Security::bogus);
  zone = {};
  zone.flags = 2;
  EXPECT_EQ(world.no_type("b.a.test", {zone.matching("b.a.test", {RecordType::mx})}),
            Security::bogus);
}

TEST(Nsec3, NamesToHash) {
  Denials world;
  const Nsec3Zone zone;
  std::vector<Claim> claims;
  std::string deep = "a.test";
  for (unsigned i = 0; i < 90; ++i) {
    deep = "x." + deep;
  }
  const Verdict verdict =
      world.deny(Kind::no_such_name, deep, a, {world.zone.sign(zone.covering("other.test"))});
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "more than 64 names to hash");
  EXPECT_EQ(world.effort.nsec3_hashes, dnssec_limits::nsec3_hashes);
}

TEST(Nsec, TooManyProofs) {
  Denials world;
  std::vector<RrSet> many;
  for (unsigned i = 0; i <= dnssec_limits::denial_sets; ++i) {
    many.push_back(nsec_set("b" + std::to_string(i) + ".a.test", "c.a.test", {a}));
  }
  many.push_back(nsec_set("b.a.test", "c.a.test", {RecordType::mx}));  // would prove it
  const Verdict verdict = world.deny(Kind::no_data, "b.a.test", a, world.signed_by_zone(many));
  EXPECT_EQ(verdict.security, Security::bogus);
  EXPECT_EQ(verdict.reason, "more than 32 NSEC or NSEC3 sets about b.a.test");
}

// RFC 5155 appendix A.
TEST(Nsec3, HashOfTheStandard) {
  const Nsec3Parameters parameters{
      .algorithm = 1, .iterations = 12, .salt = decode_hex("aabbccdd").value()};
  EXPECT_EQ(base32(nsec3_hash(name_of("example"), parameters)), "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
  EXPECT_EQ(base32(nsec3_hash(name_of("*.W.example"), parameters)),
            "r53bq7cc2uvmubfu5ocmm6pers9tk9en");
  EXPECT_EQ(parse_hash_label("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            nsec3_hash(name_of("example"), parameters));
}

}  // namespace
}  // namespace postrider::dns
