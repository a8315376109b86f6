#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/base/der.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/net/tls_certificate.hpp>

namespace postrider::net {
namespace {

using namespace std::string_literals;

TEST(TlsCertificate, GivesWhatIsInIt) {
  TestPki pki;
  pki.make_ca("rootca");
  pki.make("leaf", {.issuer = "rootca",
                    .subject = "the name",
                    .extensions = "subjectAltName=DNS:a.example,DNS:*.b.example,IP:192.0.2.1,"
                                  "IP:2001:db8::1,email:x@y.example\n"
                                  "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth",
                    .algorithm = "RSA -pkeyopt rsa_keygen_bits:2048"});
  const auto leaf_der = parse_pem(pki.certificate("leaf")).at(0).der;
  const auto leaf = parse_certificate(leaf_der);
  ASSERT_TRUE(leaf.has_value());
  EXPECT_EQ(leaf->common_name, "the name");
  EXPECT_EQ(leaf->dns_names, (std::vector<std::string_view>{"a.example", "*.b.example"}));
  ASSERT_EQ(leaf->addresses.size(), 2U);
  EXPECT_EQ(leaf->addresses[0], "\xc0\x00\x02\x01"s);
  EXPECT_FALSE(leaf->is_ca);
  EXPECT_FALSE(leaf->may_sign_certificates);
  EXPECT_TRUE(leaf->may_serve_tls);
  const auto now = std::time(nullptr);
  EXPECT_NEAR(static_cast<double>(leaf->not_before), static_cast<double>(now), 100);
  EXPECT_EQ(leaf->not_after - leaf->not_before, 30 * 86400);
  EXPECT_EQ(leaf->spki, SigningKey::parse_pem(pki.key("leaf"))->encode_public());
  const auto root_der = parse_pem(pki.certificate("rootca")).at(0).der;
  const auto root = parse_certificate(root_der);
  ASSERT_TRUE(root.has_value());
  EXPECT_TRUE(root->is_ca);
  EXPECT_TRUE(root->may_sign_certificates);
  EXPECT_TRUE(root->may_serve_tls);
  EXPECT_EQ(root->subject, root->issuer);
  EXPECT_EQ(leaf->issuer, root->subject);
}

TEST(TlsCertificate, RefusesDamagedOnes) {
  const auto identity = make_self_signed_identity({"a.example"});
  const auto der = parse_pem(identity->certificate_pem).at(0).der;
  ASSERT_TRUE(parse_certificate(der).has_value());
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(parse_certificate(std::string_view(der).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(parse_certificate(der + "x").has_value());
  for (std::size_t at = 0; at < der.size(); ++at) {
    auto damaged = der;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    (void)parse_certificate(damaged);  // whatever it says, it reads nothing that is not there
  }
}

TEST(TlsCertificate, HashesAsTheSignatureDoes) {
  TestPki pki;
  const auto hash = [&](const std::string& name, const TestPki::Options& options) {
    pki.make(name, options);
    const auto der = parse_pem(pki.certificate(name)).at(0).der;
    return hash_for_end_point(*parse_certificate(der));
  };
  pki.make("plain", {});
  const auto der = parse_pem(pki.certificate("plain")).at(0).der;
  EXPECT_EQ(hash_for_end_point(*parse_certificate(der)), std::string(sha256(der).view()));
  EXPECT_EQ(
      hash("sha384", {.issuer = {}, .subject = {}, .extensions = {}, .digest = "sha384"})->size(),
      48U);
  EXPECT_EQ(hash("rsa512", {.issuer = {},
                            .subject = {},
                            .extensions = {},
                            .algorithm = "RSA -pkeyopt rsa_keygen_bits:2048",
                            .digest = "sha512"})
                ->size(),
            64U);
  EXPECT_EQ(hash("sha1", {.issuer = {}, .subject = {}, .extensions = {}, .digest = "sha1"})->size(),
            32U);
  EXPECT_FALSE(hash("ed", {.issuer = {}, .subject = {}, .extensions = {}, .algorithm = "ed25519"})
                   .has_value());
}

TEST(TlsCertificate, MatchesHosts) {
  CertificateView certificate;
  const auto address = "\xc0\x00\x02\x01"s;
  certificate.dns_names = {"mail.example.org", "*.example.net",   "*.com",
                           "m*.example.edu",   "a.*.example.edu", "",
                           "192.0.2.7"};
  certificate.addresses = {address};
  struct Row {
    const char* host;
    bool is_match;
  };
  for (const auto& row : {
           Row{"mail.example.org", true},
           Row{"MAIL.Example.ORG", true},
           Row{"mail.example.org.", true},
           Row{"example.org", false},
           Row{"x.mail.example.org", false},
           Row{"mail.example.or", false},
           Row{"a.example.net", true},
           Row{"A.EXAMPLE.NET", true},
           Row{"example.net", false},
           Row{"a.b.example.net", false},
           Row{".example.net", false},
           Row{"example.com", false},
           Row{"mx.example.edu", false},
           Row{"m*.example.edu", true},  // an exact match of itself, which no host is
           Row{"a.b.example.edu", false},
           Row{"", false},
           Row{".", false},
           Row{"192.0.2.1", true},
           Row{"192.0.2.2", false},
           Row{"192.0.2.7", false},
           Row{"::ffff:192.0.2.1", false},
       }) {
    EXPECT_EQ(is_certificate_for(certificate, row.host), row.is_match) << row.host;
  }
}

std::string constraints(const std::vector<std::string>& permitted,
                        const std::vector<std::string>& excluded, unsigned type = 2) {
  const auto list = [type](unsigned tag, const std::vector<std::string>& names) {
    std::string subtrees;
    for (const auto& name : names) {
      subtrees += encode_der(der_tag::sequence, encode_der(der_tag::context_primitive(type), name));
    }
    return names.empty() ? std::string() : encode_der(der_tag::context(tag), subtrees);
  };
  return encode_der(der_tag::sequence, list(0, permitted) + list(1, excluded));
}

TEST(TlsCertificate, ObeysNameConstraints) {
  struct Row {
    std::string constraints;
    const char* host;
    bool is_permitted;
  };
  for (const auto& row : {
           Row{"", "a.example", true},
           Row{constraints({"example.org"}, {}), "example.org", true},
           Row{constraints({"example.org"}, {}), "a.b.Example.org", true},
           Row{constraints({"example.org"}, {}), "badexample.org", false},
           Row{constraints({"example.org"}, {}), "example.net", false},
           Row{constraints({".example.org"}, {}), "a.example.org", true},
           Row{constraints({"example.net", "example.org"}, {}), "example.org", true},
           Row{constraints({}, {"example.org"}), "a.example.org", false},
           Row{constraints({}, {"example.org"}), "a.example.net", true},
           Row{constraints({"example.org"}, {"a.example.org"}), "x.a.example.org", false},
           Row{constraints({"example.org"}, {"a.example.org"}), "b.example.org", true},
           Row{constraints({}, {""}), "a.example.org", false},
           Row{constraints({"x@example.org"}, {}, 1), "a.example.org", true},
           Row{constraints({std::string(8, '\0')}, {}, 7), "192.0.2.1", false},
           Row{constraints({std::string(8, '\0')}, {}, 7), "a.example.org", true},
           Row{constraints({"example.org"}, {}), "192.0.2.1", true},
           Row{"garbage", "a.example.org", false},
           Row{encode_der(der_tag::sequence, "garbage"), "a.example.org", false},
       }) {
    EXPECT_EQ(permits_host(row.constraints, row.host), row.is_permitted) << row.host;
  }
}

}  // namespace
}  // namespace postrider::net
