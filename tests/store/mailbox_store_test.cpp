#include "mailbox_fixture.hpp"
#include "store/memory_kv.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

constexpr std::uint8_t seen = SystemFlag::seen;
constexpr std::uint8_t deleted = SystemFlag::deleted;

FlagChange adding(std::uint8_t system, std::vector<std::string> keywords = {}) {
  return {FlagOperation::add, {system, std::move(keywords)}, {}};
}

TEST(MailboxStore, ReadsTheNumberOfAnAccountOnceACore) {
  MailWorld world(1, 2);
  EXPECT_EQ(world.open_account(), world.account);
  world.twin.disk().written[index(Family::mail_name)].clear();
  EXPECT_EQ(world.twin.run(world.boxes(0).find_account("Ada@example.org")), world.account);
  EXPECT_EQ(world.twin.run(world.boxes(1).find_account("ada@example.org")).error(),
            MailError::not_found);
}

TEST(MailboxStore, GivesAnAccountItsNumberOnce) {
  MailWorld world(1, 2);
  EXPECT_NE(world.account, MailAccountId::none);
  EXPECT_EQ(world.open_account("ADA@example.org", 1), world.account);
  const auto other = world.open_account("bob@example.org", 1);
  EXPECT_NE(other, world.account);
  EXPECT_EQ(world.twin.run(world.boxes(1).find_account("bob@example.org")), other);
  EXPECT_EQ(world.twin.run(world.boxes().find_account("eve@example.org")).error(),
            MailError::not_found);
  world.twin.restart();
  EXPECT_EQ(world.open_account(), world.account);
  EXPECT_NE(world.open_account("eve@example.org"), other);
  const auto boxes = world.twin.run(world.boxes().list(world.account));
  ASSERT_TRUE(boxes);
  ASSERT_EQ(boxes->size(), 1U);
  EXPECT_EQ(boxes->front().name, "INBOX");
  EXPECT_EQ(boxes->front().id, MailboxId::inbox);
  EXPECT_GE(boxes->front().highest_modseq, 1U);
  EXPECT_GT(boxes->front().uid_validity, 0U);
}

TEST(MailboxStore, KeepsAMessageByteForByte) {
  MailWorld world;
  std::string large = "Subject: large\r\n\r\n";
  for (int i = 0; large.size() < 300'000; ++i) {
    large += "line " + std::to_string(i * 7919) + "\r\n";
  }
  for (const std::string& text : {std::string("Subject: small\r\n\r\nx\r\n"), std::string(), large,
                                  std::string(MailboxStore::frame_octets, 'y')}) {
    const Uid uid = world.add(text);
    world.twin.restart();
    const auto row = world.twin.run(world.boxes().facts(world.account, MailboxId::inbox, {uid}));
    ASSERT_TRUE(row && row->size() == 1);
    const MailFacts& facts = row->front().facts;
    EXPECT_EQ(facts.body_bytes, text.size());
    EXPECT_EQ(text_of(world.boxes(), world.twin, facts), text);
    const auto detail = world.twin.run(world.boxes().detail(world.account, MailboxId::inbox, uid));
    ASSERT_TRUE(detail);
    EXPECT_EQ(detail->trace, "Delivered-To: ada@example.org\r\n");
    EXPECT_EQ(facts.size_bytes(), detail->trace.size() + text.size());
    const auto past = world.twin.run(world.boxes().read_body(facts.blob, text.size() + 1'000'000));
    ASSERT_TRUE(past);
    EXPECT_EQ(past->view(), "");
  }
}

TEST(MailboxStore, CountsWhatIsThere) {
  MailWorld world;
  world.add("one");
  world.add("two", MailboxId::inbox, {seen, {"$Forwarded"}});
  const Uid third = world.add("three");
  const auto changed = world.twin.run(
      world.boxes().change_flags(world.account, MailboxId::inbox, {third}, adding(seen | deleted)));
  ASSERT_TRUE(changed);
  const MailboxView view = world.view();
  EXPECT_EQ(view.mailbox.counts.messages, 3U);
  EXPECT_EQ(view.mailbox.counts.unseen, 1U);
  EXPECT_EQ(view.mailbox.counts.deleted, 1U);
  EXPECT_EQ(view.mailbox.uid_next, third + 1);
  EXPECT_EQ(view.mailbox.highest_modseq, changed->modseq);
  EXPECT_EQ(view.mailbox.keywords, std::vector<std::string>{"$Forwarded"});
  EXPECT_EQ(MailWorld::all_of(view.seen), (std::vector<Uid>{2, 3}));
  std::uint64_t size = 0;
  for (const MailRow& row : world.rows()) {
    size += row.facts.size_bytes();
  }
  EXPECT_EQ(view.mailbox.counts.size_bytes, size);
  EXPECT_EQ(world.twin.run(world.boxes().usage(world.account))->size_bytes, size);
}

