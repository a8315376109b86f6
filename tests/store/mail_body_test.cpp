// Names of bodies: in the order of arrival, found again by their octets, and as an older version
// gave them.
#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"
#include "store/record_seal.hpp"
#include "store/store_check.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace postrider::store {
namespace {

using Records = std::map<std::string, std::string, std::less<>>;

class Bodies : public testing::Test {
 protected:
  static std::string text(int i) { return "Subject: " + std::to_string(i) + "\r\n\r\ntext\r\n"; }
  Records& records(Family family) { return world_.twin.disk().written[index(family)]; }
  MailFacts facts_of(Uid uid) {
    const auto rows = world_.rows();
    const auto row = std::ranges::find(rows, uid, &MailRow::uid);
    return row == rows.end() ? MailFacts{} : row->facts;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (const MailRow& row : world_.rows()) {
      out.push_back(text_of(world_.boxes(), world_.twin, row.facts));
    }
    return out;
  }
  std::string findings() {
    std::string all;
    const MemoryKv memory(world_.twin.shared_disk());
    (void)check_store(memory, [&all](std::string_view line) { all += std::string(line) + "\n"; });
    return all;
  }
  AccountReport repair() {
    world_.twin.restart();
    auto report = world_.twin.run(world_.twin.store().upkeep(0).repair(world_.account));
    EXPECT_TRUE(report);
    return report.value_or(AccountReport{});
  }
  void expunge_and_purge(std::vector<Uid> uids) {
    MailboxStore& boxes = world_.boxes();
    ASSERT_TRUE(
        world_.twin.run(boxes.expunge(world_.account, MailboxId::inbox, std::move(uids), false)));
    const WallTime later = world_.twin.reactor().wall_now() + std::chrono::hours(1);
    ASSERT_TRUE(world_.twin.run(boxes.purge(world_.account, later, 100)));
  }

  MailWorld world_;
};

TEST_F(Bodies, StandInTheOrderInWhichTheyCame) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const Uid uid = world_.add(text(i));
    names.push_back(blob_name(facts_of(uid).blob));
    (void)world_.twin.run(world_.twin.reactor().sleep_for(std::chrono::milliseconds(1)));
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_EQ(names.front().size(), 24U);
  EXPECT_EQ(findings(), "");
}

TEST_F(Bodies, AreKeptOnceWhenTheyComeAgain) {
  const Uid first = world_.add(text(1));
  world_.twin.restart();
  const Uid second = world_.add(text(1));
  EXPECT_EQ(facts_of(first).blob, facts_of(second).blob);
  EXPECT_EQ(records(Family::blob).size(), 1U);
  expunge_and_purge({first});
  EXPECT_EQ(texts(), std::vector{text(1)});
  expunge_and_purge({second});
  EXPECT_TRUE(records(Family::blob).empty());
  EXPECT_TRUE(records(Family::blob_same).empty());
  const Uid third = world_.add(text(1));
  EXPECT_EQ(text_of(world_.boxes(), world_.twin, facts_of(third)), text(1));
  EXPECT_EQ(findings(), "");
}

TEST_F(Bodies, MadeAtTheSameMomentAreBothKeptAndBothGo) {
  NewMail one = world_.mail(text(1));
  (void)world_.twin.run(world_.twin.reactor().sleep_for(std::chrono::milliseconds(1)));
  NewMail other = world_.mail(text(1));
  const Uid first = world_.insert(std::move(one))->front().uid;
  const Uid second = world_.insert(std::move(other))->front().uid;
  EXPECT_NE(facts_of(first).blob, facts_of(second).blob);
  EXPECT_EQ(texts(), (std::vector{text(1), text(1)}));
  EXPECT_EQ(findings(), "");
  // A copy that comes from elsewhere is known, whichever of the two a message has.
  NewMail again = world_.mail(text(1));
  MailInsert insert;
  insert.mails.push_back(std::move(again));
  insert.origin = MailOrigin{.copies = 2};
  EXPECT_TRUE(world_.twin.run(world_.boxes().insert(world_.account, insert))->front().was_there);
  expunge_and_purge({first});
  EXPECT_EQ(texts(), std::vector{text(1)});
  EXPECT_EQ(records(Family::blob).size(), 1U);
  EXPECT_EQ(findings(), "");
  expunge_and_purge({second});
  EXPECT_TRUE(records(Family::blob).empty());
  EXPECT_TRUE(records(Family::blob_same).empty());
}

// What was found when the body was made may have gone when it is written.
TEST_F(Bodies, ThatWentMeanwhileAreWrittenAgain) {
  const Uid first = world_.add(text(1));
  NewMail mail = world_.mail(text(1));
  expunge_and_purge({first});
  ASSERT_TRUE(records(Family::blob).empty());
  const auto second = world_.insert(std::move(mail));
  ASSERT_TRUE(second);
  EXPECT_EQ(text_of(world_.boxes(), world_.twin, facts_of(second->front().uid)), text(1));
  EXPECT_EQ(findings(), "");
}

TEST_F(Bodies, AreEnteredWhereTheyAreNotFoundByTheirOctets) {
  const Uid uid = world_.add(text(1));
  records(Family::blob_same).clear();
  EXPECT_NE(findings().find("its body is not found by its octets"), std::string::npos);
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(findings(), "");
  records(Family::blob_same).begin()->second.back() ^= 1;
  EXPECT_NE(findings().find("mb.same"), std::string::npos);
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(findings(), "");
  EXPECT_EQ(facts_of(world_.add(text(1))).blob, facts_of(uid).blob);
}

