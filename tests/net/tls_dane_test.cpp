#include "tls_test_support.hpp"

#include <chrono>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include <postrider/base/der.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/net/tls_dane.hpp>

namespace postrider::net {
namespace {

constexpr const char* host = "mx.example.org";
constexpr const char* ca = "basicConstraints=critical,CA:true";

WallTime in_days(int days) {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) +
         std::chrono::days(days);
}

class TlsDane : public testing::Test {
 protected:
  // root > middle > leaf, and the ways in which each can be wrong; made once.
  static void SetUpTestSuite() {
    pki_ = new TestPki();
    auto& pki = *pki_;
    pki.make_ca("root");
    pki.make_ca("middle", "root");
    pki.make_ca("lower", "middle");
    pki.make_leaf("leaf", "middle", host);
    pki.make_leaf("deep", "lower", host);
    pki.make_leaf("direct", "root", host);
    pki.make_leaf("own", "", host);
    pki.make_leaf("other", "", "other.example.net");
    pki.make_leaf("wildcard", "root", "*.example.org");
    pki.make_leaf("misnamed", "root", "other.example.net");
    pki.make("named_only",
             {.issuer = "root", .subject = host, .extensions = "keyUsage=digitalSignature"});
    pki.make("two_names", {.issuer = "root",
                           .subject = host,  // must not count beside a DNS name
                           .extensions = "subjectAltName=DNS:other.example.net"});
    pki.make("expired", leaf_options("root", "", -1));
    pki.make("expired_middle", {.issuer = "root", .subject = {}, .extensions = ca, .days = -1});
    pki.make_leaf("below_expired", "expired_middle", host);
    pki.make_ca("clone", "", "", "root");
    pki.make_leaf("cloned", "clone", host);
    pki.make("client_only", leaf_options("root", "\nextendedKeyUsage=clientAuth"));
    pki.make("critical", leaf_options("root", "\n1.2.3.4=critical,DER:0500"));
    pki.make_leaf("below_leaf", "leaf", host);
    pki.make("crl_only", {.issuer = "root",
                          .subject = {},
                          .extensions = std::string(ca) + "\nkeyUsage=critical,cRLSign"});
    pki.make_leaf("below_crl_only", "crl_only", host);
    pki.make_ca("no_more", "root", ",pathlen:0");
    pki.make_ca("one_more", "no_more");
    pki.make_leaf("too_deep", "one_more", host);
    pki.make("constrained", {.issuer = "root",
                             .subject = {},
                             .extensions = std::string(ca) +
                                           "\nnameConstraints=critical,permitted;DNS:example.net"});
    pki.make_leaf("not_permitted", "constrained", host);
    auto weak = leaf_options("root", "");
    weak.algorithm = "RSA -pkeyopt rsa_keygen_bits:1024";
    pki.make("rsa1024", weak);
    weak.algorithm = "RSA -pkeyopt rsa_keygen_bits:512";
    pki.make("rsa512", weak);
    weak.algorithm = "RSA -pkeyopt rsa_keygen_bits:2048";
    pki.make("rsa2048", weak);
    weak.digest = "sha1";
    pki.make("sha1", weak);
    pki.make("rsa_ca", {.issuer = {},
                        .subject = {},
                        .extensions = ca,
                        .algorithm = "RSA -pkeyopt rsa_keygen_bits:2048"});
    pki.make_leaf("below_rsa", "rsa_ca", host);
    weak.issuer = "rsa_ca";
    weak.digest = "md5";
    pki.make("md5", weak);
    pki.make("weak_ca", {.issuer = {},
                         .subject = {},
                         .extensions = ca,
                         .algorithm = "RSA -pkeyopt rsa_keygen_bits:1024"});
    pki.make_leaf("below_weak", "weak_ca", host);
    pki.make("ed_ca", {.issuer = {},
                       .subject = {},
                       .extensions = ca,
                       .algorithm = "ED25519",
                       .digest = "sha512"});
    pki.make_leaf("below_ed", "ed_ca", host);
  }
  static void TearDownTestSuite() { delete pki_; }

