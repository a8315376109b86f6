#include "service/delivery/host_tls.hpp"

#include "../../net/fixed_resolver.hpp"
#include "../../net/tls_test_support.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include <postrider/base/digest.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/net/tls_certificate.hpp>

// What TLS with a host must be, by who asks for it, and what a session is worth under that.
namespace postrider::delivery {
namespace {

using dns::RecordType;
using net::DnsSecurity;
using net::FixedResolver;
using policy::StsMode;
using policy::TlsLevel;
using report::TlsFailureType;
using report::TlsPolicyType;
using Check = HostTls::Check;
using Plan = Result<HostTls, TlsObjection>;

constexpr const char* host = "mx.example.org";
const IpAddress address = IpAddress::parse("192.0.2.1").value();

Target target_of(TlsLevel level, bool dane = true) {
  Target target;
  target.domain = "example.org";
  target.tls.level = level;
  target.tls.dane = dane;
  target.is_authentic = dane;
  return target;
}
std::shared_ptr<const policy::StsPolicy> sts(StsMode mode, std::vector<std::string> mx) {
  return std::make_shared<const policy::StsPolicy>(
      policy::StsPolicy{.mode = mode, .max_age = std::chrono::hours(24), .mx = std::move(mx)});
}

engine::Task<void> ask(net::Resolver* resolver, const Target* target, std::optional<Plan>* plan) {
  plan->emplace(co_await plan_host_tls(*resolver, *target, host, 25, {}));
}
Plan plan(net::Resolver& resolver, const Target& target) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  std::optional<Plan> out;
  simulation->run(ask(&resolver, &target, &out));
  return *std::move(out);
}

struct WithTlsa : FixedResolver {
  explicit WithTlsa(DnsSecurity security = DnsSecurity::secure,
                    const dns::Tlsa& record = {3, 1, 1, std::string(32, 'd')}) {
    add(host, RecordType::a, security, address);
    add("_25._tcp.mx.example.org", RecordType::tlsa, security, record);
  }
};

TEST(HostTls, TheLevelDecidesWhereNobodyElseDoes) {
  const struct {
    TlsLevel level;
    bool is_off;
    bool is_mandatory;
    Check check;
  } cases[] = {
      {TlsLevel::off, true, false, Check::nothing},
      {TlsLevel::opportunistic, false, false, Check::nothing},
      {TlsLevel::required, false, true, Check::nothing},
      {TlsLevel::verified, false, true, Check::pkix},
      {TlsLevel::fingerprint, false, true, Check::fingerprint},
  };
  for (const auto& row : cases) {
    FixedResolver nothing;
    const Plan found = plan(nothing, target_of(row.level, false));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->is_off, row.is_off);
    EXPECT_EQ(found->is_mandatory, row.is_mandatory);
    EXPECT_EQ(found->check, row.check);
    EXPECT_EQ(found->report_as, TlsPolicyType::no_policy_found);
    EXPECT_TRUE(nothing.asked.empty());  // no TLSA records are looked for
  }
}

TEST(HostTls, TlsaRecordsMakeItMandatory) {
  WithTlsa resolver;
  const Plan found = plan(resolver, target_of(TlsLevel::opportunistic));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->check, Check::dane);
  EXPECT_TRUE(found->is_mandatory);
  EXPECT_EQ(found->records.size(), 1U);
  EXPECT_EQ(found->references, std::vector<std::string>{host});
  EXPECT_EQ(found->report_as, TlsPolicyType::tlsa);
}

// What the path did not prove, or nobody validated, counts for nothing.
TEST(HostTls, RecordsThatAreNotSecureDoNotCount) {
  for (const auto security : {DnsSecurity::insecure, DnsSecurity::indeterminate}) {
    WithTlsa resolver(security);
    const Plan found = plan(resolver, target_of(TlsLevel::opportunistic));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->check, Check::nothing);
    EXPECT_FALSE(found->is_mandatory);
  }
}

// RFC 7672 2.1.2: never "no records".
TEST(HostTls, RecordsThatCanNotBeHadKeepTheHostFromBeingUsed) {
  for (const auto security : {DnsSecurity::bogus, DnsSecurity::indeterminate}) {
    FixedResolver resolver;
    resolver.add(host, RecordType::a, DnsSecurity::secure, address);
    resolver.fail("_25._tcp.mx.example.org", RecordType::tlsa, security, "SERVFAIL");
    const Plan found = plan(resolver, target_of(TlsLevel::opportunistic));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().enhanced, (smtp::EnhancedCode{4, 7, 5}));
    EXPECT_EQ(found.error().type, TlsFailureType::dnssec_invalid);
    EXPECT_EQ(found.error().report_as, TlsPolicyType::tlsa);
    EXPECT_FALSE(found.error().is_permanent);
    EXPECT_TRUE(found.error().text.contains("SERVFAIL"));
  }
}