TEST(MailboxStore, ChangesFlagsOnlyWhereTheyDiffer) {
  MailWorld world;
  const Uid uid = world.add();
  auto& boxes = world.boxes();
  const auto change = [&](FlagChange what) {
    return *world.twin.run(boxes.change_flags(world.account, MailboxId::inbox, {uid, 999}, what));
  };
  const FlagsChanged first = change(adding(seen, {"Work", "work", "$Junk"}));
  ASSERT_EQ(first.changed.size(), 1U);
  EXPECT_EQ(first.changed[0].second.keywords, (std::vector<std::string>{"$Junk", "Work"}));
  EXPECT_EQ(change(adding(seen, {"WORK"})).modseq, 0U);
  const FlagsChanged replaced = change({FlagOperation::replace, {SystemFlag::flagged, {}}, {}});
  EXPECT_GT(replaced.modseq, first.modseq);
  EXPECT_EQ(replaced.changed[0].second.system, SystemFlag::flagged);
  FlagChange conditional = adding(seen);
  conditional.unchanged_since = first.modseq;
  const FlagsChanged refused = change(conditional);
  EXPECT_EQ(refused.modified, std::vector<Uid>{uid});
  EXPECT_EQ(refused.modseq, 0U);
  conditional.unchanged_since = replaced.modseq;
  EXPECT_EQ(change(conditional).changed.size(), 1U);
  EXPECT_EQ(change({FlagOperation::remove, {seen, {}}, {}}).changed[0].second.system,
            SystemFlag::flagged);
  std::vector<std::string> many(message_keywords_max + 1);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = "k" + std::to_string(i);
  }
  EXPECT_EQ(
      world.twin.run(boxes.change_flags(world.account, MailboxId::inbox, {uid}, adding(0, many)))
          .error(),
      MailError::invalid);
}

TEST(MailboxStore, TellsWhatChangedSince) {
  MailWorld world;
  const Uid one = world.add("one");
  const Uid two = world.add("two");
  const ModSeq before = world.view().mailbox.highest_modseq;
  const Uid three = world.add("three");
  auto& boxes = world.boxes();
  const auto flagged = world.twin.run(
      boxes.change_flags(world.account, MailboxId::inbox, {one}, adding(SystemFlag::flagged)));
  const auto gone = world.twin.run(boxes.expunge(world.account, MailboxId::inbox, {two}, false));
  ASSERT_TRUE(flagged && gone);
  const auto changes = world.twin.run(boxes.changes(world.account, MailboxId::inbox, before, 100));
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ((*changes)[0].uid, three);
  EXPECT_EQ((*changes)[1].uid, one);
  EXPECT_EQ((*changes)[1].modseq, flagged->modseq);
  EXPECT_EQ((*changes)[2].uid, two);
  EXPECT_EQ((*changes)[2].event, MailEvent::expunged);
  // One entry a message: the log is never longer than the mailbox and what was expunged from it.
  const auto all = world.twin.run(boxes.changes(world.account, MailboxId::inbox, 0, 100));
  EXPECT_EQ(all->size(), 3U);
  const auto some = world.twin.run(boxes.changes(world.account, MailboxId::inbox, before, 2));
  EXPECT_EQ(some->size(), 2U);
}

TEST(MailboxStore, ExpungesWhatIsMarkedOnly) {
  MailWorld world;
  const Uid one = world.add("one", MailboxId::inbox, {deleted, {}});
  const Uid two = world.add("two");
  auto& boxes = world.boxes();
  const auto done =
      world.twin.run(boxes.expunge(world.account, MailboxId::inbox, {one, two, 77}, true));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->uids, std::vector<Uid>{one});
  EXPECT_EQ(world.uids(), std::vector<Uid>{two});
  EXPECT_EQ(world.twin.run(boxes.expunge(world.account, MailboxId::inbox, {one}, false))->modseq,
            0U);
  // A UID is never used again.
  world.twin.restart();
  EXPECT_EQ(world.add("three"), two + 1);
}