  static TestPki::Options leaf_options(const std::string& issuer, const std::string& more,
                                       int days = 30) {
    return {.issuer = issuer,
            .subject = {},
            .extensions = std::string("subjectAltName=DNS:") + host + more,
            .days = days};
  }
  static std::string der(const std::string& name) {
    return parse_pem(pki_->certificate(name)).at(0).der;
  }
  static std::vector<std::string> chain(const std::vector<std::string>& names) {
    std::vector<std::string> ders;
    for (const auto& name : names) {
      ders.push_back(der(name));
    }
    return ders;
  }
  // "3 1 1 leaf": the record that a tool would make of this certificate.
  static dns::Tlsa tlsa(const std::string& text) {
    const auto octets = der(text.substr(6));
    const std::string whole =
        text[2] == '1' ? std::string(parse_certificate(octets)->spki) : octets;
    const char matching = text[4];
    return {.usage = static_cast<std::uint8_t>(text[0] - '0'),
            .selector = static_cast<std::uint8_t>(text[2] - '0'),
            .matching_type = static_cast<std::uint8_t>(matching - '0'),
            .data = matching == '0' ? whole : digest(matching == '1' ? "sha256" : "sha512", whole)};
  }
  // By another library than the one under test.
  static std::string digest(const std::string& kind, const std::string& octets) {
    const auto in = pki_->path("digest", ".in");
    const auto out = pki_->path("digest", ".out");
    std::ofstream(in) << octets;
    const auto command = "openssl dgst -binary -" + kind + " -out " + out + " " + in;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ostringstream text;
    text << std::ifstream(out).rdbuf();
    return text.str();
  }
  static std::vector<dns::Tlsa> tlsas(const std::vector<std::string>& texts) {
    std::vector<dns::Tlsa> records;
    for (const auto& text : texts) {
      records.push_back(tlsa(text));
    }
    return records;
  }
  static DaneResult verify(const std::vector<std::string>& names,
                           const std::vector<std::string>& records,
                           const std::vector<std::string>& references = {host}, int days = 0) {
    return verify_dane(chain(names), tlsas(records), references, in_days(days));
  }

