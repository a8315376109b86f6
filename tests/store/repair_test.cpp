#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"
#include "store/store_check.hpp"

#include <algorithm>
#include <gtest/gtest.h>

// Records are damaged on purpose, each kind: repair mends what it can, sets aside what it can't,
// and says so.
namespace postrider::store {
namespace {

class Repair : public testing::Test {
 protected:
  Repair() {
    for (int i = 1; i <= 5; ++i) {
      const auto flags = static_cast<std::uint8_t>(i % 2 == 0 ? SystemFlag::seen : 0);
      world_.add(text(i), MailboxId::inbox, {flags, {}});
    }
    const auto made =
        world_.twin.run(world_.boxes().create(world_.account, "Work", SpecialUse::archive));
    work_ = made->id;
    world_.add(text(6), work_);
    (void)world_.twin.run(world_.boxes().expunge(world_.account, MailboxId::inbox, {5}, false));
  }
  static std::string text(int i) { return "Subject: " + std::to_string(i) + "\r\n\r\ntext\r\n"; }
  std::map<std::string, std::string, std::less<>>& records(Family family) {
    return world_.twin.disk().written[index(family)];
  }
  std::string& record_of(Family family, Uid uid, MailboxId box = MailboxId::inbox) {
    return records(family).at(mail_key({world_.account, box, uid}));
  }
  static void spoil(std::string& record) { record.back() ^= 1; }

  // Behind the back of a server that runs: what it has in memory is forgotten.
  AccountReport repair() {
    world_.twin.restart();
    auto report = world_.twin.run(world_.twin.store().upkeep(0).repair(world_.account));
    EXPECT_TRUE(report);
    return report.value_or(AccountReport{});
  }
  std::string verify() {
    auto report = world_.twin.run(world_.twin.store().upkeep(0).verify(world_.account));
    std::string all = report ? "" : std::string(describe(report.error()));
    for (const MailFinding& finding : report.value_or(AccountReport{}).findings) {
      all += describe("", finding) + "\n";
    }
    return all;
  }
  // Nothing is left that verify or the check of the whole store would find.
  void expect_sound() {
    EXPECT_EQ(verify(), "");
    std::string all;
    const MemoryKv memory(world_.twin.shared_disk());
    (void)check_store(memory, [&all](std::string_view line) { all += std::string(line) + "\n"; });
    EXPECT_EQ(all, "");
    world_.twin.restart();  // and what is in memory is what is on disk
    EXPECT_EQ(verify(), "");
  }
  std::size_t set_aside() { return records(Family::quarantine).size(); }
  std::vector<std::string> texts(MailboxId box = MailboxId::inbox) {
    std::vector<std::string> out;
    for (const MailRow& row : world_.rows(box)) {
      out.push_back(text_of(world_.boxes(), world_.twin, row.facts));
    }
    return out;
  }

