#include "store/memory_kv.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime start = from_unix_millis(1'767'225'600'000);

std::size_t queue_records(Twin& twin) {
  std::size_t count = 0;
  for (const Family family : {Family::body, Family::env, Family::state, Family::due,
                              Family::journal, Family::done, Family::stage}) {
    count += twin.disk().written[index(family)].size();
  }
  return count;
}

StoreResult<void> settle(Twin& twin, DeliveryId id, std::optional<Progress> progress = {}) {
  return twin.run(twin.queue().settle({id, std::move(progress), std::nullopt}));
}

std::vector<DueEntry> due_until(Twin& twin, WallTime until, DueCursor after = {},
                                std::size_t limit = 100) {
  auto found = twin.run(twin.queue().scan_due(after, until, limit, 0));
  EXPECT_TRUE(found);
  return found.value_or(std::vector<DueEntry>());
}

TEST(QueueSettle, TheEndOfTheOnlyDeliveryIsTheEndOfTheMessage) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_TRUE(twin.run(twin.queue().begin_attempt({id, 0}, 1)));
  EXPECT_TRUE(settle(twin, {id, 0}));
  EXPECT_EQ(queue_records(twin), 0U);
  EXPECT_EQ(twin.run(twin.queue().load({id, 0})), failure(StoreError::not_found));
  EXPECT_EQ(twin.run(twin.queue().read_chunk(id, 0)), failure(StoreError::not_found));
  EXPECT_EQ(twin.queue().counters().messages_open, 0U);
  EXPECT_EQ(twin.queue().counters().settled, 1U);
}

TEST(QueueSettle, AMessageLastsUntilItsLastDelivery) {
  Twin twin;
  const MessageId id = twin.commit("x", {"a.example", "b.example", "c.example"});
  EXPECT_TRUE(settle(twin, {id, 1}));
  auto open = twin.run(twin.queue().load_message(id));
  ASSERT_TRUE(open);
  ASSERT_EQ(open->size(), 2U);
  EXPECT_EQ((*open)[0].number, 0U);
  EXPECT_EQ((*open)[1].number, 2U);
  EXPECT_EQ(twin.run(twin.queue().load({id, 1})), failure(StoreError::not_found));
  EXPECT_EQ(twin.run(twin.queue().begin_attempt({id, 1}, 2)), failure(StoreError::not_found));

  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start + minutes(5))));
  EXPECT_TRUE(settle(twin, {id, 2}));
  EXPECT_TRUE(settle(twin, {id, 2}));  // twice is as good as once
  EXPECT_EQ(twin.scan().size(), 1U);
  EXPECT_TRUE(settle(twin, {id, 0}));
  EXPECT_EQ(queue_records(twin), 0U);
}

TEST(QueueSettle, ManyAtOnceInOneGroupSeeEachOther) {
  Twin twin;
  std::vector<std::string> domains;
  for (int i = 0; i < 40; ++i) {
    domains.push_back("d" + std::to_string(i) + ".example");
  }
  const MessageId id = twin.commit("x", domains);
  struct Spawned {
    static engine::Task<void> run(QueueStore& queue, DeliveryId delivery) {
      (void)co_await queue.settle({delivery, std::nullopt, std::nullopt});
    }
  };
  for (std::uint32_t number = 0; number < 40; ++number) {
    twin.reactor().spawn(Spawned::run(twin.queue(), {id, number}));
  }
  twin.simulation().run_for(seconds(2));
  EXPECT_EQ(queue_records(twin), 0U);
  EXPECT_EQ(twin.queue().counters().settled, 40U);
}

TEST(QueueSettle, SettlingWhatHasEndedIsNothing) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_TRUE(settle(twin, {id, 0}));
  EXPECT_TRUE(settle(twin, {id, 0}));
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start + minutes(5))));
  const MessageId report = twin.queue().next_id();
  EXPECT_TRUE(
      twin.run(twin.queue().settle({{id, 0}, std::nullopt, make_message(report, "a report")})));
  EXPECT_EQ(queue_records(twin), 0U);
  EXPECT_EQ(twin.queue().counters().settled, 1U);
}

TEST(QueueSettle, ADeliveryThatNeverWasIsNotFound) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_EQ(settle(twin, {id, 1}), failure(StoreError::not_found));
  EXPECT_EQ(twin.run(twin.queue().begin_attempt({MessageId(7), 0}, 1)),
            failure(StoreError::not_found));
  EXPECT_EQ(twin.scan().size(), 1U);
}

TEST(QueueSettle, ProgressIsKeptAndComesDue) {
  Twin twin;
  const MessageId id = twin.commit();
  const Progress first = deferred(start + minutes(5));
  EXPECT_TRUE(settle(twin, {id, 0}, first));
  EXPECT_EQ(twin.run(twin.queue().load({id, 0}))->progress, first);
  EXPECT_TRUE(due_until(twin, start + minutes(4)).empty());
  ASSERT_EQ(due_until(twin, start + minutes(5)).size(), 1U);
  EXPECT_EQ(*twin.run(twin.queue().next_due({})), std::optional(start + minutes(5)));

  const Progress second = deferred(start + minutes(15), 2);
  EXPECT_TRUE(settle(twin, {id, 0}, second));
  EXPECT_TRUE(settle(twin, {id, 0}, second));  // the same time again
  const auto due = due_until(twin, start + hours(1));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].due, start + minutes(15));
  EXPECT_EQ(due[0].delivery(), (DeliveryId{id, 0}));
}