TEST(MailboxStore, CopiesAndMovesWithOneBody) {
  MailWorld world;
  auto& boxes = world.boxes();
  const auto archive = world.twin.run(boxes.create(world.account, "Archive", SpecialUse::archive));
  ASSERT_TRUE(archive);
  const Uid one = world.add("one", MailboxId::inbox, {seen, {"Work"}});
  const Uid two = world.add("two");
  const auto copied = world.twin.run(
      boxes.copy(world.account, MailboxId::inbox, {two, one, 55}, archive->id, false, {}));
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->uids, (std::vector<std::pair<Uid, Uid>>{{one, 1}, {two, 2}}));
  EXPECT_EQ(copied->skipped, std::vector<Uid>{55});
  EXPECT_EQ(copied->uid_validity, archive->uid_validity);
  EXPECT_EQ(copied->modseq, world.view(archive->id).mailbox.highest_modseq);
  const auto moved =
      world.twin.run(boxes.copy(world.account, MailboxId::inbox, {one}, archive->id, true, {}));
  ASSERT_TRUE(moved);
  EXPECT_EQ(world.uids(), std::vector<Uid>{two});
  const auto rows = world.rows(archive->id);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].facts.blob, rows[2].facts.blob);
  EXPECT_EQ(rows[0].facts.email, rows[2].facts.email);
  EXPECT_NE(rows[0].facts.email, rows[1].facts.email);
  EXPECT_EQ(rows[2].facts.flags.keywords, std::vector<std::string>{"Work"});
  EXPECT_EQ(text_of(boxes, world.twin, rows[2].facts), "one");
  EXPECT_EQ(world.twin.run(boxes.usage(world.account))->messages, 4U);
}

TEST(MailboxStore, RefusesWhatIsOverQuota) {
  MailWorld world;
  MailInsert insert;
  insert.mails = {world.mail(std::string(500, 'x')), world.mail(std::string(600, 'y'))};
  insert.quota.size_bytes = 1000;
  auto& boxes = world.boxes();
  EXPECT_EQ(world.twin.run(boxes.insert(world.account, insert)).error(), MailError::over_quota);
  EXPECT_TRUE(world.uids().empty());
  insert.quota = {2000, 1};
  EXPECT_EQ(world.twin.run(boxes.insert(world.account, insert)).error(), MailError::over_quota);
  insert.quota = {2000, 2};
  const auto done = world.twin.run(boxes.insert(world.account, insert));
  ASSERT_TRUE(done);
  EXPECT_EQ((*done)[1].uid, 2U);
  EXPECT_EQ(
      world.twin
          .run(boxes.copy(world.account, MailboxId::inbox, {1}, MailboxId::inbox, false, {2000, 2}))
          .error(),
      MailError::over_quota);
}

TEST(MailboxStore, EndsAQueueEntryInTheSameBatch) {
  MailWorld world;
  const MessageId id = world.twin.commit("Subject: queued\r\n\r\nbody\r\n");
  MailInsert insert;
  insert.mails = {world.mail("Subject: queued\r\n\r\nbody\r\n")};
  insert.delivered = DeliveryId{id, 0};
  ASSERT_TRUE(world.twin.run(world.boxes().insert(world.account, insert)));
  world.twin.lose_power();
  EXPECT_TRUE(world.twin.scan().empty());
  EXPECT_EQ(world.uids().size(), 1U);
}

TEST(MailboxStore, AReportOfAnEntrysEndIsInItsBatchAndToldToTheFeed) {
  struct Feed final : QueueFeed {
    void on_committed(QueueEntry entry) override { ids.push_back(entry.envelope->id); }
    std::vector<MessageId> ids;
  } feed;
  MailWorld world;
  world.twin.store().set_feed(0, feed);
  const MessageId id = world.twin.commit("Subject: queued\r\n\r\nbody\r\n");
  const auto insert = [&world, id](MessageId report) {
    MailInsert all;
    all.mails = {world.mail("Subject: queued\r\n\r\nbody\r\n")};
    all.delivered = DeliveryId{id, 0};
    all.report = make_message(report, "a report");
    return world.twin.run(world.boxes().insert(world.account, std::move(all))).has_value();
  };
  const MessageId report = world.twin.queue().next_id();
  ASSERT_TRUE(insert(report));
  EXPECT_EQ(feed.ids, (std::vector<MessageId>{id, report}));
  world.twin.lose_power();
  ASSERT_EQ(world.twin.scan().size(), 1U);
  EXPECT_EQ(world.twin.scan().front().envelope->id, report);
  // The entry has ended: there is nothing more to report.
  world.twin.store().set_feed(0, feed);
  ASSERT_TRUE(insert(world.twin.queue().next_id()));
  EXPECT_EQ(feed.ids.size(), 2U);
  EXPECT_EQ(world.twin.scan().size(), 1U);
}