  MailWorld world_;
  MailboxId work_{};
};

TEST_F(Repair, FindsNothingWhereNothingIs) {
  EXPECT_EQ(verify(), "");
  const auto before = world_.twin.disk().written;
  EXPECT_TRUE(repair().is_sound());
  EXPECT_EQ(world_.twin.disk().written, before);
  EXPECT_EQ(world_.twin.run(world_.twin.store().upkeep(0).verify(MailAccountId{77})).error(),
            MailError::not_found);
}

TEST_F(Repair, CountsAnew) {
  const std::string key = mailbox_key(world_.account, MailboxId::inbox);
  Mailbox row = *decode_mailbox(key, records(Family::mailbox).at(key));
  row.counts = {9, 9, 9, 9};
  row.uid_next = 2;
  row.highest_modseq = 1;
  records(Family::mailbox)[key] = encode_mailbox(key, row);
  const std::string account = account_key(world_.account);
  MailAccount record = *decode_mail_account(account, records(Family::mail_account).at(account));
  record.usage = {1, 1};
  record.modseq = 1;
  record.next_email = 1;
  records(Family::mail_account)[account] = encode_mail_account(account, record);
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
  EXPECT_EQ(world_.view().mailbox.counts.messages, 4U);
  EXPECT_EQ(world_.view().mailbox.counts.unseen, 2U);
  EXPECT_EQ(world_.add(), 6U);
  EXPECT_EQ(set_aside(), 0U);
}

TEST_F(Repair, SetsAsideAMessageWhoseRecordCantBeRead) {
  spoil(record_of(Family::mail, 2));
  const AccountReport report = repair();
  ASSERT_FALSE(report.is_sound());
  EXPECT_EQ(report.findings.front().uid, 2U);
  EXPECT_EQ(report.findings.front().mailbox, "INBOX");
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{1, 3, 4}));
  EXPECT_EQ(set_aside(), 2U);  // with what belongs to it
  expect_sound();
  // Clients with a cache hear that it has gone.
  const auto changes =
      world_.twin.run(world_.boxes().changes(world_.account, MailboxId::inbox, 0, 100));
  EXPECT_EQ(changes->back().uid, 2U);
  EXPECT_EQ(changes->back().event, MailEvent::expunged);
}

TEST_F(Repair, AnUnreadableExpungedMessageDoesNotStopThePurge) {
  spoil(record_of(Family::mail, 5));
  world_.twin.restart();
  const WallTime later = world_.twin.reactor().wall_now() + std::chrono::hours(1);
  EXPECT_FALSE(world_.twin.run(world_.boxes().purge(world_.account, later, 100)));
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
  EXPECT_TRUE(world_.twin.run(world_.boxes().purge(world_.account, later, 100)));
}

TEST_F(Repair, BringsBackWhatIsInNoIndex) {
  records(Family::mail_page).erase(page_key(world_.account, MailboxId::inbox, 0));
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{6, 7, 8, 9}));
  EXPECT_EQ(texts(), (std::vector<std::string>{text(1), text(2), text(3), text(4)}));
  expect_sound();
}

TEST_F(Repair, MakesAnUnreadableIndexAnew) {
  spoil(records(Family::mail_page).at(page_key(world_.account, work_, 0)));
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(texts(work_), std::vector<std::string>{text(6)});
  expect_sound();
}

TEST_F(Repair, TakesOutOfTheIndexWhatIsNotThere) {
  records(Family::mail).erase(mail_key({world_.account, MailboxId::inbox, 3}));
  records(Family::mail_detail).erase(mail_key({world_.account, MailboxId::inbox, 3}));
  std::erase_if(records(Family::blob_ref), [&](const auto& record) {
    return record.first.ends_with(mail_key({world_.account, MailboxId::inbox, 3}));
  });
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{1, 2, 4}));
  EXPECT_EQ(verify(), "");
}

TEST_F(Repair, MendsTheIndexOfWhatWasRead) {
  const std::string key = page_key(world_.account, MailboxId::inbox, 0);
  MailPage page = *decode_page(key, records(Family::mail_page).at(key));
  page.seen.bits[0] ^= 2;
  records(Family::mail_page)[key] = encode_page(key, page);
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
}

TEST_F(Repair, ADamagedBodyGoesAndComesBack) {
  const MailFacts facts = world_.rows().front().facts;
  spoil(records(Family::blob).at(blob_key(facts.blob, 0)));
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4}));
  EXPECT_EQ(set_aside(), 3U);  // record, detail, body
  EXPECT_EQ(verify(), "");
  // Whoever brings the same octets in again writes them anew.
  EXPECT_EQ(world_.add(text(1)), 6U);
  EXPECT_EQ(texts().back(), text(1));
  EXPECT_EQ(verify(), "");
}

TEST_F(Repair, AMissingDetailCostsTheTraceAlone) {
  spoil(record_of(Family::mail_detail, 1));
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.uids(), (std::vector<Uid>{2, 3, 4, 6}));
  EXPECT_EQ(world_.rows().back().facts.trace_bytes, 0U);
  EXPECT_EQ(texts().back(), text(1));
  EXPECT_EQ(set_aside(), 1U);
  expect_sound();
}

