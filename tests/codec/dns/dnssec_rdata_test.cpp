#include "codec/dns/dnssec_rdata.hpp"

#include "codec/dns/signature.hpp"
#include "wire.hpp"

#include <array>
#include <gtest/gtest.h>

#include <postrider/codec/dns/message.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>

namespace postrider::dns {
namespace {

WireName name(std::string_view text) {
  return WireName::from_text(text).value();
}

// IANA's KSK-2017, as dns-root-data has it.
const std::string root_key =
    std::string("\1\1\3\10", 4) +
    decode_base64(
        "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN"
        "7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8"
        "efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLY"
        "A4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=")
        .value();

TEST(DnsKey, TagAndDigestOfTheRootsKey) {
  const auto key = parse_dnskey(root_key);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->tag, 20326);
  EXPECT_EQ(key->algorithm, 8);
  EXPECT_TRUE(key->may_sign_zone());
  const TrustAnchors anchors = TrustAnchors::iana();
  const auto* anchor = anchors.closest(name("mx.example.org"));
  ASSERT_NE(anchor, nullptr);
  ASSERT_EQ(anchor->second.ds.size(), 2U);
  unsigned matching = 0;
  for (const std::string& ds : anchor->second.ds) {
    matching += matches_ds(parse_ds(ds).value(), WireName(), root_key) ? 1 : 0;
    EXPECT_FALSE(matches_ds(parse_ds(ds).value(), name("org"), root_key));
  }
  EXPECT_EQ(matching, 1U);
}

// RFC 8080 6.1.
TEST(Signature, Ed25519OfTheStandard) {
  const std::string key_rdata =
      std::string("\1\1\3\17", 4) +
      decode_base64("l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=").value();
  const auto key = parse_dnskey(key_rdata);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->tag, 3613);
  RrSet set{.owner = name("example.com"),
            .type = RecordType::mx,
            .ttl = 3600,
            .rdatas = {std::string("\0\12", 2) + wire_name({"MAIL", "example", "com"})}};
  Rrsig rrsig{.covered = RecordType::mx,
              .algorithm = 15,
              .labels = 2,
              .original_ttl = 3600,
              .expiration = 1440021600,
              .inception = 1438207200,
              .key_tag = 3613,
              .signer = name("example.com"),
              .signature = decode_base64("oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QL"
                                         "s3fx8A4M3e23mRZ9VrbpMngwcrqNAg==")
                               .value()};
  EXPECT_TRUE(verify_signature(set, rrsig, *key));  // names are compared in lower case
  ++rrsig.expiration;
  EXPECT_FALSE(verify_signature(set, rrsig, *key));
  --rrsig.expiration;
  rrsig.signature.pop_back();
  EXPECT_FALSE(verify_signature(set, rrsig, *key));
}

// Keys of which one check takes milliseconds, or that no library should be asked about.
TEST(Signature, KeysThatNoZoneHas) {
  const RrSet set{.owner = name("a"), .type = RecordType::a, .rdatas = {"\1\2\3\4"}};
  Rrsig rrsig{.covered = RecordType::a, .labels = 1, .signature = std::string(256, 'x')};
  const std::string modulus(256, '\xC5');
  for (const std::string& key :
       {std::string(), std::string("\0", 1), std::string("\0\1\1", 3) + modulus,
        "\x9" + std::string(9, '\xFF') + modulus, "\3\1\0\1" + std::string(16, '\xC5'),
        "\3" + std::string("\1\0\1", 3) + std::string(513, '\xC5'), std::string("\3\1", 2)}) {
    for (const std::uint8_t algorithm : std::array<std::uint8_t, 8>{5, 7, 8, 10, 13, 14, 15, 16}) {
      rrsig.algorithm = algorithm;
      EXPECT_FALSE(verify_signature(set, rrsig, {.algorithm = algorithm, .key = key}));
    }
  }
}

