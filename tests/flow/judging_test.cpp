// Mail from others is judged by what came, however it was cut; recipients of ours are placed by
// whatever door it came.
#include "../policy/table_resolver.hpp"
#include "../store/store_fixture.hpp"
#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/flow/learnt_shelves.hpp>
#include <postrider/flow/list_desk.hpp>

namespace postrider::flow {
namespace {

// Keeps what is at here.example; `failing` as a store that does not answer.
struct SmallDirectory final : Directory {
  bool hosts = true;
  bool failing = false;
  int placed = 0;
  [[nodiscard]] bool hosts_any() const override { return hosts; }
  engine::Task<Result<bool, AddressFailure>> is_hosted(std::string) override { co_return hosts; }
  engine::Task<Result<AddressHome, AddressFailure>> check(AddressQuestion) override {
    co_return AddressHome::here;
  }
  engine::Task<Result<std::vector<store::Recipient>, AddressFailure>> place(
      std::vector<store::Recipient> recipients) override {
    ++placed;
    if (failing) {
      co_return failure(AddressFailure::unavailable);
    }
    std::vector<store::Recipient> out;
    for (store::Recipient& recipient : recipients) {
      if (!recipient.address.ends_with("@here.example")) {
        out.push_back(std::move(recipient));
        continue;
      }
      for (const std::string name : {"one@here.example", "two@here.example"}) {
        out.push_back({recipient.address, "", {}, {store::LocalKind::mailbox, name, ""}});
      }
    }
    co_return out;
  }
  engine::Task<Result<MailOwner, AddressFailure>> owner(std::string) override {
    co_return failure(AddressFailure::unavailable);
  }
  engine::Task<Result<ListFacts, AddressFailure>> list(std::string) override {
    co_return failure(AddressFailure::unavailable);
  }
};

class JudgingTest : public IntakeFixture {
 protected:
  JudgingTest() {
    conversation.door = Door::inbound;
    conversation.account.clear();
    conversation.protocol = "ESMTP";
    transaction.reverse_path = "joe@example.org";
    transaction.recipients = {{"all@here.example", "", {}}};
    intake = make_intake({.reactor = simulation->reactor(0),
                          .queue = store->queue(0),
                          .events = events,
                          .directory = &directory,
                          .resolver = &dns,
                          .dmarc = &tally},
                         settings);
    dns.txt("s1._domainkey.example.org",
            dkim::encode_key_record(key.algorithm(), key.encode_public()));
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
  }
  std::string sign(const std::string& message) {
    const auto section = mime::scan_header(message);
    dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
    hasher.update(std::string_view(message).substr(section->body_offset()));
    return *dkim::sign(*section, hasher.finish(), key,
                       {.domain = "example.org", .selector = "s1", .timestamp = 1'767'225'600}) +
           message;
  }
  const SigningKey key = *SigningKey::generate_ed25519();
  SmallDirectory directory;
  policy::TableResolver dns{simulation->reactor(0)};
  StoredDays shelf{store->facts(0), store::FactKind::dmarc_report};
  policy::DmarcTally tally{simulation->reactor(0), shelf, "0"};
};

const std::string header = "From: Joe <joe@example.org>\r\nTo: all@here.example\r\n\r\n";

TEST_F(JudgingTest, ASignatureHoldsHoweverTheMessageIsCut) {
  const std::string message = sign(header + "Hello.\r\nWorld.\r\n");
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, message.size()}) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < message.size(); at += step) {
      pieces.push_back(message.substr(at, step));
    }
    const auto id = send(pieces);
    ASSERT_TRUE(id.has_value()) << id.error().text;
    const std::string octets = read(*id);
    EXPECT_TRUE(octets.starts_with("Authentication-Results: mail.example.org;")) << octets;
    EXPECT_TRUE(octets.contains("dkim=pass")) << octets;
    EXPECT_TRUE(octets.contains("dmarc=pass")) << octets;
    EXPECT_TRUE(octets.ends_with(message)) << "byte for byte what came";
  }
}

