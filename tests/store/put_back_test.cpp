// What repair has set aside comes back where it can be read again, once and whole; else it stays.
#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"
#include "store/store_check.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace postrider::store {
namespace {

class PutBack : public testing::Test {
 protected:
  using Records = std::map<std::string, std::string, std::less<>>;
  PutBack() {
    for (int i = 1; i <= 4; ++i) {
      world_.add(text(i), MailboxId::inbox, {SystemFlag::flagged, {"work"}});
    }
    const auto made =
        world_.twin.run(world_.boxes().create(world_.account, "Work", SpecialUse::none));
    work_ = made->id;
    world_.add(text(5), work_);
  }
  static std::string text(int i) { return "Subject: " + std::to_string(i) + "\r\n\r\ntext\r\n"; }
  Records& records(Family family) { return world_.twin.disk().written[index(family)]; }
  static void spoil(std::string& record) { record.back() ^= 1; }
  std::string& frame_of(const MailFacts& facts, std::uint32_t number = 0) {
    return records(Family::blob).at(blob_key(facts.blob, number));
  }
  Upkeep& upkeep() { return world_.twin.store().upkeep(0); }
  void repair() {
    world_.twin.restart();
    ASSERT_TRUE(world_.twin.run(upkeep().repair(world_.account)));
  }
  PutBackReport put_back() {
    world_.twin.restart();
    auto report = world_.twin.run(upkeep().put_back(world_.account));
    EXPECT_TRUE(report);
    return report.value_or(PutBackReport{});
  }
  // In the quarantine: mends what spoil() did to the record that stands there.
  void heal(Family family, const std::string& key) {
    const std::string aside = quarantine_key(family, key);
    auto kept = decode_quarantined(aside, records(Family::quarantine).at(aside));
    ASSERT_TRUE(kept);
    spoil(kept->value);
    records(Family::quarantine)[aside] = encode_quarantined(aside, *kept);
  }
  void expect_sound() {
    std::string all;
    const auto report = world_.twin.run(upkeep().verify(world_.account));
    for (const MailFinding& finding : report.value_or(AccountReport{}).findings) {
      all += describe("", finding) + "\n";
    }
    const MemoryKv memory(world_.twin.shared_disk());
    (void)check_store(memory, [&all](std::string_view line) { all += std::string(line) + "\n"; });
    EXPECT_EQ(all, "");
  }
  std::vector<std::string> texts(MailboxId box = MailboxId::inbox) {
    std::vector<std::string> out;
    for (const MailRow& row : world_.rows(box)) {
      out.push_back(text_of(world_.boxes(), world_.twin, row.facts));
    }
    return out;
  }
  MailUsage usage() { return *world_.twin.run(world_.boxes().usage(world_.account)); }
  std::size_t set_aside() { return records(Family::quarantine).size(); }

  MailWorld world_;
  MailboxId work_{};
};

TEST_F(PutBack, DoesNothingWhereNothingWasSetAside) {
  const auto before = world_.twin.disk().written;
  const PutBackReport report = put_back();
  EXPECT_EQ(report.account, "ada@example.org");
  EXPECT_TRUE(report.back.empty());
  EXPECT_TRUE(report.left.empty());
  EXPECT_EQ(world_.twin.disk().written, before);
  EXPECT_EQ(world_.twin.run(upkeep().put_back(MailAccountId{77})).error(), MailError::not_found);
}

TEST_F(PutBack, AMessageWhoseBodyCameInAnew) {
  const MailRow lost = world_.rows().front();
  const MailUsage before = usage();
  spoil(frame_of(lost.facts));
  repair();
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4}));
  // Somebody else gets the same message: its body is whole again.
  const auto other = world_.open_account("bob@example.org");
  MailInsert insert;
  insert.mails.push_back(world_.mail(text(1)));
  ASSERT_TRUE(world_.twin.run(world_.boxes().insert(other, std::move(insert))));
  const PutBackReport report = put_back();
  ASSERT_EQ(report.back.size(), 1U);
  EXPECT_TRUE(report.left.empty());
  EXPECT_EQ(report.back[0].mailbox, MailboxId::inbox);
  EXPECT_EQ(report.back[0].uid, 5U) << "a UID is never given again";
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4, 5}));
  EXPECT_EQ(texts().back(), text(1));
  const MailFacts now = world_.rows().back().facts;
  EXPECT_EQ(now.flags, lost.facts.flags);
  EXPECT_EQ(now.internal_date, lost.facts.internal_date);
  EXPECT_EQ(now.email, lost.facts.email);
  EXPECT_GT(now.modseq, lost.facts.modseq);
  EXPECT_EQ(now.trace_bytes, lost.facts.trace_bytes);
  EXPECT_EQ(usage(), before);
  EXPECT_EQ(set_aside(), 0U);
  expect_sound();
  EXPECT_TRUE(put_back().back.empty()) << "once";
}

