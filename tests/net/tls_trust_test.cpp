#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/pem.hpp>

namespace postrider::net {
namespace {

constexpr const char* host = "mail.example.org";
constexpr const char* ca = "basicConstraints=critical,CA:true";

class TlsTrust : public testing::Test {
 protected:
  // A PKI with every way to go wrong; made once.
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
    pki.make_ca("stranger");
    pki.make_leaf("strange", "stranger", host);
    pki.make_ca("clone", "", "", "root");
    pki.make_leaf("cloned", "clone", host);
    pki.make_ca("clone_middle", "clone", "", "middle");
    pki.make_leaf("cloned_deep", "clone_middle", host);
    pki.make_leaf("below_leaf", "leaf", host);
    pki.make("expired", leaf_options("root", "", -1));
    pki.make("expired_middle", {.issuer = "root", .subject = {}, .extensions = ca, .days = -1});
    pki.make_leaf("below_expired", "expired_middle", host);
    pki.make("client_only", leaf_options("root", "\nextendedKeyUsage=clientAuth"));
    pki.make("server_too", leaf_options("root", "\nextendedKeyUsage=clientAuth,serverAuth"));
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
    pki.make_ca("below_constrained", "constrained", "", "ca.example.net");
    pki.make_leaf("not_permitted", "below_constrained", host);
    pki.make_leaf("permitted", "below_constrained", "mail.example.net");
    auto rsa = leaf_options("root", "");
    rsa.algorithm = "RSA -pkeyopt rsa_keygen_bits:1024";
    pki.make("short_key", rsa);
    rsa.algorithm = "RSA -pkeyopt rsa_keygen_bits:2048";
    pki.make("long_key", rsa);
    auto weak = leaf_options("root", "");
    weak.digest = "sha1";
    pki.make("sha1", weak);
    pki.make("address",
             {.issuer = "root", .subject = {}, .extensions = "subjectAltName=IP:192.0.2.1"});
  }
  static void TearDownTestSuite() { delete pki_; }

  static TestPki::Options leaf_options(const std::string& issuer, const std::string& more,
                                       int days = 30) {
    return {.issuer = issuer,
            .subject = {},
            .extensions = std::string("subjectAltName=DNS:") + host + more,
            .days = days};
  }
  static std::vector<std::string> chain(const std::vector<std::string>& names) {
    std::vector<std::string> ders;
    for (const auto& name : names) {
      ders.push_back(parse_pem(pki_->certificate(name)).at(0).der);
    }
    return ders;
  }
  static std::shared_ptr<const TrustAnchors> trust(const std::vector<std::string>& names) {
    std::string pem;
    for (const auto& name : names) {
      pem += pki_->certificate(name);
    }
    return *TrustAnchors::parse(pem, "test");
  }

