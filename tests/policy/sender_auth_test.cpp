#include "policy/sender_auth_dns.hpp"
#include "table_resolver.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <map>

#include <postrider/base/assert.hpp>
#include <postrider/codec/arc/sealer.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/policy/sender_auth.hpp>

namespace postrider::policy {
namespace {

using dns::RecordType;

constexpr std::uint64_t now = 1'767'225'600;  // where the simulation begins

const std::string header = "From: Joe <joe@example.org>\r\nTo: a@example.net\r\nSubject: x\r\n";
const std::string body = "Hello.\r\n";

class SenderAuth : public testing::Test {
 protected:
  SenderAuth() {
    dns_.txt("s1._domainkey.example.org",
             dkim::encode_key_record(key_.algorithm(), key_.encode_public()));
    dns_.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    dns_.txt("example.org", "v=spf1 ip4:192.0.2.1 -all");
    dns_.txt("mail.example.org", "v=spf1 a -all");
    dns_.records.insert({"mail.example.org",
                         {"mail.example.org", RecordType::a, 60, *IpAddress::parse("192.0.2.1")}});
  }

  std::string sign(const std::string& message, const std::string& domain = "example.org") {
    const auto section = mime::scan_header(message);
    dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
    hasher.update(std::string_view(message).substr(section->body_offset()));
    return *dkim::sign(*section, hasher.finish(), key_,
                       {.domain = domain, .selector = "s1", .timestamp = now}) +
           message;
  }

  SenderAuthResult judge(const std::string& message, SenderAuthRequest request,
                         SenderAuthSettings settings = {.authserv_id = "mx.example.net"},
                         Duration patience = std::chrono::seconds(30)) {
    const auto section = mime::scan_header(message);
    check(section.has_value(), "the test's header can be read");
    Evidence evidence(*section);
    for (std::size_t at = section->body_offset(); at < message.size(); ++at) {
      evidence.update(std::string_view(message).substr(at, 1));
    }
    evidence.finish();
    SenderAuthResult result;
    auto& reactor = simulation_->reactor(0);
    simulation_->run(run(evidence, std::move(settings), std::move(request),
                         engine::Until{reactor.now() + patience}, result));
    return result;
  }

  engine::Task<void> run(const Evidence& evidence, SenderAuthSettings settings,
                         SenderAuthRequest request, engine::Until until, SenderAuthResult& result) {
    result = co_await judge_sender(dns_, simulation_->reactor(0), evidence, std::move(settings),
                                   std::move(request), until);
  }

  std::unique_ptr<engine::Simulation> simulation_ = engine::Simulation::create({});
  TableResolver dns_{simulation_->reactor(0)};
  SigningKey key_ = *SigningKey::generate_ed25519();
  const SenderAuthRequest good_{.ip = IpAddress::parse("192.0.2.1"),
                                .helo = "mail.example.org",
                                .mail_from = "bounce@example.org"};
  const SenderAuthRequest stranger_{.ip = IpAddress::parse("198.51.100.9"),
                                    .helo = "mail.example.org",
                                    .mail_from = "bounce@example.org"};
};

TEST_F(SenderAuth, FindsThatAllIsWell) {
  const auto result = judge(sign(header + "\r\n" + body), good_);
  EXPECT_EQ(result.spf_helo->result, spf::Result::pass);
  EXPECT_EQ(result.spf_mail_from->result, spf::Result::pass);
  ASSERT_EQ(result.dkim.size(), 1U);
  EXPECT_EQ(result.dkim[0].result, DkimResult::pass) << result.dkim[0].reason;
  EXPECT_EQ(result.dmarc.result, dmarc::Result::pass);
  EXPECT_TRUE(result.dmarc.dkim_aligned);
  EXPECT_TRUE(result.dmarc.spf_aligned);
  EXPECT_EQ(result.arc.status, arc::Status::none);
  const std::string text = mime::encode_authentication_results(
      to_authentication_results(result, good_, "mx.example.net"));
  for (const char* piece : {"mx.example.net;\r\n", "spf=pass", "smtp.mailfrom=bounce@example.org",
                            "smtp.helo=mail.example.org", "dkim=pass", "header.d=example.org",
                            "dmarc=pass (p=reject dis=none) header.from=example.org"}) {
    EXPECT_NE(text.find(piece), std::string::npos) << piece << " in " << text;
  }
  EXPECT_TRUE(mime::parse_authentication_results(text));
}

TEST_F(SenderAuth, SeesWhatWasChanged) {
  const std::string message = sign(header + "\r\n" + body);
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"Hello", "Hallo"}, {"Subject: x", "Subject: y"}, {"From: Joe", "From: Jim"}}) {
    std::string changed = message;
    changed.replace(changed.find(from), from.size(), to);
    const auto result = judge(changed, stranger_);
    EXPECT_EQ(result.dkim[0].result, DkimResult::fail) << from;
    EXPECT_EQ(result.spf_mail_from->result, spf::Result::fail);
    EXPECT_EQ(result.dmarc.result, dmarc::Result::fail);
    EXPECT_EQ(result.dmarc.disposition, dmarc::Policy::reject);
  }
}