TEST_F(PutBack, AMessageWhoseRecordsAreSoundWhereTheyWereSetAside) {
  const MailRow lost = world_.rows().front();
  spoil(frame_of(lost.facts));
  repair();
  EXPECT_EQ(set_aside(), 3U);
  EXPECT_EQ(put_back().left.size(), 1U);
  EXPECT_EQ(set_aside(), 3U) << "nothing is lost by trying";
  heal(Family::blob, blob_key(lost.facts.blob, 0));
  const PutBackReport report = put_back();
  ASSERT_EQ(report.back.size(), 1U);
  EXPECT_EQ(texts().back(), text(1));
  EXPECT_EQ(set_aside(), 0U);
  expect_sound();
}

TEST_F(PutBack, ALargeBodyFromItsParts) {
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 300'000) {
    large += "line " + std::to_string(large.size()) + "\r\n";
  }
  world_.add(large);
  const MailFacts facts = world_.rows().back().facts;
  spoil(frame_of(facts, 1));
  repair();
  ASSERT_FALSE(records(Family::blob).contains(blob_key(facts.blob, 0)));
  EXPECT_EQ(put_back().left.front().what, "its body can't be read");
  heal(Family::blob, blob_key(facts.blob, 1));
  ASSERT_EQ(put_back().back.size(), 1U);
  EXPECT_TRUE(texts().back() == large);
  EXPECT_EQ(set_aside(), 0U);
  expect_sound();
}

TEST_F(PutBack, WhatCantBeReadStaysAndIsTold) {
  spoil(frame_of(world_.rows()[2].facts));
  spoil(records(Family::mail).at(mail_key({world_.account, MailboxId::inbox, 2})));
  repair();
  const auto before = records(Family::quarantine);
  const PutBackReport report = put_back();
  EXPECT_TRUE(report.back.empty());
  ASSERT_EQ(report.left.size(), 2U);
  EXPECT_EQ(report.left[0].mailbox, "INBOX");
  EXPECT_EQ(report.left[0].uid, 2U);
  EXPECT_TRUE(report.left[0].what.contains("record can't be read")) << report.left[0].what;
  EXPECT_EQ(report.left[1].uid, 3U);
  EXPECT_TRUE(report.left[1].what.contains("body")) << report.left[1].what;
  EXPECT_EQ(records(Family::quarantine), before);
  heal(Family::mail, mail_key({world_.account, MailboxId::inbox, 2}));
  const PutBackReport again = put_back();
  EXPECT_EQ(again.back.size(), 1U);
  EXPECT_EQ(again.left.size(), 1U);
  EXPECT_EQ(texts().back(), text(2));
}

TEST_F(PutBack, WithoutTheFieldsInFrontThatAreLost) {
  const MailRow lost = world_.rows().front();
  const std::string key = mail_key({world_.account, MailboxId::inbox, 1});
  spoil(records(Family::mail).at(key));
  repair();
  records(Family::quarantine).erase(quarantine_key(Family::mail_detail, key));
  heal(Family::mail, key);
  ASSERT_EQ(put_back().back.size(), 1U);
  EXPECT_EQ(world_.rows().back().facts.trace_bytes, 0U);
  EXPECT_EQ(texts().back(), text(1));
  expect_sound();
}