TEST(QueueSettle, WhatIsHeldDoesNotComeDue) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));
  Progress held = deferred(start);
  held.held = true;
  held.hold_reason = "operator";
  EXPECT_TRUE(settle(twin, {id, 0}, held));
  EXPECT_TRUE(due_until(twin, start + hours(1)).empty());
  EXPECT_EQ(*twin.run(twin.queue().next_due({})), std::optional<WallTime>());
  EXPECT_EQ(twin.run(twin.queue().load({id, 0}))->progress, held);
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));  // released
  EXPECT_EQ(due_until(twin, start + hours(1)).size(), 1U);
}

TEST(QueueSettle, DueEntriesComeInOrderOfTimeInSlices) {
  Twin twin;
  std::vector<MessageId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(twin.commit());
    EXPECT_TRUE(settle(twin, {ids.back(), 0}, deferred(start + minutes(100 - 10 * i))));
  }
  DueCursor cursor;
  std::vector<MessageId> seen;
  while (true) {
    const auto slice = due_until(twin, start + minutes(90), cursor, 4);
    for (const DueEntry& entry : slice) {
      seen.push_back(entry.delivery().message);
      cursor = {entry.due, entry.delivery()};
    }
    if (slice.size() < 4) {
      break;
    }
  }
  EXPECT_EQ(seen, std::vector<MessageId>(ids.rbegin(), ids.rend() - 1));
  EXPECT_EQ(*twin.run(twin.queue().next_due(cursor)), std::optional(start + minutes(100)));
}

TEST(QueueSettle, IsSyncedWithinASecond) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));
  twin.lose_power();
  EXPECT_EQ(twin.run(twin.queue().load({id, 0}))->progress, std::nullopt);
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));
  twin.simulation().run_for(milliseconds(1001));
  twin.lose_power();
  EXPECT_NE(twin.run(twin.queue().load({id, 0}))->progress, std::nullopt);
}

TEST(QueueSettle, RidesWithTheNextGroupAndWithSync) {
  Twin twin;
  const MessageId id = twin.commit();
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));
  EXPECT_FALSE(twin.commit().is_null());
  twin.lose_power();
  EXPECT_NE(twin.run(twin.queue().load({id, 0}))->progress, std::nullopt);
  EXPECT_TRUE(settle(twin, {id, 0}));
  EXPECT_TRUE(twin.run(twin.queue().sync()));
  twin.lose_power();
  EXPECT_EQ(twin.scan().size(), 1U);
}

TEST(QueueSettle, AReportIsDurableWithItsCauseAndToldToTheFeed) {
  struct Feed final : QueueFeed {
    void on_committed(QueueEntry entry) override { ids.push_back(entry.envelope->id); }
    std::vector<MessageId> ids;
  } feed;
  Twin twin;
  twin.store().set_feed(0, feed);
  const MessageId id = twin.commit();
  const MessageId report = twin.queue().next_id();
  EXPECT_TRUE(
      twin.run(twin.queue().settle({{id, 0}, std::nullopt, make_message(report, "a report")})));
  EXPECT_EQ(feed.ids, (std::vector<MessageId>{id, report}));
  twin.lose_power();
  const auto open = twin.scan();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].envelope->id, report);
  EXPECT_EQ(twin.run(twin.queue().read_chunk(report, 0))->view(), "a report");
}

TEST(QueueJournal, NamesWhatACrashLeftOpenAndNothingElse) {
  Twin twin;
  const MessageId settled = twin.commit();
  const MessageId open = twin.commit();
  EXPECT_TRUE(twin.run(twin.queue().begin_attempt({settled, 0}, 1)));
  EXPECT_TRUE(settle(twin, {settled, 0}, deferred(start)));
  EXPECT_TRUE(twin.run(twin.queue().begin_attempt({open, 0}, 1)));
  EXPECT_TRUE(twin.run(twin.queue().begin_attempt({open, 0}, 2)));  // without a settlement between
  EXPECT_TRUE(twin.run(twin.queue().open_attempts())->empty());     // of this process: none
  twin.lose_power();
  const auto begun = twin.run(twin.queue().open_attempts());
  ASSERT_TRUE(begun);
  ASSERT_EQ(begun->size(), 1U);
  EXPECT_EQ((*begun)[0].delivery, (DeliveryId{open, 0}));
  EXPECT_EQ((*begun)[0].attempt, 2U);
  EXPECT_GE((*begun)[0].begun, start);
  EXPECT_TRUE(settle(twin, {open, 0}));
  twin.restart();
  EXPECT_TRUE(twin.run(twin.queue().open_attempts())->empty());
}