TEST(Rrsig, Parts) {
  const std::string rdata = u16(15) + "\15\2" + wire("00000e10 65000000 64000000") + u16(777) +
                            wire_name({"Example", "com"}) + "signature";
  const auto rrsig = parse_rrsig(rdata);
  ASSERT_TRUE(rrsig);
  EXPECT_EQ(rrsig->covered, RecordType::mx);
  EXPECT_EQ(rrsig->algorithm, 13);
  EXPECT_EQ(rrsig->labels, 2);
  EXPECT_EQ(rrsig->original_ttl, 3600U);
  EXPECT_EQ(rrsig->expiration, 0x65000000U);
  EXPECT_EQ(rrsig->inception, 0x64000000U);
  EXPECT_EQ(rrsig->key_tag, 777);
  EXPECT_EQ(rrsig->signer, name("example.com"));
  EXPECT_EQ(rrsig->signature, "signature");
  for (std::size_t cut = 0; cut <= rdata.size() - 9; ++cut) {
    EXPECT_FALSE(parse_rrsig(std::string_view(rdata).substr(0, cut))) << cut;
  }
  // A compressed signer (RFC 4034 3.1.7).
  EXPECT_FALSE(parse_rrsig(rdata.substr(0, 18) + "\xC0\x0Csignature"));
}

TEST(Ds, Parts) {
  const std::string rdata = u16(20326) + "\10\2digest";
  const auto ds = parse_ds(rdata);
  ASSERT_TRUE(ds);
  EXPECT_EQ(ds->key_tag, 20326);
  EXPECT_EQ(ds->digest, "digest");
  EXPECT_FALSE(parse_ds(u16(20326) + "\10\2"));
  EXPECT_FALSE(parse_ds("\1"));
  EXPECT_FALSE(matches_ds({.digest_type = 3, .digest = "digest"}, name("a"), "key"));
}

TEST(TypeBitmap, Windows) {
  // RFC 4034 4.3: A, MX, RRSIG, NSEC and type 1234.
  const std::string octets =
      wire("0006 400100000003 041b 00000000000000000000000000000000000000000000000000 0020");
  const auto types = TypeBitmap::read(octets);
  ASSERT_TRUE(types);
  for (const unsigned type : {1U, 15U, 46U, 47U, 1234U}) {
    EXPECT_TRUE(types->has(static_cast<RecordType>(type))) << type;
  }
  for (const unsigned type : {0U, 2U, 6U, 16U, 48U, 255U, 256U, 1233U, 65535U}) {
    EXPECT_FALSE(types->has(static_cast<RecordType>(type))) << type;
  }
}

TEST(TypeBitmap, Malformed) {
  for (const std::string_view hex :
       {"00", "0000", "0002ff", "0021", "000140 000140", "010140 000140", "000140 01"}) {
    EXPECT_FALSE(TypeBitmap::read(wire(hex))) << hex;
  }
  EXPECT_TRUE(TypeBitmap::read(""));
}

TEST(Nsec3, Malformed) {
  const std::string good =
      wire("01 00 0001 04 aabbccdd 14") + std::string(20, 'h') + wire("000140");
  ASSERT_TRUE(parse_nsec3(good));
  EXPECT_EQ(parse_nsec3(good)->parameters.iterations, 1);
  for (std::size_t cut = 0; cut < 30; ++cut) {
    EXPECT_FALSE(parse_nsec3(std::string_view(good).substr(0, cut))) << cut;
  }
  EXPECT_FALSE(parse_nsec3(wire("02") + good.substr(1)));    // another hash
  EXPECT_FALSE(parse_nsec3(wire("0180") + good.substr(2)));  // unknown flags
  EXPECT_FALSE(parse_nsec3(wire("01 00 0001 00 13") + std::string(19, 'h')));
}

TEST(Nsec3, HashLabels) {
  EXPECT_TRUE(parse_hash_label(std::string(32, 'v')));
  EXPECT_FALSE(parse_hash_label(std::string(31, 'v')));
  EXPECT_FALSE(parse_hash_label(std::string(33, 'v')));
  EXPECT_FALSE(parse_hash_label(std::string(31, 'v') + "w"));
  EXPECT_FALSE(parse_hash_label(std::string(31, 'v') + "-"));
}