// What is refused is what its domain's owner wants to hear of most.
TEST_F(JudgingTest, WhatDmarcFoundIsCountedForWhoAsks) {
  const std::string message = sign(header + "Hello.\r\n");
  ASSERT_TRUE(send(message));
  simulation->run(tally.flush());
  EXPECT_TRUE(store::await(*simulation, shelf.list("", 10)).empty()) << "nobody asks";
  dns.records.erase("_dmarc.example.org");
  dns.txt("_dmarc.example.org", "v=DMARC1; p=reject; rua=mailto:r@example.org");
  conversation.peer.ip = *IpAddress::parse("192.0.2.1");
  ASSERT_TRUE(send(message));
  ASSERT_FALSE(send(header + "Hello.\r\n"));
  simulation->run(tally.flush());
  const auto kept = store::await(*simulation, shelf.list("", 10));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(kept[0].name.ends_with(" example.org 0")) << kept[0].name;
  const auto counts = policy::DmarcDay::parse(kept[0].octets);
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->rows.size(), 2U);
  const auto& passed = counts->rows.begin()->second.dkim_aligned ? counts->rows.begin()->second
                                                                 : counts->rows.rbegin()->second;
  EXPECT_EQ(passed.disposition, report::DmarcDisposition::pass);
  EXPECT_EQ(passed.source_ip, "192.0.2.1");
  EXPECT_EQ(passed.header_from, "example.org");
}

TEST_F(JudgingTest, SoDoesThatOfOneTooLargeForMemory) {
  std::string body;
  while (body.size() < 3U << 20) {
    body += "A line of a message that is too large to be kept in memory until its end.\r\n";
  }
  const auto id = send({sign(header + body)});
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).contains("dkim=pass"));
}

TEST_F(JudgingTest, WhatWasTamperedWithIsRefusedWithTheReason) {
  std::string message = sign(header + "Hello.\r\n");
  message.replace(message.find("Hello."), 6, "Hullo.");
  const auto id = send(message);
  ASSERT_FALSE(id.has_value());
  EXPECT_EQ(id.error().kind, IntakeFailure::rejected);
  EXPECT_EQ(id.error().enhanced, "5.7.1");
  EXPECT_TRUE(id.error().text.starts_with("DMARC of example.org")) << id.error().text;
  EXPECT_TRUE(feed.entries.empty());
  ASSERT_FALSE(events.events.empty());
  EXPECT_EQ(events.events.back().kind, EventKind::refused);
  EXPECT_EQ(events.events.back().text, id.error().text);
}

TEST_F(JudgingTest, NobodyElseSpeaksInOurName) {  // RFC 8601 5
  const std::string forged =
      "Authentication-Results: mail.example.org; dmarc=pass\r\n"
      "X-Postrider-Verdict: tag; all is well\r\n"
      "Authentication-Results: other.example; dmarc=fail\r\n";
  const auto id = send(forged + sign(header + "x\r\n"));
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string octets = read(*id);
  EXPECT_FALSE(octets.contains("mail.example.org; dmarc=pass")) << octets;
  EXPECT_FALSE(octets.contains("all is well"));
  EXPECT_TRUE(octets.contains("other.example; dmarc=fail"));
}

// Lists of domains, of which some are asked for who has signed.
class SignerLists : public JudgingTest {
 protected:
  void open(policy::Judging judging, std::vector<policy::NameRole> roles) {
    settings.inbound.spf = judging;
    settings.inbound.dmarc = judging;
    lists.emplace(ListDesk::Doors{simulation->reactor(0), dns, events},
                  ListSettings{.addresses = {},
                               .domains = {{{.zone = "dbl.example"}, std::move(roles)}},
                               .thresholds = {}});
    intake = make_intake({.reactor = simulation->reactor(0),
                          .queue = store->queue(0),
                          .events = events,
                          .directory = &directory,
                          .resolver = &dns,
                          .lists = &*lists},
                         settings);
    dns.address("example.org.dbl.example", "127.0.0.2");
  }
  std::optional<ListDesk> lists;
};