  static TestPki* pki_;
};
TestPki* TlsTrust::pki_ = nullptr;

struct TrustRow {
  std::vector<std::string> chain;
  std::string host;
  std::optional<TlsErrorKind> wrong;
};

TEST_F(TlsTrust, JudgesChains) {
  using enum TlsErrorKind;
  const auto anchors = trust({"root"});
  for (const auto& row : std::vector<TrustRow>{
           {{"direct"}, host, {}},
           {{"direct", "root"}, host, {}},
           {{"leaf", "middle"}, host, {}},
           {{"leaf", "middle", "root"}, host, {}},
           {{"deep", "lower", "middle"}, host, {}},
           {{"deep", "middle", "lower"}, host, {}},                     // out of order
           {{"deep", "stranger", "middle", "lower", "own"}, host, {}},  // with strangers
           {{"server_too"}, host, {}},
           {{"long_key"}, host, {}},
           {{"permitted", "below_constrained", "constrained"}, "mail.example.net", {}},
           {{"address"}, "192.0.2.1", {}},
           {{}, host, certificate_untrusted},
           {{"leaf"}, host, certificate_untrusted},
           {{"deep", "middle"}, host, certificate_untrusted},
           {{"deep", "lower"}, host, certificate_untrusted},
           {{"own"}, host, certificate_untrusted},
           {{"strange", "stranger"}, host, certificate_untrusted},
           {{"cloned"}, host, certificate_untrusted},
           {{"cloned", "clone"}, host, certificate_untrusted},
           {{"cloned", "root"}, host, certificate_untrusted},
           {{"cloned_deep", "clone_middle"}, host, certificate_untrusted},
           {{"cloned_deep", "clone_middle", "clone"}, host, certificate_untrusted},
           {{"cloned_deep", "middle", "clone_middle"}, host, certificate_untrusted},
           {{"below_leaf", "leaf", "middle"}, host, certificate_untrusted},
           {{"expired"}, host, certificate_expired},
           {{"below_expired", "expired_middle"}, host, certificate_untrusted},
           {{"client_only"}, host, certificate_untrusted},
           {{"below_crl_only", "crl_only"}, host, certificate_untrusted},
           {{"too_deep", "one_more", "no_more"}, host, certificate_untrusted},
           {{"not_permitted", "below_constrained", "constrained"}, host, certificate_untrusted},
           {{"short_key"}, host, certificate_untrusted},
           {{"sha1"}, host, certificate_untrusted},
           {{"direct"}, "mail.example.com", certificate_name},
           {{"direct"}, "example.org", certificate_name},
           {{"direct"}, "192.0.2.1", certificate_name},
           {{"address"}, "192.0.2.2", certificate_name},
           {{"address"}, host, certificate_name},
       }) {
    const auto verdict = anchors->verify(chain(row.chain), row.host);
    SCOPED_TRACE(testing::PrintToString(row.chain) + " for " + row.host);
    EXPECT_EQ(verdict.has_value(), !row.wrong.has_value()) << (verdict ? "" : verdict.error().text);
    if (!verdict && row.wrong) {
      EXPECT_EQ(verdict.error().kind, *row.wrong) << verdict.error().text;
    }
  }
}

TEST_F(TlsTrust, NothingOfOneVerificationReachesTheNext) {
  const auto anchors = trust({"root"});
  EXPECT_TRUE(anchors->verify(chain({"leaf", "middle"}), host).has_value());
  EXPECT_FALSE(anchors->verify(chain({"leaf"}), host).has_value());
  EXPECT_FALSE(anchors->verify(chain({"cloned_deep", "clone_middle", "clone"}), host).has_value());
  EXPECT_FALSE(anchors->verify(chain({"cloned_deep"}), host).has_value());
}

TEST_F(TlsTrust, AnAnchorMayBeAnyCertificate) {
  EXPECT_TRUE(trust({"own"})->verify(chain({"own"}), host).has_value());
  EXPECT_TRUE(trust({"middle"})->verify(chain({"leaf"}), host).has_value());
  EXPECT_TRUE(trust({"clone", "root"})->verify(chain({"cloned"}), host).has_value());
  EXPECT_TRUE(trust({"clone", "root"})->verify(chain({"direct"}), host).has_value());
}

TEST_F(TlsTrust, AnExpiredAnchorVouchesForNobody) {
  if (is_system_wolfssl) {
    GTEST_SKIP() << "the system's wolfSSL lets an expired anchor vouch";
  }
  EXPECT_FALSE(trust({"expired_middle"})->verify(chain({"below_expired"}), host).has_value());
}

TEST_F(TlsTrust, ReadsBundles) {
  const auto bundle = TrustAnchors::load(pki_->path("root", ".pem"));
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ((*bundle)->size(), 1U);
  EXPECT_EQ(TrustAnchors::load("/nonexistent").error().kind, TlsErrorKind::unreadable_file);
  EXPECT_EQ(TrustAnchors::load(pki_->path("root", ".key")).error().kind,
            TlsErrorKind::bad_trust_anchors);
  EXPECT_EQ(TrustAnchors::parse("", "x").error().kind, TlsErrorKind::bad_trust_anchors);
}

class TlsTrustInSessions : public TlsTrust {
 protected:
  TlsPair shaken(TlsVerify verify, const std::vector<std::string>& names,
                 TlsVersions versions = TlsVersions::from_1_2) {
    TlsPair pair(
        client_context({.verify = verify,
                        .trust = trust({"root"}),
                        .alpn = {},
                        .identity = {},
                        .versions = versions}),
        server_context(
            {.identity = pki_->identity(names), .by_name = {}, .alpn = {}, .ticket_keys = nullptr}),
        host);
    pair.shake();
    return pair;
  }
};

TEST_F(TlsTrustInSessions, RequireFailsTheHandshake) {
  for (const auto versions : {TlsVersions::only_1_2, TlsVersions::only_1_3}) {
    const auto good = shaken(TlsVerify::require, {"leaf", "middle"}, versions);
    EXPECT_EQ(good.client_step, TlsStep::done);
    EXPECT_TRUE(good.client.facts().is_verified);
    for (const auto& names : std::vector<std::vector<std::string>>{
             {"leaf"}, {"own"}, {"cloned", "clone"}, {"cloned_deep", "clone_middle"}}) {
      const auto bad = shaken(TlsVerify::require, names, versions);
      EXPECT_EQ(bad.client_step, TlsStep::failed);
      EXPECT_EQ(bad.client.error().kind, TlsErrorKind::certificate_untrusted)
          << bad.client.error().text;
      EXPECT_FALSE(bad.client.facts().is_verified);
    }
  }
}

TEST_F(TlsTrustInSessions, ReportOnlyTells) {
  const auto good = shaken(TlsVerify::report, {"leaf", "middle"});
  EXPECT_TRUE(good.client.facts().is_verified);
  EXPECT_EQ(good.client.facts().verify_error, "");
  const auto bad = shaken(TlsVerify::report, {"own"});
  EXPECT_EQ(bad.client_step, TlsStep::done);
  EXPECT_FALSE(bad.client.facts().is_verified);
  EXPECT_FALSE(bad.client.facts().verify_error.empty());
}

TEST_F(TlsTrustInSessions, NoneTakesWhoeverAnswers) {
  const auto bad = shaken(TlsVerify::none, {"expired"});
  EXPECT_EQ(bad.client_step, TlsStep::done);
  EXPECT_FALSE(bad.client.facts().is_verified);
  EXPECT_EQ(bad.client.peer_chain().size(), 1U);
}

}  // namespace
}  // namespace postrider::net