TEST(TrustAnchors, Files) {
  const auto anchors = TrustAnchors::parse(
      "; autotrust trust anchor file\n"
      "$TTL 3600\n"
      ".\t172800\tIN\tDNSKEY\t257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4= ;{id = 3613 "
      "(ksk), size = 256b} ;;state=2 [  VALID  ]\r\n"
      "\n"
      "Corp.example. IN DS 1 13 2 " +
      std::string(64, 'a') + " # ours\n");
  ASSERT_TRUE(anchors) << anchors.error();
  EXPECT_EQ(anchors->closest(name("x.corp.example"))->first, name("corp.example"));
  EXPECT_EQ(anchors->closest(name("example"))->first, WireName());
  EXPECT_EQ(anchors->closest(name("example"))->second.keys.size(), 1U);
  EXPECT_NE(anchors->fingerprint(), TrustAnchors::iana().fingerprint());
}

TEST(TrustAnchors, WhatIsNone) {
  const struct {
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"", "no DS or DNSKEY record"},
      {"; nothing\n", "no DS or DNSKEY record"},
      {"\nexample. IN A 127.0.0.1\n", "line 2"},
      {"nonsense\n", "line 1"},
      {". IN DS 1 12 2 aa\n", "known algorithm"},
      {". IN DS 1 13 9 aa\n", "known algorithm"},
      {". IN DNSKEY 0 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n", "line 1"},
  };
  for (const auto& row : cases) {
    const auto anchors = TrustAnchors::parse(row.text);
    ASSERT_FALSE(anchors) << row.text;
    EXPECT_TRUE(anchors.error().contains(row.error)) << anchors.error();
  }
}

// What a response to a query with DO carries for the proof.
TEST(Evidence, SetsAndTheirSignatures) {
  const Query query{.id = 7,
                    .question = {.name = "a.example", .type = RecordType::mx},
                    .edns = Edns{.dnssec_ok = true}};
  const std::string owner = wire_name({"a", "example"});
  const auto rrsig = [&](unsigned covered) {
    return u16(covered) + "\15\2" + wire("00000e10 65000000 64000000") + u16(777) +
           wire_name({"example"}) + "signature";
  };
  std::string message = header(7, 0x8000, {.answers = 6, .authorities = 2}) + owner + u16(15) +
                        u16(1) + record("\xC0\x0C", 15, u16(10) + "\2MX\xC0\x0C") +
                        record("\xC0\x0C", 15, u16(10) + "\2MX\xC0\x0C") +
                        record("\xC0\x0C", 15, u16(5) + "\2mx\xC0\x0E") +
                        record("\xC0\x0C", 46, rrsig(15)) + record("\xC0\x0C", 46, rrsig(1)) +
                        record("\xC0\x0C", 46, "\1") +  // can't be read: signs nothing
                        record("\xC0\x0C", 47, wire_name({"b"}) + wire("000140")) +
                        record("\xC0\x0C", 46, rrsig(47));
  auto response = parse_response(message, query);
  ASSERT_TRUE(response);
  const Evidence& evidence = response->evidence;
  ASSERT_EQ(evidence.answers.size(), 1U);
  EXPECT_EQ(evidence.answers[0].rdatas.size(), 2U);  // doubles are one
  EXPECT_EQ(evidence.answers[0].rdatas[1], u16(10) + wire_name({"MX", "a", "example"}));
  EXPECT_EQ(evidence.answers[0].signatures.size(), 1U);
  ASSERT_EQ(evidence.authorities.size(), 1U);
  EXPECT_EQ(evidence.authorities[0].signatures.size(), 1U);
  // Without DO nothing is collected.
  Query plain = query;
  plain.edns->dnssec_ok = false;
  response = parse_response(message, plain);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->evidence, Evidence());
}

TEST(Query, FlagsOfDnssec) {
  for (const bool flag : {false, true}) {
    const Query query{.id = 1,
                      .question = {.name = "a", .type = RecordType::ds},
                      .checking_disabled = flag,
                      .authenticated_data = !flag,
                      .edns = Edns{.dnssec_ok = flag}};
    EXPECT_EQ(parse_query(encode_query(query).value()).value(), query);
  }
}

}  // namespace
}  // namespace postrider::dns