TEST_F(Bodies, ThatAreNamedAndNotThereComeAnewWithTheirOctets) {
  const Uid uid = world_.add(text(1));
  const BlobId blob = facts_of(uid).blob;
  const auto named = records(Family::blob_same);
  expunge_and_purge({uid});
  records(Family::blob_same) = named;
  EXPECT_NE(findings().find("names a body that no message has"), std::string::npos);
  world_.twin.restart();
  EXPECT_EQ(facts_of(world_.add(text(1))).blob, blob);
  EXPECT_EQ(texts(), std::vector{text(1)});
  EXPECT_EQ(findings(), "");
}

// ---- a store that an older version wrote

std::string older_facts(std::string_view key, const MailFacts& facts) {
  FieldWriter out;
  out.number(facts.flags.system).number(0);
  out.number(facts.modseq).wall_time(facts.internal_date).wall_time(facts.saved);
  out.number(facts.email).number(facts.thread).number(facts.trace_bytes).number(facts.body_bytes);
  out.text({facts.blob.hash.data(), facts.blob.hash.size()});
  out.number(6000);
  return seal(key, std::move(out));
}

class OlderBodies : public Bodies {
 protected:
  OlderBodies() {
    std::string large = "Subject: large\r\n\r\n";
    for (int i = 0; large.size() < 300'000; ++i) {
      large += "line " + std::to_string(i * 7919) + "\r\n";
    }
    all_ = {text(1), text(2), large, text(2)};
    for (const std::string& one : all_) {
      world_.add(one);
    }
    world_.twin.kill();
    rename();
    world_.twin.open();
  }

  std::vector<std::string> all_;

 private:
  static std::string without_arrival(std::string_view key) { return std::string(key.substr(8)); }

  void rename() {
    for (auto& [key, record] : records(Family::mail)) {
      record = older_facts(key, decode_facts(key, record).value());
    }
    Records frames;
    for (const auto& [key, record] : records(Family::blob)) {
      const BlobFrame frame = decode_frame(key, record).value();
      const std::string older = without_arrival(key);
      ASSERT_EQ(older.size(), 20U);
      frames[older] = encode_frame(older, frame.body_bytes, frame.octets);
    }
    Records refs;
    for (const auto& [key, record] : records(Family::blob_ref)) {
      const std::string older = without_arrival(key);
      ASSERT_EQ(older.size(), 32U);
      refs[older] = encode_word(older, {});
    }
    records(Family::blob) = frames;
    records(Family::blob_ref) = refs;
    records(Family::blob_same).clear();
    world_.twin.disk().synced = world_.twin.disk().written;
  }
};

TEST_F(OlderBodies, AreServed) {
  EXPECT_EQ(findings(), "");
  EXPECT_EQ(texts(), all_);
  std::vector<BlobId> blobs;
  for (const MailRow& row : world_.rows()) {
    EXPECT_EQ(row.facts.blob.arrival, 0U);
    blobs.push_back(row.facts.blob);
  }
  const Uid fresh = world_.add(text(7));
  blobs.insert(blobs.begin() + 1, facts_of(fresh).blob);
  const auto first = world_.twin.run(world_.boxes().read_bodies(blobs));
  EXPECT_EQ(first[0].view(), all_[0]);
  EXPECT_EQ(first[1].view(), text(7));
  EXPECT_EQ(first[2].view(), all_[1]);
  EXPECT_EQ(first[3].view(), std::string_view(all_[2]).substr(0, MailboxStore::frame_octets));
  EXPECT_EQ(first[4].view(), all_[3]);
}

TEST_F(OlderBodies, AreCopiedAndGoWithTheirLastReference) {
  const MailboxId work =
      world_.twin.run(world_.boxes().create(world_.account, "W", SpecialUse::none))->id;
  ASSERT_TRUE(world_.twin.run(
      world_.boxes().copy(world_.account, MailboxId::inbox, {1, 2}, work, true, MailQuota{})));
  ASSERT_TRUE(repair().is_sound());
  EXPECT_EQ(texts(), (std::vector{all_[2], all_[3]}));
  EXPECT_EQ(findings(), "");
  expunge_and_purge({3, 4});
  EXPECT_EQ(records(Family::blob).size(), 2U) << "those that the other mailbox has";
  const auto moved = world_.rows(work);
  EXPECT_EQ(text_of(world_.boxes(), world_.twin, moved.at(0).facts), all_[0]);
  EXPECT_EQ(text_of(world_.boxes(), world_.twin, moved.at(1).facts), all_[1]);
  EXPECT_EQ(findings(), "");
}

TEST_F(OlderBodies, AreKnownToWhoBringsThemFromElsewhere) {
  for (const std::string& one : {all_[0], all_[2]}) {
    MailInsert insert;
    insert.mails.push_back(world_.mail(one));
    insert.origin = MailOrigin{.copies = 1};
    EXPECT_TRUE(world_.twin.run(world_.boxes().insert(world_.account, insert))->front().was_there);
  }
  EXPECT_EQ(world_.uids().size(), all_.size());
  EXPECT_EQ(findings(), "");
}

TEST_F(OlderBodies, ThatWereDamagedAreMadeWholeByTheSameOctets) {
  const MailFacts lost = facts_of(1);
  records(Family::blob).at(blob_key(lost.blob, 0)).back() ^= 1;
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4}));
  const auto other = world_.open_account("bob@example.org");
  MailInsert insert;
  insert.mails.push_back(world_.mail(all_[0]));
  ASSERT_TRUE(world_.twin.run(world_.boxes().insert(other, std::move(insert))));
  const auto report = world_.twin.run(world_.twin.store().upkeep(0).put_back(world_.account));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->back.size(), 1U);
  EXPECT_EQ(texts().back(), all_[0]);
  EXPECT_EQ(findings(), "");
}

}  // namespace
}  // namespace postrider::store