  static TestPki* pki_;
};

TestPki* TlsDane::pki_ = nullptr;

struct Row {
  const char* what;
  std::vector<std::string> chain;
  std::vector<std::string> records;
  DaneVerdict verdict;
  const char* text;  // a part of it
};

constexpr auto matched = DaneVerdict::matched;
constexpr auto no_match = DaneVerdict::no_match;
constexpr auto unusable = DaneVerdict::unusable;

TEST_F(TlsDane, JudgesTheLeafByItself) {
  const std::vector<Row> rows{
      {"key, SHA-256", {"own"}, {"3 1 1 own"}, matched, "depth 0"},
      {"key, SHA-512", {"own"}, {"3 1 2 own"}, matched, "3 1 2"},
      {"whole key", {"own"}, {"3 1 0 own"}, matched, "3 1 0"},
      {"certificate, SHA-256", {"own"}, {"3 0 1 own"}, matched, "3 0 1"},
      {"certificate, SHA-512", {"own"}, {"3 0 2 own"}, matched, "3 0 2"},
      {"whole certificate", {"own"}, {"3 0 0 own"}, matched, "3 0 0"},
      {"another's key", {"own"}, {"3 1 1 other"}, no_match, "matches none"},
      {"another's certificate, whole", {"own"}, {"3 0 0 other"}, no_match, "3 0 0"},
      {"rollover, old key", {"own"}, {"3 1 1 own", "3 1 1 other"}, matched, ""},
      {"rollover, new key", {"own"}, {"3 1 1 other", "3 1 1 own"}, matched, ""},
      {"names don't count", {"other"}, {"3 1 1 other"}, matched, ""},
      {"dates don't count", {"expired"}, {"3 1 1 expired"}, matched, ""},
      {"the chain does not count", {"leaf", "other"}, {"3 0 1 leaf"}, matched, ""},
      {"an issuer is no leaf", {"leaf", "middle"}, {"3 1 1 middle"}, no_match, ""},
      {"RSA 2048", {"rsa2048"}, {"3 1 1 rsa2048"}, matched, ""},
      {"RSA 1024", {"rsa1024"}, {"3 1 1 rsa1024"}, matched, ""},
      {"RSA 512", {"rsa512"}, {"3 1 1 rsa512"}, no_match, "below 1024"},
      {"its signature does not count", {"md5"}, {"3 1 1 md5"}, matched, ""},
  };
  for (const auto& row : rows) {
    const auto result = verify(row.chain, row.records);
    EXPECT_EQ(result.verdict, row.verdict) << row.what << ": " << result.text;
    EXPECT_TRUE(result.text.contains(row.text)) << row.what << ": " << result.text;
  }
}

TEST_F(TlsDane, LooksForTheIssuerAboveTheLeaf) {
  const std::vector<Row> rows{
      {"issuer", {"direct", "root"}, {"2 1 1 root"}, matched, "depth 1"},
      {"issuer by certificate", {"direct", "root"}, {"2 0 1 root"}, matched, "depth 1"},
      {"root above an intermediate",
       {"leaf", "middle", "root"},
       {"2 0 2 root"},
       matched,
       "depth 2"},
      {"the intermediate itself", {"leaf", "middle"}, {"2 1 1 middle"}, matched, "depth 1"},
      {"three levels", {"deep", "lower", "middle", "root"}, {"2 1 2 root"}, matched, "depth 3"},
      {"in any order", {"deep", "root", "other", "middle", "lower"}, {"2 1 2 root"}, matched, ""},
      {"root only in the record", {"direct"}, {"2 0 0 root"}, matched, "depth 1"},
      {"root only in the record, deep", {"leaf", "middle"}, {"2 0 0 root"}, matched, "depth 2"},
      {"key only in the record", {"direct"}, {"2 1 0 root"}, matched, "the key at depth 1"},
      {"key only in the record, deep", {"leaf", "middle"}, {"2 1 0 root"}, matched, "depth 2"},
      {"RSA issuer", {"below_rsa", "rsa_ca"}, {"2 1 1 rsa_ca"}, matched, ""},
      {"RSA key only", {"below_rsa"}, {"2 1 0 rsa_ca"}, matched, ""},
      {"Ed25519 issuer", {"below_ed", "ed_ca"}, {"2 1 1 ed_ca"}, matched, ""},
      {"Ed25519 key only", {"below_ed"}, {"2 1 0 ed_ca"}, matched, ""},
      {"wildcard", {"wildcard", "root"}, {"2 1 1 root"}, matched, ""},
      {"common name where no other is", {"named_only", "root"}, {"2 1 1 root"}, matched, ""},
      {"digest of a root that is not shown", {"leaf", "middle"}, {"2 1 1 root"}, no_match, "7671"},
      {"digest of an intermediate not shown", {"leaf", "root"}, {"2 1 1 root"}, no_match, "lead"},
      {"another root", {"direct", "root"}, {"2 1 1 clone"}, no_match, "none of the 2"},
      {"a clone of the root", {"cloned", "clone"}, {"2 1 1 root"}, no_match, "none of the 2"},
      {"under a clone, with the root", {"cloned", "root"}, {"2 1 1 root"}, no_match, "lead"},
      {"under a clone, with both", {"cloned", "clone", "root"}, {"2 1 1 root"}, no_match, "lead"},
      {"under a clone, root in the record", {"cloned", "clone"}, {"2 0 0 root"}, no_match, "lead"},
      {"under a clone, key in the record", {"cloned", "clone"}, {"2 1 0 root"}, no_match, "lead"},
      {"signed by itself", {"own"}, {"2 0 1 own"}, no_match, ""},
      {"signed by itself, twice", {"own", "own"}, {"2 0 1 own"}, no_match, ""},
      {"signed by itself, whole", {"own"}, {"2 0 0 own"}, no_match, ""},
      {"not for us", {"misnamed", "root"}, {"2 1 1 root"}, no_match, "other.example.net"},
      {"common name beside another", {"two_names", "root"}, {"2 1 1 root"}, no_match, "not for"},
      {"expired leaf", {"expired", "root"}, {"2 1 1 root"}, no_match, "depth 0 has expired"},
      {"expired middle",
       {"below_expired", "expired_middle", "root"},
       {"2 1 1 root"},
       no_match,
       "depth 1 has expired"},
      {"expired anchor",
       {"below_expired", "expired_middle"},
       {"2 1 1 expired_middle"},
       no_match,
       "depth 1 has expired"},
      {"leaf that signs", {"below_leaf", "leaf", "middle"}, {"2 1 1 middle"}, no_match, "may not"},
      {"leaf as anchor", {"below_leaf", "leaf"}, {"2 1 1 leaf"}, no_match, "may not sign"},
      {"CA for CRLs", {"below_crl_only", "crl_only"}, {"2 1 1 crl_only"}, no_match, "may not sign"},
      {"path length", {"too_deep", "one_more", "no_more"}, {"2 1 1 no_more"}, no_match, "fewer"},
      {"constrained", {"not_permitted", "constrained"}, {"2 1 1 constrained"}, no_match, "vouch"},
      {"for clients", {"client_only", "root"}, {"2 1 1 root"}, no_match, "TLS servers"},
      {"critical extension", {"critical", "root"}, {"2 1 1 root"}, no_match, "critical"},
      {"SHA-1", {"sha1", "root"}, {"2 1 1 root"}, no_match, "SHA-1"},
      {"MD5", {"md5", "rsa_ca"}, {"2 1 1 rsa_ca"}, no_match, "MD5"},
      {"RSA 1024 leaf", {"rsa1024", "root"}, {"2 1 1 root"}, no_match, "depth 0 has an RSA key"},
      {"RSA 1024 anchor",
       {"below_weak", "weak_ca"},
       {"2 1 1 weak_ca"},
       no_match,
       "depth 1 has an RSA"},
      {"RSA 1024 key", {"below_weak"}, {"2 1 0 weak_ca"}, no_match, "the key is RSA"},
  };
  for (const auto& row : rows) {
    const auto result = verify(row.chain, row.records);
    EXPECT_EQ(result.verdict, row.verdict) << row.what << ": " << result.text;
    EXPECT_TRUE(result.text.contains(row.text)) << row.what << ": " << result.text;
  }
}

TEST_F(TlsDane, WeighsSeveralRecords) {
  const std::vector<Row> rows{
      {"one of both usages", {"own"}, {"2 1 1 root", "3 1 1 own"}, matched, "3 1 1"},
      {"issuer after the leaf", {"direct", "root"}, {"3 1 1 own", "2 1 1 root"}, matched, "2 1 1"},
      {"good beside unusable", {"own"}, {"1 1 1 own", "3 1 1 own"}, matched, ""},
      {"bad beside unusable", {"own"}, {"1 1 1 own", "3 1 1 other"}, no_match, "3 1 1"},
      {"PKIX-EE", {"own"}, {"1 1 1 own"}, unusable, "PKIX"},
      {"PKIX-TA", {"direct", "root"}, {"0 0 1 root"}, unusable, "PKIX"},
      // RFC 7671 9: the weaker digest does not count where there is a stronger one.
      {"stale SHA-512 beside SHA-256", {"own"}, {"3 1 1 own", "3 1 2 other"}, no_match, ""},
      {"stale SHA-256 beside SHA-512", {"own"}, {"3 1 1 other", "3 1 2 own"}, matched, "3 1 2"},
      {"another selector's SHA-512", {"own"}, {"3 1 1 own", "3 0 2 other"}, matched, "3 1 1"},
      {"another usage's SHA-512", {"own"}, {"3 1 1 own", "2 1 2 root"}, matched, "3 1 1"},
      {"whole data beside digests", {"own"}, {"3 1 0 own", "3 1 2 other"}, matched, "3 1 0"},
      {"anchor of the record, another's digest",
       {"direct"},
       {"2 0 0 root", "2 0 2 clone"},
       matched,
       ""},
  };
  for (const auto& row : rows) {
    const auto result = verify(row.chain, row.records);
    EXPECT_EQ(result.verdict, row.verdict) << row.what << ": " << result.text;
    EXPECT_TRUE(result.text.contains(row.text)) << row.what << ": " << result.text;
  }
}

TEST_F(TlsDane, KnowsWhatItCannotUse) {
  const auto good = tlsa("3 1 1 own");
  const auto with = [&](auto change) {
    auto record = good;
    change(record);
    return verify_dane(chain({"own"}), {record}, {host}, in_days(0));
  };
  using Tlsa = dns::Tlsa;
  const std::vector<std::function<void(Tlsa&)>> changes{
      [](Tlsa& r) { r.usage = 4; },
      [](Tlsa& r) { r.usage = 255; },
      [](Tlsa& r) { r.selector = 2; },
      [](Tlsa& r) { r.matching_type = 3; },
      [](Tlsa& r) { r.matching_type = 255; },
      [](Tlsa& r) { r.data.pop_back(); },
      [](Tlsa& r) { r.data += 'x'; },
      [](Tlsa& r) { r.data.clear(); },
      [](Tlsa& r) { r.matching_type = 2; },
      [](Tlsa& r) { r.matching_type = 0; },  // a digest is no key
      [](Tlsa& r) { r.matching_type = 0, r.selector = 0; },
      [](Tlsa& r) { r.matching_type = 0, r.data = tlsa("3 1 0 own").data + "x"; },
      [](Tlsa& r) { r.matching_type = 0, r.selector = 0, r.data = tlsa("3 0 0 own").data + "x"; },
      [](Tlsa& r) { r.matching_type = 0, r.selector = 1, r.data = tlsa("3 0 0 own").data; },
      [](Tlsa& r) {
        r.matching_type = 0, r.selector = 0, r.data = tlsa("3 0 0 own").data.substr(9);
      },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto result = with(changes[i]);
    EXPECT_EQ(result.verdict, DaneVerdict::unusable) << i << ": " << result.text;
    EXPECT_TRUE(result.text.contains("can't be used")) << i << ": " << result.text;
  }
  EXPECT_EQ(with([](Tlsa&) {}).verdict, DaneVerdict::matched);
  EXPECT_EQ(verify_dane(chain({"own"}), {}, {host}, in_days(0)).verdict, DaneVerdict::unusable);
}

TEST_F(TlsDane, AnyReferenceNameWillDo) {
  const std::vector<std::string> shown{"direct", "root"};
  const std::vector<std::string> records{"2 1 1 root"};
  EXPECT_EQ(verify(shown, records, {"example.org", "MX.Example.ORG."}).verdict, matched);
  EXPECT_EQ(verify(shown, records, {"example.org"}).verdict, no_match);
  EXPECT_EQ(verify(shown, records, {}).verdict, no_match);
  EXPECT_EQ(verify(shown, records, {""}).verdict, no_match);
  EXPECT_EQ(verify({"wildcard", "root"}, records, {"a.b.example.org"}).verdict, no_match);
  EXPECT_EQ(verify({"wildcard", "root"}, records, {"example.org"}).verdict, no_match);
}

TEST_F(TlsDane, TakesTheTimeFromItsCaller) {
  const std::vector<std::string> shown{"leaf", "middle", "root"};
  EXPECT_EQ(verify(shown, {"2 1 1 root"}, {host}, 20).verdict, matched);
  EXPECT_TRUE(verify(shown, {"2 1 1 root"}, {host}, 40).text.contains("has expired"));
  EXPECT_TRUE(verify(shown, {"2 1 1 root"}, {host}, -5).text.contains("not yet valid"));
  EXPECT_EQ(verify(shown, {"3 1 1 leaf"}, {host}, 4000).verdict, matched);
}

TEST_F(TlsDane, WithoutACertificateThereIsNoMatch) {
  EXPECT_EQ(verify({}, {"3 1 1 own"}).verdict, no_match);
  EXPECT_EQ(verify({}, {"1 1 1 own"}).verdict, unusable);
}

// Nothing that a peer or a zone can send may crash, match or take long.
TEST_F(TlsDane, TruncatedCertificatesMatchNothing) {
  const auto records = tlsas({"3 0 1 direct", "2 1 1 root", "2 1 0 root"});
  const auto whole = der("direct");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result =
        verify_dane({whole.substr(0, size), der("root")}, records, {host}, in_days(0));
    EXPECT_EQ(result.verdict, no_match) << size << result.text;
  }
  const auto root = der("root");
  const auto by_issuer = tlsas({"2 1 1 root"});
  for (std::size_t size = 0; size < root.size(); ++size) {
    const auto result = verify_dane({whole, root.substr(0, size)}, by_issuer, {host}, in_days(0));
    EXPECT_EQ(result.verdict, no_match) << size << result.text;
  }
}