TEST_F(SenderAuth, NeverCallsAnErrorAFailure) {
  dns_.dead = true;
  const auto begin = simulation_->reactor(0).now();
  const auto result = judge(sign(header + "\r\n" + body), good_, {}, std::chrono::seconds(7));
  EXPECT_EQ(result.spf_mail_from->result, spf::Result::temperror);
  EXPECT_EQ(result.spf_helo->result, spf::Result::temperror);
  EXPECT_EQ(result.dkim[0].result, DkimResult::temperror);
  EXPECT_EQ(result.dmarc.result, dmarc::Result::temperror);
  EXPECT_LE(simulation_->reactor(0).now() - begin, std::chrono::seconds(8));
}

TEST_F(SenderAuth, ChecksHeloForANullReversePath) {
  SenderAuthRequest null = good_;
  null.mail_from.clear();
  const auto result = judge(header + "\r\n" + body, null);
  EXPECT_EQ(result.spf_mail_from->result, spf::Result::pass);
  EXPECT_EQ(result.spf_mail_from->domain, "mail.example.org");
  EXPECT_TRUE(result.dmarc.spf_aligned);
  const auto unknown = judge(header + "\r\n" + body, {});
  EXPECT_FALSE(unknown.spf_mail_from);
  EXPECT_EQ(unknown.dmarc.result, dmarc::Result::fail);
}

TEST_F(SenderAuth, SaysWhyASignatureIsNoGood) {
  dns_.txt("revoked._domainkey.example.org", "v=DKIM1; p=");
  dns_.txt("broken._domainkey.example.org", "v=DKIM1; k=ed25519");
  dns_.txt("two._domainkey.example.org", "hello");
  dns_.txt("two._domainkey.example.org",
           dkim::encode_key_record(key_.algorithm(), key_.encode_public()));
  const std::string message = sign(header + "\r\n" + body);
  const auto result = [&](std::string_view from, std::string_view to) {
    std::string changed = message;
    changed.replace(changed.find(from), from.size(), to);
    return judge(changed, good_).dkim.at(0);
  };
  EXPECT_EQ(result("s=s1", "s=nokey").result, DkimResult::permerror);
  EXPECT_EQ(result("s=s1", "s=revoked").reason, "the key was revoked");
  EXPECT_EQ(result("s=s1", "s=broken").result, DkimResult::permerror);
  EXPECT_EQ(result("s=s1", "s=two").result, DkimResult::fail);  // the key is found, s= is signed
  EXPECT_EQ(result("v=1", "v=2").result, DkimResult::permerror);
  EXPECT_EQ(result("v=1", "v=1; v=1").result, DkimResult::neutral);
  EXPECT_EQ(result("t=1767225600", "t=1; x=2").result, DkimResult::fail);
}