TEST_F(SignerLists, AreAskedWhateverElseIsJudged) {
  for (const auto judging :
       {policy::Judging::off, policy::Judging::tag, policy::Judging::enforce}) {
    open(judging, {policy::NameRole::dkim});
    const auto id = send(sign(header + "Hello.\r\n"));
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().kind, IntakeFailure::rejected);
    EXPECT_TRUE(id.error().text.contains("example.org is listed")) << id.error().text;
    intake.reset();
  }
}

TEST_F(SignerLists, HearOnlyOfSignaturesThatHold) {
  open(policy::Judging::off, {policy::NameRole::dkim});
  std::string message = sign(header + "Hello.\r\n");
  message.replace(message.find("Hello."), 6, "Hullo.");
  const auto id = send(message);
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_FALSE(read(*id).contains("Authentication-Results")) << "what is off writes nothing";
  EXPECT_EQ(lists->counters().front().asked, 0U);
}

TEST_F(SignerLists, CostNoKeysWhereNobodyAsks) {
  open(policy::Judging::off, {policy::NameRole::helo});
  const int before = dns.lookups;
  ASSERT_TRUE(send(sign(header + "Hello.\r\n")).has_value());
  EXPECT_EQ(dns.lookups, before);
}

TEST_F(SignerLists, WaitNoLongerThanTheLimit) {
  open(policy::Judging::off, {policy::NameRole::dkim});
  dns.dead = true;
  const MonoTime begun = simulation->reactor(0).now();
  ASSERT_TRUE(send(sign(header + "Hello.\r\n")).has_value()) << "silence lists nobody";
  EXPECT_LE(simulation->reactor(0).now() - begun, settings.judging_limit + std::chrono::seconds(1));
}

TEST_F(JudgingTest, WhatComesByLmtpIsNotJudged) {
  conversation.door = Door::lmtp;
  const auto id = send(header + "x\r\n");
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).starts_with("Received: "));
  EXPECT_EQ(dns.lookups, 0);
}

TEST_F(JudgingTest, RecipientsArePlacedWhateverTheDoor) {
  transaction.recipients.push_back({"friend@elsewhere.example", "", {}});
  for (const Door door : {Door::submission, Door::relay, Door::lmtp, Door::internal}) {
    conversation.door = door;
    feed.entries.clear();
    const auto id = send(header + "x\r\n");
    ASSERT_TRUE(id.has_value()) << id.error().text;
    ASSERT_EQ(feed.entries.size(), 1U);
    const auto& destinations = feed.entries[0].envelope->destinations;
    ASSERT_EQ(destinations.size(), 3U);
    EXPECT_EQ(destinations[0].recipients[0].local.name, "one@here.example");
    EXPECT_EQ(destinations[1].recipients[0].local.name, "two@here.example");
    EXPECT_EQ(destinations[2].recipients[0].local.kind, store::LocalKind::none);
  }
}

TEST_F(JudgingTest, WhereNothingIsHostedNothingIsAsked) {
  directory.hosts = false;
  conversation.door = Door::relay;
  ASSERT_TRUE(send(header + "x\r\n").has_value());
  EXPECT_EQ(directory.placed, 0);
}

TEST_F(JudgingTest, ADirectoryThatDoesNotAnswerTakesNoMail) {
  directory.failing = true;
  conversation.door = Door::lmtp;
  const auto id = send(header + "x\r\n");
  ASSERT_FALSE(id.has_value());
  EXPECT_EQ(id.error().kind, IntakeFailure::store_failed);
  EXPECT_TRUE(feed.entries.empty());
}

}  // namespace
}  // namespace postrider::flow