TEST(HostTls, MtaStsNamesItsHosts) {
  FixedResolver nothing;
  Target target = target_of(TlsLevel::opportunistic, false);
  target.tls.sts = sts(StsMode::enforce, {"*.example.org"});
  Plan found = plan(nothing, target);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->check, Check::pkix);
  EXPECT_TRUE(found->is_mandatory);
  EXPECT_EQ(found->report_as, TlsPolicyType::sts);
  target.tls.sts = sts(StsMode::enforce, {"other.example.org"});
  found = plan(nothing, target);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().type, TlsFailureType::validation_failure);
  EXPECT_EQ(found.error().report_as, TlsPolicyType::sts);
  target.tls.sts = sts(StsMode::testing, {"other.example.org"});
  found = plan(nothing, target);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_sts_testing);
  EXPECT_TRUE(found->is_sts_name_wrong);
  EXPECT_FALSE(found->is_mandatory);
  EXPECT_EQ(found->check, Check::nothing);
}

// RFC 8461 2.
TEST(HostTls, DaneWinsOverMtaSts) {
  WithTlsa resolver;
  Target target = target_of(TlsLevel::opportunistic);
  target.tls.sts = sts(StsMode::enforce, {"other.example.org"});
  const Plan found = plan(resolver, target);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->check, Check::dane);
  EXPECT_EQ(found->report_as, TlsPolicyType::tlsa);
}

// RFC 8689 4.2.1.
TEST(HostTls, RequireTlsNeedsAProofOfWhoTheHostIs) {
  FixedResolver nothing;
  Target target = target_of(TlsLevel::opportunistic, false);
  target.tls.require_tls = true;
  Plan found = plan(nothing, target);
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().is_permanent);
  EXPECT_EQ(found.error().enhanced, (smtp::EnhancedCode{5, 7, 30}));
  EXPECT_EQ(found.error().type, TlsFailureType::dane_required);
  target.tls.sts = sts(StsMode::testing, {host});  // RFC 8689 4.2.1: named is named
  found = plan(nothing, target);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->check, Check::pkix);
  EXPECT_TRUE(found->wants_requiretls);
  WithTlsa resolver;
  target = target_of(TlsLevel::opportunistic);
  target.tls.require_tls = true;
  found = plan(resolver, target);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->check, Check::dane);
  EXPECT_TRUE(found->wants_requiretls);
}

TEST(HostTls, SessionsAreResumedUnderTheSameDemandOnly) {
  FixedResolver nothing;
  std::vector<std::string> keys;
  keys.push_back(plan(nothing, target_of(TlsLevel::required, false))->key);
  keys.push_back(plan(nothing, target_of(TlsLevel::verified, false))->key);
  for (const char* fingerprint : {"one", "two"}) {
    Target target = target_of(TlsLevel::fingerprint, false);
    target.tls.fingerprints = {fingerprint};
    keys.push_back(plan(nothing, target)->key);
  }
  for (const char digest : {'d', 'e'}) {
    WithTlsa resolver(DnsSecurity::secure, {3, 1, 1, std::string(32, digest)});
    keys.push_back(plan(resolver, target_of(TlsLevel::opportunistic))->key);
  }
  Target testing = target_of(TlsLevel::opportunistic, false);
  testing.tls.sts = sts(StsMode::testing, {host});
  keys.push_back(plan(nothing, testing)->key);
  auto sorted = keys;
  std::ranges::sort(sorted);
  EXPECT_TRUE(std::ranges::unique(sorted).empty());
  // In any order the records are the same demand.
  WithTlsa one;
  one.add("_25._tcp.mx.example.org", RecordType::tlsa, DnsSecurity::secure,
          dns::Tlsa{3, 0, 1, "x"});
  FixedResolver other;
  other.add(host, RecordType::a, DnsSecurity::secure, address);
  for (const dns::Tlsa& record : {dns::Tlsa{3, 0, 1, "x"}, {3, 1, 1, std::string(32, 'd')}}) {
    other.add("_25._tcp.mx.example.org", RecordType::tlsa, DnsSecurity::secure, record);
  }
  EXPECT_EQ(plan(one, target_of(TlsLevel::opportunistic))->key,
            plan(other, target_of(TlsLevel::opportunistic))->key);
}