TEST_F(TlsDane, TouchedCertificatesLeadNowhere) {
  const auto records = tlsas({"2 1 1 root"});
  const auto whole = der("direct");
  // What is signed, and the octets before it. In the encoding of the signature behind it a bit may
  // mean nothing: what was signed is then still what was signed.
  const auto body = DerReader(whole).next(der_tag::sequence).value().content;
  const auto is_signed = DerReader(body).next(der_tag::sequence).value().whole;
  const auto end = static_cast<std::size_t>(is_signed.data() + is_signed.size() - whole.data());
  for (std::size_t at = 0; at < end; ++at) {
    auto touched = whole;
    touched[at] = static_cast<char>(touched[at] ^ 0x04);
    const auto result = verify_dane({touched, der("root")}, records, {host}, in_days(0));
    EXPECT_EQ(result.verdict, no_match) << at << result.text;
  }
}

TEST_F(TlsDane, LongChainsAndSetsAreCut) {
  std::vector<std::string> shown = chain({"direct"});
  shown.insert(shown.end(), dane_limits::chain - 1, der("other"));
  shown.push_back(der("root"));
  EXPECT_EQ(verify_dane(shown, tlsas({"2 1 1 root"}), {host}, in_days(0)).verdict, no_match);
  shown.erase(shown.begin() + 1);
  EXPECT_EQ(verify_dane(shown, tlsas({"2 1 1 root"}), {host}, in_days(0)).verdict, matched);

  std::vector<dns::Tlsa> records(dane_limits::records, tlsa("3 1 1 other"));
  records.push_back(tlsa("3 1 1 own"));
  EXPECT_EQ(verify_dane(chain({"own"}), records, {host}, in_days(0)).verdict, no_match);
  records.erase(records.begin());
  EXPECT_EQ(verify_dane(chain({"own"}), records, {host}, in_days(0)).verdict, matched);
}