TEST_F(Repair, MarksBodiesAsInUse) {
  records(Family::blob_ref).clear();
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(records(Family::blob_ref).size(), 6U);
  expect_sound();
}

TEST_F(Repair, MakesTheLogOfChangesAnew) {
  auto& log = records(Family::mail_change);
  log.erase(log.begin());
  spoil(log.begin()->second);
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
}

TEST_F(Repair, MakesAMailboxAnew) {
  spoil(records(Family::mailbox).at(mailbox_key(world_.account, work_)));
  world_.twin.restart();
  EXPECT_EQ(world_.twin.run(world_.boxes().list(world_.account)).error(), MailError::corrupt);
  EXPECT_FALSE(repair().is_sound());
  const auto boxes = world_.twin.run(world_.boxes().list(world_.account));
  ASSERT_TRUE(boxes);
  ASSERT_EQ(boxes->size(), 2U);
  EXPECT_TRUE(boxes->back().name.starts_with("Recovered-"));
  EXPECT_GT(boxes->back().uid_validity, boxes->front().uid_validity);
  EXPECT_EQ(texts(work_), std::vector<std::string>{text(6)});
  expect_sound();
}

TEST_F(Repair, MakesTheAccountAnew) {
  spoil(records(Family::mail_account).at(account_key(world_.account)));
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
  EXPECT_EQ(world_.twin.run(world_.boxes().usage(world_.account))->messages, 5U);
  EXPECT_EQ(world_.add(), 6U);
}

TEST_F(Repair, FindsAnAccountWhoseNameWasLost) {
  records(Family::mail_name).clear();
  world_.twin.restart();
  EXPECT_FALSE(world_.twin.run(world_.boxes().find_account("ada@example.org")));
  Upkeep& upkeep = world_.twin.store().upkeep(0);
  EXPECT_EQ(world_.twin.run(upkeep.find_account("ADA@example.org")), world_.account);
  EXPECT_FALSE(world_.twin.run(upkeep.find_account("bob@example.org")));
  EXPECT_FALSE(repair().is_sound());
  EXPECT_EQ(world_.twin.run(world_.boxes().find_account("ada@example.org")), world_.account);
  expect_sound();
}

TEST_F(Repair, MendsTheMarkOfAnExpungedMessage) {
  spoil(records(Family::mail_trash).begin()->second);
  EXPECT_FALSE(repair().is_sound());
  expect_sound();
  const auto old = world_.twin.run(world_.boxes().expunged(world_.account, 10));
  ASSERT_EQ(old->size(), 1U);
  EXPECT_TRUE(world_.twin.run(world_.boxes().undelete(world_.account, old->front().mailbox,
                                                      old->front().uid, old->front().expunged)));
}

TEST_F(Repair, TellsWhoHasTheMailboxOpen) {
  struct Listener final : MailboxListener {
    void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
      gone.insert(gone.end(), update->expunged.begin(), update->expunged.end());
      for (const auto& [uid, flags] : update->inserted) {
        come.push_back(uid);
      }
    }
    std::vector<Uid> gone;
    std::vector<Uid> come;
  } listener;
  spoil(record_of(Family::mail, 2));
  spoil(record_of(Family::mail_detail, 3));
  const auto opened =
      world_.twin.run(world_.boxes().open(world_.account, MailboxId::inbox, &listener));
  ASSERT_TRUE(opened);
  ASSERT_TRUE(world_.twin.run(world_.twin.store().upkeep(0).repair(world_.account)));
  (void)world_.twin.run(world_.boxes().usage(world_.account));
  std::ranges::sort(listener.gone);
  EXPECT_EQ(listener.gone, (std::vector<Uid>{2, 3}));
  EXPECT_EQ(listener.come, std::vector<Uid>{6});
}