// A session with a host that has a certificate of its own making.
class JudgedSessions : public testing::Test {
 protected:
  JudgedSessions() : JudgedSessions(*net::make_self_signed_identity({host})) {}
  explicit JudgedSessions(net::TlsIdentity identity)
      : identity_(std::move(identity)),
        pair_(net::client_context({}), net::server_context({.identity = identity_}), host) {
    EXPECT_TRUE(pair_.shake());
  }
  [[nodiscard]] JudgedSession judge(const HostTls& plan, const Target& target,
                                    const net::TrustAnchors* anchors = nullptr) const {
    return judge_session(plan, target, host, pair_.client, anchors,
                         std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  }
  [[nodiscard]] const std::string& der() const { return pair_.client.peer_chain().front(); }
  [[nodiscard]] dns::Tlsa record(unsigned usage) const {
    return {static_cast<std::uint8_t>(usage), 0, 1, std::string(sha256(der()).view())};
  }
  [[nodiscard]] static HostTls dane(std::vector<dns::Tlsa> records) {
    HostTls plan;
    plan.check = Check::dane;
    plan.records = std::move(records);
    plan.references = {host};
    return plan;
  }

  net::TlsIdentity identity_;
  net::TlsPair pair_;
  Target target_ = target_of(TlsLevel::opportunistic);
};

TEST_F(JudgedSessions, DaneMatchesOrNothingIsSent) {
  JudgedSession judged = judge(dane({record(3)}), target_);
  EXPECT_FALSE(judged.objection || judged.remark || judged.only_for_domain);
  judged = judge(dane({{3, 0, 1, std::string(32, 'x')}}), target_);
  ASSERT_TRUE(judged.objection);
  EXPECT_EQ(judged.objection->type, TlsFailureType::validation_failure);
  EXPECT_TRUE(judged.objection->text.starts_with("DANE: "));
}

// RFC 7672 3.1.3, and RFC 8689 4.2.1 for who wants a proof.
TEST_F(JudgedSessions, UnusableRecordsLeaveItEncryptedAndUnproven) {
  HostTls plan = dane({record(1)});
  JudgedSession judged = judge(plan, target_);
  EXPECT_FALSE(judged.objection);
  ASSERT_TRUE(judged.remark);
  EXPECT_EQ(judged.remark->type, TlsFailureType::tlsa_invalid);
  plan.wants_requiretls = true;
  judged = judge(plan, target_);
  ASSERT_TRUE(judged.objection);
  EXPECT_EQ(judged.objection->type, TlsFailureType::tlsa_invalid);
}

TEST_F(JudgedSessions, FingerprintsNameTheCertificate) {
  HostTls plan;
  plan.check = Check::fingerprint;
  target_.tls.fingerprints = {std::string(32, 'x'), std::string(sha256(der()).view())};
  EXPECT_FALSE(judge(plan, target_).objection);
  target_.tls.fingerprints.pop_back();
  const JudgedSession judged = judge(plan, target_);
  ASSERT_TRUE(judged.objection);
  EXPECT_EQ(judged.objection->type, TlsFailureType::certificate_not_trusted);
}

TEST_F(JudgedSessions, TestingIsRemarkedUponAndGoesOn) {
  HostTls plan;
  plan.is_sts_testing = true;
  const auto other = *net::make_self_signed_identity({"elsewhere.example"});
  const auto strangers = *net::TrustAnchors::parse(other.certificate_pem, "the test");
  JudgedSession judged = judge(plan, target_, strangers.get());
  EXPECT_FALSE(judged.objection);
  ASSERT_TRUE(judged.remark);
  EXPECT_EQ(judged.remark->type, TlsFailureType::certificate_not_trusted);
  const auto own = *net::TrustAnchors::parse(identity_.certificate_pem, "the test");
  EXPECT_FALSE(judge(plan, target_, own.get()).remark);
  plan.is_sts_name_wrong = true;
  judged = judge(plan, target_, own.get());
  ASSERT_TRUE(judged.remark);
  EXPECT_EQ(judged.remark->type, TlsFailureType::validation_failure);
}

// RFC 7672 3.2.2: a connection that the recipients' domain alone vouches for is nobody else's.
class SessionsForTheDomain : public JudgedSessions {
 protected:
  SessionsForTheDomain() : JudgedSessions(identity_of_domain()) {}

  static net::TlsIdentity identity_of_domain() {
    net::TestPki pki;
    pki.make_ca("root");
    pki.make_leaf("leaf", "root", "example.org");
    return pki.identity({"leaf", "root"});
  }
};

TEST_F(SessionsForTheDomain, ACertificateOfTheDomainServesItAlone) {
  const std::string& root = pair_.client.peer_chain().at(1);
  const HostTls plan = dane({{2, 0, 1, std::string(sha256(root).view())}});
  JudgedSession judged = judge(plan, target_);
  EXPECT_FALSE(judged.objection);
  EXPECT_TRUE(judged.only_for_domain);
  target_.domain = "neighbour.example";
  judged = judge(plan, target_);
  EXPECT_TRUE(judged.objection);
  EXPECT_FALSE(judged.only_for_domain);
}

TEST(FailureType, IsTheOneThatReportsKnow) {
  using net::TlsErrorKind;
  EXPECT_EQ(failure_type(TlsErrorKind::certificate_expired), TlsFailureType::certificate_expired);
  EXPECT_EQ(failure_type(TlsErrorKind::certificate_name),
            TlsFailureType::certificate_host_mismatch);
  EXPECT_EQ(failure_type(TlsErrorKind::certificate_untrusted),
            TlsFailureType::certificate_not_trusted);
  EXPECT_EQ(failure_type(TlsErrorKind::protocol), TlsFailureType::validation_failure);
  EXPECT_EQ(failure_type(std::nullopt), TlsFailureType::validation_failure);
}

}  // namespace
}  // namespace postrider::delivery