// Many certificates of one name and key, each a possible issuer of all others, below no anchor.
TEST_F(TlsDane, CirclesEnd) {
  TestPki pki;
  pki.make_ca("x0");
  std::vector<std::string> shown;
  for (int i = 1; i < 10; ++i) {
    const auto name = "x" + std::to_string(i);
    const auto command = "openssl req -x509 -key " + pki.path("x0", ".key") +
                         " -subj /CN=x0 -days 3 -addext basicConstraints=critical,CA:true -out " +
                         pki.path(name, ".pem") + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    shown.push_back(parse_pem(pki.certificate(name)).at(0).der);
  }
  const auto began = std::chrono::steady_clock::now();
  std::vector<dns::Tlsa> records(50, tlsa("2 1 0 root"));
  for (auto& record : records) {
    record.data[record.data.size() - 5] ^= static_cast<char>(&record - records.data());
  }
  const auto result = verify_dane(shown, records, {"x0"}, in_days(0));
  EXPECT_EQ(result.verdict, no_match);
  EXPECT_TRUE(result.text.contains("too many")) << result.text;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

TEST(DescribeTlsa, ShowsTheBeginningOfTheData) {
  EXPECT_EQ(describe_tlsa({3, 1, 1, "\x01\xff"}), "3 1 1 01ff");
  EXPECT_EQ(describe_tlsa({2, 0, 0, std::string(300, '\x2a')}), "2 0 0 2a2a2a2a2a2a2a2a...");
  EXPECT_EQ(describe_tlsa({255, 0, 0, ""}), "255 0 0 ");
}

}  // namespace
}  // namespace postrider::net