TEST_F(SenderAuth, JudgesChains) {
  const std::string message = sign(header + "\r\n" + body);
  const auto section = mime::scan_header(message);
  dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
  hasher.update(body);
  const std::string sealed = *arc::seal(*section, arc::read_chain(*section), hasher.finish(), key_,
                                        {.domain = "example.org",
                                         .selector = "s1",
                                         .timestamp = now,
                                         .results = "mx.example.org; dkim=pass"}) +
                             message;
  auto result = judge(sealed, stranger_);
  EXPECT_EQ(result.arc.status, arc::Status::pass) << result.arc.reason;
  EXPECT_EQ(result.dkim[0].result, DkimResult::pass);
  std::string changed = sealed;
  changed.replace(changed.find("dkim=pass"), 9, "dkim=fail");
  result = judge(changed, stranger_);
  EXPECT_EQ(result.arc.status, arc::Status::fail);
  const std::string text = mime::encode_authentication_results(
      to_authentication_results(result, stranger_, "mx.example.net"));
  EXPECT_NE(text.find("arc=fail"), std::string::npos);
}

TEST_F(SenderAuth, IsBoundedWhateverAMessageBrings) {
  std::string message = header + "\r\n" + body;
  const std::string signature = sign(message).substr(0, sign(message).find(header));
  std::string fields;
  for (int i = 0; i < 800; ++i) {
    std::string other = signature;
    other.replace(other.find("s=s1"), 4, "s=s" + std::to_string(i));
    fields += other;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto result = judge(fields + message, good_);
  EXPECT_EQ(result.dkim.size(), dkim::max_checked_signatures);
  EXPECT_EQ(result.skipped_signatures, 800 - dkim::max_checked_signatures);
  EXPECT_LE(dns_.lookups, 30);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(SenderAuth, WantsOneAuthor) {
  const auto domain = [](const std::string& from) {
    const std::string message = from + "\r\n";
    return author_domain(*mime::scan_header(message));
  };
  EXPECT_EQ(domain("From: Joe <joe@Example.ORG>\r\n"), "example.org");
  EXPECT_EQ(domain("From: a@b.example, c@B.example\r\n"), "b.example");
  EXPECT_EQ(domain("From: a@b\xC3\xBC"
                   "cher.example\r\n"),
            "xn--bcher-kva.example");
  for (const char* from : {"", "From: a@b.example, c@d.example\r\n", "From: a@b\r\nFrom: a@b\r\n",
                           "From: nobody\r\n", "From: \r\n", "From: x:;\r\n"}) {
    EXPECT_EQ(domain(from), std::nullopt) << from;
  }
  const auto result = judge("From: a@b.example, c@d.example\r\n\r\n", good_);
  EXPECT_EQ(result.dmarc.result, dmarc::Result::permerror);
}

TEST_F(SenderAuth, AsksAPublicSuffixListIfThereIsOne) {
  const auto list = PublicSuffixList::load();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->organizational_domain("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(list->organizational_domain("co.uk"), std::nullopt);
  dns_.txt("_dmarc.example.co.uk", "v=DMARC1; p=quarantine");
  const auto result = judge("From: a@b.example.co.uk\r\n\r\n", good_,
                            {.authserv_id = "mx", .public_suffixes = &*list});
  EXPECT_EQ(result.dmarc.record_domain, "example.co.uk");
  EXPECT_EQ(result.dmarc.result, dmarc::Result::fail);
}

TEST(SenderAuthNames, AnyOctetsCanBeAsked) {
  EXPECT_EQ(to_presentation("a-b_c.Example.org"), "a-b_c.Example.org");
  EXPECT_EQ(to_presentation("a b\\c@x.org"), "a\\032b\\092c\\064x.org");
  EXPECT_EQ(to_ascii_domain("b\xC3\xBC"
                            "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_ascii_domain("\xC3\xBC..example"), "\xC3\xBC..example");
}

}  // namespace
}  // namespace postrider::policy
