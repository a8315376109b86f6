#include <gtest/gtest.h>

#include <postrider/policy/inbound_verdict.hpp>

namespace postrider::policy {
namespace {

SenderAuthResult dmarc(dmarc::Result result, dmarc::Policy disposition) {
  SenderAuthResult out;
  out.dmarc.result = result;
  out.dmarc.disposition = disposition;
  out.dmarc.author_domain = "author.example";
  out.dmarc.reason = "neither SPF nor DKIM is aligned";
  return out;
}

SenderAuthResult with_spf(SenderAuthResult out, spf::Result result) {
  out.spf_mail_from.emplace();
  out.spf_mail_from->result = result;
  out.spf_mail_from->domain = "sender.example";
  out.spf_mail_from->explanation = "see\r\nhttp://x";
  return out;
}

InboundVerdict judge(const SenderAuthResult& found, const InboundRules& rules,
                     std::string_view header = "From: a@author.example\r\n\r\n") {
  const auto section = mime::scan_header(header);
  Evidence evidence(*section);
  evidence.finish();
  return judge_inbound(found, evidence, rules);
}

TEST(InboundVerdict, DmarcIsEnforcedAsTheDomainAsks) {
  struct Row {
    dmarc::Result result;
    dmarc::Policy disposition;
    InboundAction action;
  };
  using enum dmarc::Policy;
  for (const Row& row : {Row{dmarc::Result::fail, reject, InboundAction::reject},
                         Row{dmarc::Result::fail, quarantine, InboundAction::junk},
                         Row{dmarc::Result::fail, none, InboundAction::accept},
                         Row{dmarc::Result::pass, none, InboundAction::accept},
                         // DNS trouble is nobody's guilt, whatever else stands there.
                         Row{dmarc::Result::temperror, reject, InboundAction::accept},
                         Row{dmarc::Result::permerror, reject, InboundAction::accept},
                         Row{dmarc::Result::none, reject, InboundAction::accept}}) {
    EXPECT_EQ(judge(dmarc(row.result, row.disposition), {}).action, row.action);
  }
  const auto verdict = judge(dmarc(dmarc::Result::fail, reject), {});
  EXPECT_EQ(verdict.enhanced, "5.7.1");
  EXPECT_EQ(verdict.reason, "DMARC of author.example: neither SPF nor DKIM is aligned");
}

TEST(InboundVerdict, WhatIsOnlyTaggedLeadsToNothing) {
  for (const Judging mild : {Judging::off, Judging::tag}) {
    const InboundRules rules{.spf = mild, .dmarc = mild, .arc_trusted = {}};
    const auto found =
        with_spf(dmarc(dmarc::Result::fail, dmarc::Policy::reject), spf::Result::fail);
    EXPECT_EQ(judge(found, rules), InboundVerdict{});
  }
}

TEST(InboundVerdict, SpfIsEnforcedUnlessDmarcPassed) {
  const InboundRules rules{.spf = Judging::enforce, .dmarc = Judging::enforce, .arc_trusted = {}};
  using enum dmarc::Policy;
  const auto refused = judge(with_spf(dmarc(dmarc::Result::none, none), spf::Result::fail), rules);
  EXPECT_EQ(refused.action, InboundAction::reject);
  EXPECT_EQ(refused.enhanced, "5.7.23");  // RFC 7372 3.2
  EXPECT_FALSE(refused.reason.contains('\n')) << refused.reason;
  EXPECT_EQ(
      judge(with_spf(dmarc(dmarc::Result::fail, quarantine), spf::Result::fail), rules).action,
      InboundAction::reject);
  EXPECT_EQ(judge(with_spf(dmarc(dmarc::Result::pass, none), spf::Result::fail), rules).action,
            InboundAction::accept);
  for (const spf::Result mild : {spf::Result::softfail, spf::Result::neutral, spf::Result::none,
                                 spf::Result::temperror, spf::Result::permerror}) {
    EXPECT_EQ(judge(with_spf(dmarc(dmarc::Result::none, none), mild), rules).action,
              InboundAction::accept);
  }
}

std::string arc_set(int instance, const std::string& domain, const std::string& results) {
  const std::string i = "i=" + std::to_string(instance) + "; ";
  const std::string seal_rest = "a=rsa-sha256; d=" + domain + "; s=s; b=eA==";
  return "ARC-Seal: " + i + "cv=" + (instance == 1 ? "none; " : "pass; ") + seal_rest +
         "\r\nARC-Message-Signature: " + i +
         "c=relaxed/relaxed; h=from; bh=" + std::string(43, 'A') + "=; " + seal_rest +
         "\r\nARC-Authentication-Results: " + i + results + "\r\n";
}

TEST(InboundVerdict, ATrustedChainThatSawDmarcPassOverrides) {
  SenderAuthResult found = dmarc(dmarc::Result::fail, dmarc::Policy::reject);
  found.arc.status = arc::Status::pass;
  const std::string passed = "lists.example; dmarc=pass header.from=author.example";
  const std::string failed = "lists.example; dmarc=fail header.from=author.example";
  const std::string of_another = "lists.example; dmarc=pass header.from=other.example";
  const std::string from = "From: a@author.example\r\n\r\n";
  const InboundRules rules{.arc_trusted = {"lists.example"}};
  const auto action = [&](const std::string& sets, const InboundRules& by) {
    return judge(found, by, sets + from).action;
  };
  const std::string good = arc_set(1, "Lists.example", passed);
  EXPECT_EQ(action(good, rules), InboundAction::accept);
  EXPECT_TRUE(judge(found, rules, good + from).reason.contains("overridden"));
  EXPECT_EQ(action(good, {}), InboundAction::reject);
  EXPECT_EQ(action(arc_set(1, "lists.example", failed), rules), InboundAction::reject);
  EXPECT_EQ(action(arc_set(1, "lists.example", of_another), rules), InboundAction::reject);
  EXPECT_EQ(action(arc_set(1, "lists.example", "not readable at all"), rules),
            InboundAction::reject);
  EXPECT_EQ(
      action(arc_set(2, "lists.example", passed) + arc_set(1, "forger.example", passed), rules),
      InboundAction::reject);
  EXPECT_EQ(
      action(arc_set(2, "lists.example", passed) + arc_set(1, "lists.example", passed), rules),
      InboundAction::accept);
  EXPECT_EQ(action("", rules), InboundAction::reject);
  found.arc.status = arc::Status::fail;
  EXPECT_EQ(action(good, rules), InboundAction::reject);
}

}  // namespace
}  // namespace postrider::policy