TEST_F(Repair, ListsAllAccounts) {
  const auto other = world_.open_account("bob@example.org");
  Upkeep& upkeep = world_.twin.store().upkeep(0);
  EXPECT_EQ(world_.twin.run(upkeep.accounts(MailAccountId::none, 10)),
            (std::vector<MailAccountId>{world_.account, other}));
  EXPECT_EQ(world_.twin.run(upkeep.accounts(world_.account, 10)),
            std::vector<MailAccountId>{other});
  EXPECT_EQ(world_.twin.run(upkeep.accounts(MailAccountId::none, 1)),
            std::vector<MailAccountId>{world_.account});
}

// ---- mail that comes from elsewhere

class Origin : public Repair {
 protected:
  MailResult<std::vector<InsertedMail>> bring(std::string octets, MailOrigin origin,
                                              MailboxId box = MailboxId::inbox) {
    MailInsert insert;
    insert.mails.push_back(world_.mail(std::move(octets), box));
    insert.origin = std::move(origin);
    return world_.twin.run(world_.boxes().insert(world_.account, std::move(insert)));
  }
};

TEST_F(Origin, ComesOnce) {
  const auto there = bring(text(1), {.copies = 1});
  ASSERT_TRUE(there);
  EXPECT_TRUE(there->front().was_there);
  EXPECT_EQ(there->front().uid, 1U);
  EXPECT_EQ(world_.uids().size(), 4U);
  // The second of two that were alike is missing here; the third is not asked for twice.
  EXPECT_FALSE(bring(text(1), {.copies = 2})->front().was_there);
  EXPECT_TRUE(bring(text(1), {.copies = 2})->front().was_there);
  // Not there: expunged, in another mailbox, of other octets.
  EXPECT_FALSE(bring(text(5), {.copies = 1})->front().was_there);
  EXPECT_FALSE(bring(text(6), {.copies = 1})->front().was_there);
  EXPECT_FALSE(bring("else", {.copies = 1})->front().was_there);
  EXPECT_EQ(verify(), "");
}

TEST_F(Origin, IsKnownByAnotherCutOfTheSameOctets) {
  const std::string trace = "Delivered-To: ada@example.org\r\n";
  const std::string whole = trace + text(1);
  const auto hashes =
      world_.twin.run(world_.boxes().hash_bodies(SharedOctets(whole), {0, trace.size()}));
  NewMail mail = world_.mail(whole);
  mail.detail.trace.clear();
  MailInsert insert;
  insert.mails.push_back(std::move(mail));
  insert.origin = MailOrigin{.other_cuts = {{trace, hashes[1]}}, .copies = 1};
  const auto done = world_.twin.run(world_.boxes().insert(world_.account, std::move(insert)));
  EXPECT_TRUE(done->front().was_there);
}

TEST_F(Origin, KeepsItsUidWhereNothingEverWas) {
  const auto box =
      world_.twin.run(world_.boxes().create(world_.account, "Old", SpecialUse::none))->id;
  const auto uid_of = [](const auto& done) { return done ? done->front().uid : 0; };
  EXPECT_EQ(uid_of(bring("a", {.copies = 1, .uid_validity = 77, .uid = 10}, box)), 10U);
  EXPECT_EQ(world_.view(box).mailbox.uid_validity, 77U);
  EXPECT_EQ(uid_of(bring("b", {.copies = 1, .uid_validity = 77, .uid = 5000}, box)), 5000U);
  EXPECT_EQ(uid_of(bring("c", {.copies = 1, .uid_validity = 77, .uid = 11}, box)), 5001U);
  EXPECT_EQ(uid_of(bring("d", {.copies = 1, .uid_validity = 78, .uid = 9000}, box)), 5002U);
  EXPECT_EQ(world_.view(box).mailbox.uid_validity, 77U);
  EXPECT_EQ(uid_of(bring("e", {.uid_validity = 77, .uid = 9000})), 6U);  // INBOX was used
  expect_sound();
}

}  // namespace
}  // namespace postrider::store