TEST(MailboxStore, RenamesWithAllBelow) {
  MailWorld world;
  auto& boxes = world.boxes();
  const auto make = [&](std::string name) {
    return world.twin.run(boxes.create(world.account, std::move(name), SpecialUse::none));
  };
  const auto work = make("Work");
  const auto deep = make("Work/2024/May");
  ASSERT_TRUE(work && deep && make("Workshop"));
  EXPECT_EQ(make("Work").error(), MailError::exists);
  for (const char* bad : {"", "/", "a//b", "/a", "a/", "a\tb", "\xff", "inBox"}) {
    EXPECT_FALSE(make(bad)) << bad;
  }
  EXPECT_EQ(make(std::string(mailbox_name_octets_max + 1, 'n')).error(), MailError::invalid);
  const auto rename = [&](MailboxId id, std::string name) {
    return world.twin.run(boxes.rename(world.account, id, std::move(name)));
  };
  EXPECT_EQ(rename(work->id, "Workshop").error(), MailError::exists);
  EXPECT_EQ(rename(work->id, "Work/inner").error(), MailError::invalid);
  EXPECT_EQ(rename(MailboxId::inbox, "Old").error(), MailError::invalid);
  ASSERT_TRUE(rename(work->id, "inbox/Work"));
  world.twin.restart();
  std::map<std::string, std::uint32_t> names;
  for (const Mailbox& box : *world.twin.run(world.boxes().list(world.account))) {
    names[box.name] = box.uid_validity;
  }
  EXPECT_EQ(names.size(), 4U);
  EXPECT_EQ(names["INBOX/Work"], work->uid_validity);
  EXPECT_EQ(names["INBOX/Work/2024/May"], deep->uid_validity);
}

TEST(MailboxStore, GivesANewMailboxOfAnOldNameAnotherUidValidity) {
  MailWorld world;
  auto& boxes = world.boxes();
  const auto first = world.twin.run(boxes.create(world.account, "Box", SpecialUse::none));
  world.add("inside", first->id);
  ASSERT_TRUE(world.twin.run(boxes.remove(world.account, first->id)));
  EXPECT_EQ(world.twin.run(boxes.usage(world.account))->messages, 0U);
  const auto second = world.twin.run(boxes.create(world.account, "Box", SpecialUse::none));
  ASSERT_TRUE(second);
  EXPECT_GT(second->uid_validity, first->uid_validity);
  EXPECT_NE(second->id, first->id);
  EXPECT_EQ(world.twin.run(boxes.remove(world.account, MailboxId::inbox)).error(),
            MailError::invalid);
  EXPECT_EQ(world.twin.run(boxes.remove(world.account, first->id)).error(), MailError::not_found);
}

TEST(MailboxStore, KeepsSubscriptionsOfNamesThatNobodyHas) {
  MailWorld world;
  auto& boxes = world.boxes();
  ASSERT_TRUE(world.twin.run(boxes.subscribe(world.account, "Lists/c++", true)));
  ASSERT_TRUE(world.twin.run(boxes.subscribe(world.account, "inbox", true)));
  ASSERT_TRUE(world.twin.run(boxes.subscribe(world.account, "Lists/c++", true)));
  world.twin.restart();
  EXPECT_EQ(*world.twin.run(world.boxes().subscriptions(world.account)),
            (std::vector<std::string>{"INBOX", "Lists/c++"}));
  ASSERT_TRUE(world.twin.run(world.boxes().subscribe(world.account, "INBOX", false)));
  EXPECT_EQ(world.twin.run(world.boxes().subscriptions(world.account))->size(), 1U);
}

TEST(MailboxStore, BringsBackWhatWasExpungedUntilItIsPurged) {
  MailWorld world;
  auto& boxes = world.boxes();
  const Uid one = world.add("one", MailboxId::inbox, {deleted | seen, {}});
  const Uid two = world.add("two");
  ASSERT_TRUE(world.twin.run(boxes.expunge(world.account, MailboxId::inbox, {one, two}, false)));
  const auto gone = *world.twin.run(boxes.expunged(world.account, 10));
  ASSERT_EQ(gone.size(), 2U);
  const auto undelete = [&](const ExpungedMail& mail) {
    return world.twin.run(boxes.undelete(world.account, mail.mailbox, mail.uid, mail.expunged));
  };
  EXPECT_EQ(gone[0].uid, one);
  const auto back = undelete(gone[0]);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->uid, two + 1);
  const auto rows = world.rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].facts.flags.system, seen);
  EXPECT_EQ(text_of(boxes, world.twin, rows[0].facts), "one");
  const WallTime later = world.twin.reactor().wall_now() + std::chrono::hours(1);
  const MailRow lost = world.twin.run(boxes.facts(world.account, MailboxId::inbox, {two}))->front();
  EXPECT_EQ(*world.twin.run(boxes.purge(world.account, later, 100)), 1U);
  EXPECT_EQ(undelete(gone[1]).error(), MailError::not_found);
  EXPECT_FALSE(world.twin.run(boxes.read_body(lost.facts.blob, 0)));
  EXPECT_EQ(text_of(boxes, world.twin, world.rows()[0].facts), "one");
  const MailboxView view = world.view();
  EXPECT_GT(view.mailbox.vanished_floor, 0U);
  EXPECT_LE(view.mailbox.vanished_floor, view.mailbox.highest_modseq);
}