// A feed that begins whatever has fewer deliveries than this.
struct BeginningFeed final : QueueFeed {
  std::optional<std::uint32_t> first_attempt(const Envelope& envelope) override {
    return envelope.destinations.size() < 3 ? std::optional(7U) : std::nullopt;
  }
  void on_committed(QueueEntry entry) override { begun.push_back(entry.is_begun); }
  std::vector<bool> begun;
};

TEST(QueueJournal, HoldsTheFirstAttemptsThatTheFeedIsAboutToBegin) {
  BeginningFeed feed;
  Twin twin;
  twin.store().set_feed(0, feed);
  const MessageId begun = twin.commit("x", {"a.example", "b.example"});
  (void)twin.commit("x", {"a.example", "b.example", "c.example"});
  EXPECT_EQ(feed.begun, (std::vector{true, false}));
  EXPECT_TRUE(settle(twin, {begun, 0}));
  EXPECT_TRUE(twin.run(twin.queue().sync()));
  twin.lose_power();
  const auto open = twin.run(twin.queue().open_attempts());
  ASSERT_EQ(open->size(), 1U) << "in the batch of the message, and gone with the settlement";
  EXPECT_EQ((*open)[0].delivery, (DeliveryId{begun, 1}));
  EXPECT_EQ((*open)[0].attempt, 7U);
  EXPECT_TRUE(settle(twin, {begun, 1}));
  twin.restart();
  EXPECT_TRUE(twin.run(twin.queue().open_attempts())->empty());
}

TEST(QueueJournal, AFirstAttemptThatTheFeedBeginsAgainIsThereOnce) {
  BeginningFeed feed;
  Twin twin;
  twin.store().set_feed(0, feed);
  const MessageId id = twin.commit();
  EXPECT_TRUE(twin.run(twin.queue().begin_attempt({id, 0}, 8)));
  twin.lose_power();
  const auto open = twin.run(twin.queue().open_attempts());
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ((*open)[0].attempt, 8U);
}

TEST(QueueScan, BringsSmallBodiesAlong) {
  Twin twin;
  (void)twin.commit("first", {"a.example", "b.example"});
  (void)twin.commit(std::string(QueueStore::scan_body_octets_max + 1, 'x'));
  (void)twin.commit("second");
  twin.restart();
  std::vector<std::string> bodies;
  for (const StoredDelivery& found : twin.scan({.body_octets = 100'000})) {
    bodies.emplace_back(found.octets.view());
  }
  EXPECT_EQ(bodies, (std::vector<std::string>{"first", "first", "", "second"}));
  bodies.clear();
  for (const StoredDelivery& found : twin.scan({.body_octets = 6})) {
    bodies.emplace_back(found.octets.view());
  }
  EXPECT_EQ(bodies, (std::vector<std::string>{"first", "first", "", ""})) << "so many in all";
  for (const StoredDelivery& found : twin.scan()) {
    EXPECT_FALSE(found.octets.has_value());
  }
}

TEST(QueueScan, BringsBodiesAlongWithWhatIsDue) {
  Twin twin;
  const MessageId id = twin.commit("the body");
  EXPECT_TRUE(settle(twin, {id, 0}, deferred(start)));
  const auto with = twin.run(twin.queue().scan_due({}, WallTime::max(), 10, 100));
  ASSERT_EQ(with->size(), 1U);
  EXPECT_EQ((*with)[0].stored.octets.view(), "the body");
  const auto without = twin.run(twin.queue().scan_due({}, WallTime::max(), 10, 0));
  EXPECT_FALSE((*without)[0].stored.octets.has_value());
}

TEST(QueueScan, GivesOpenDeliveriesInOrderOfArrivalInSlices) {
  Twin twin;
  std::vector<DeliveryId> expected;
  for (int i = 0; i < 7; ++i) {
    const MessageId id = twin.commit("x", {"a.example", "b.example", "c.example"});
    for (std::uint32_t number = 0; number < 3; ++number) {
      expected.push_back({id, number});
    }
  }
  // A hole in the middle, a message that has gone, and one that is deferred.
  EXPECT_TRUE(settle(twin, expected[4]));
  for (int i = 6; i < 9; ++i) {
    EXPECT_TRUE(settle(twin, expected[i]));
  }
  EXPECT_TRUE(settle(twin, expected[10], deferred(start)));
  expected.erase(expected.begin() + 6, expected.begin() + 9);
  expected.erase(expected.begin() + 4);
  for (const std::size_t limit : {1UL, 2UL, 5UL, 100UL}) {
    std::vector<DeliveryId> seen;
    QueueStore::Scan scan{.limit = limit};
    while (true) {
      const auto slice = twin.scan(scan);
      for (const StoredDelivery& delivery : slice) {
        seen.push_back({delivery.envelope->id, delivery.number});
        scan.after = seen.back();
      }
      if (slice.size() < limit) {
        break;
      }
    }
    EXPECT_EQ(seen, expected) << limit;
  }
  EXPECT_EQ(twin.scan().size(), 17U);
  const auto fresh = twin.scan({.never_deferred_only = true});
  EXPECT_EQ(fresh.size(), 16U);
  for (const StoredDelivery& delivery : fresh) {
    EXPECT_EQ(delivery.progress, std::nullopt);
  }
}

}  // namespace
}  // namespace postrider::store