TEST_F(PutBack, IntoAMailboxForItWhereItsOwnIsGone) {
  const MailRow lost = world_.rows(work_).front();
  spoil(frame_of(lost.facts));
  repair();
  ASSERT_TRUE(world_.twin.run(world_.boxes().remove(world_.account, work_)));
  heal(Family::blob, blob_key(lost.facts.blob, 0));
  const PutBackReport report = put_back();
  ASSERT_EQ(report.back.size(), 1U);
  const auto boxes = world_.twin.run(world_.boxes().list(world_.account));
  ASSERT_TRUE(boxes);
  EXPECT_EQ(boxes->back().name, "Recovered");
  EXPECT_EQ(boxes->back().id, report.back[0].mailbox);
  EXPECT_EQ(texts(report.back[0].mailbox), std::vector<std::string>{text(5)});
  expect_sound();
}

TEST_F(PutBack, NotASecondTimeBesideWhatWasBroughtInByHand) {
  const MailRow lost = world_.rows().front();
  spoil(frame_of(lost.facts));
  repair();
  ASSERT_EQ(world_.add(text(1)), 5U);  // as a restore does
  const PutBackReport report = put_back();
  ASSERT_EQ(report.back.size(), 1U);
  EXPECT_TRUE(report.back[0].was_there);
  EXPECT_EQ(report.back[0].uid, 5U);
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4, 5}));
  EXPECT_EQ(set_aside(), 0U);
  expect_sound();
}

TEST_F(PutBack, MarkedAsDeletedIfItsOwnerHadDeletedIt) {
  const MailRow lost = world_.rows().front();
  (void)world_.twin.run(world_.boxes().expunge(world_.account, MailboxId::inbox, {1}, false));
  spoil(frame_of(lost.facts));
  repair();
  heal(Family::blob, blob_key(lost.facts.blob, 0));
  ASSERT_EQ(put_back().back.size(), 1U);
  EXPECT_EQ(world_.rows().back().facts.flags.system, SystemFlag::flagged | SystemFlag::deleted);
  expect_sound();
}

TEST_F(PutBack, OfThatAccountAlone) {
  const auto other = world_.open_account("bob@example.org");
  MailInsert insert;
  insert.mails.push_back(world_.mail(text(9)));
  ASSERT_TRUE(world_.twin.run(world_.boxes().insert(other, std::move(insert))));
  const auto row = world_.twin.run(world_.boxes().facts(other, MailboxId::inbox, {1}));
  spoil(frame_of(row->front().facts));
  world_.twin.restart();
  ASSERT_TRUE(world_.twin.run(upkeep().repair(other)));
  const PutBackReport report = put_back();
  EXPECT_TRUE(report.back.empty());
  EXPECT_TRUE(report.left.empty());
  EXPECT_EQ(set_aside(), 3U);
}

// Wherever the power goes, the message is aside or back, never both and never neither.
TEST_F(PutBack, IsOneBatch) {
  const MailRow lost = world_.rows().front();
  spoil(frame_of(lost.facts));
  repair();
  heal(Family::blob, blob_key(lost.facts.blob, 0));
  world_.twin.restart();
  ASSERT_TRUE(world_.twin.run(world_.twin.queue().sync()));
  faults(world_.twin.disk()).fail_next_sync = true;
  EXPECT_FALSE(world_.twin.run(upkeep().put_back(world_.account)));
  world_.twin.lose_power();
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4}));
  heal(Family::blob, blob_key(lost.facts.blob, 0));  // that was not synced either
  EXPECT_EQ(put_back().back.size(), 1U);
  EXPECT_EQ(texts().back(), text(1));
  expect_sound();
}

}  // namespace
}  // namespace postrider::store