TEST(MailboxStore, PurgesARemovedMailboxInSlices) {
  MailWorld world;
  auto& boxes = world.boxes();
  const auto box = world.twin.run(boxes.create(world.account, "Box", SpecialUse::none));
  for (int i = 0; i < 10; ++i) {
    world.add("mail " + std::to_string(i), box->id);
  }
  world.add("mail 3");  // the same body, elsewhere
  ASSERT_TRUE(world.twin.run(boxes.expunge(world.account, box->id, {2}, false)));
  ASSERT_TRUE(world.twin.run(boxes.remove(world.account, box->id)));
  const WallTime later = world.twin.reactor().wall_now() + std::chrono::hours(1);
  EXPECT_EQ(*world.twin.run(boxes.purge(
                world.account, world.twin.reactor().wall_now() - std::chrono::hours(1), 4)),
            0U);
  int rounds = 0;
  while (*world.twin.run(boxes.purge(world.account, later, 4)) > 0) {
    ++rounds;
    ASSERT_LT(rounds, 20);
  }
  EXPECT_GE(rounds, 3);
  world.twin.restart();
  const auto rows = world.rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(text_of(world.boxes(), world.twin, rows[0].facts), "mail 3");
}

TEST(MailboxStore, WritesNoMoreWhereMuchIsThere) {
  MailWorld world;
  const NewMail mail = world.mail("Subject: hello\r\n\r\nhello\r\n");
  const auto written_by_one = [&] {
    const std::uint64_t before = world.twin.queue().counters().bytes_accepted;
    EXPECT_TRUE(world.insert(mail));
    return world.twin.queue().counters().bytes_accepted - before;
  };
  (void)written_by_one();  // with the body, which is there from then on
  const std::uint64_t first = written_by_one();
  for (int i = 0; i < 9'000; ++i) {
    ASSERT_TRUE(world.insert(mail));
  }
  // A few octets more, as the numbers in its records have grown.
  EXPECT_LE(written_by_one(), first + 20);
  world.twin.restart();
  EXPECT_LE(written_by_one(), first + 20);
}

class Ear final : public MailboxListener {
 public:
  void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
    heard.push_back(update);
  }
  std::vector<std::shared_ptr<const MailboxUpdate>> heard;
};

TEST(MailboxStore, TellsWhoWatchesOnAnyCore) {
  MailWorld world(1, 3);
  world.add("before");
  Ear ear;
  auto opened = world.twin.run(world.boxes(2).open(world.account, MailboxId::inbox, &ear));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->view.messages.size(), 1U);
  const Uid uid = world.add("after");
  ASSERT_TRUE(world.twin.run(
      world.boxes(1).change_flags(world.account, MailboxId::inbox, {uid}, adding(seen))));
  ASSERT_TRUE(world.twin.run(world.boxes().expunge(world.account, MailboxId::inbox, {1}, false)));
  (void)world.twin.run(world.boxes(2).usage(world.account));  // the posts have arrived
  ASSERT_EQ(ear.heard.size(), 3U);
  EXPECT_EQ(ear.heard[0]->inserted.front().first, uid);
  EXPECT_EQ(ear.heard[1]->changed.front().second.system, seen);
  EXPECT_EQ(ear.heard[2]->expunged, std::vector<Uid>{1});
  EXPECT_EQ(ear.heard[2]->counts.messages, 1U);
  EXPECT_LT(ear.heard[0]->modseq, ear.heard[1]->modseq);
  opened->watch.reset();
  world.add("unheard");
  (void)world.twin.run(world.boxes(2).usage(world.account));
  EXPECT_EQ(ear.heard.size(), 3U);
}

}  // namespace
}  // namespace postrider::store
