#include "store/memory_kv.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>

#include <postrider/base/random.hpp>

namespace postrider::store {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string octets_of(std::size_t size, char fill) {
  return std::string(size, fill);
}

// The whole message as read_chunk gives it.
std::string read_all(Twin& twin, MessageId id) {
  const auto envelope = twin.run(twin.queue().load_envelope(id));
  if (!envelope) {
    return std::string("no envelope: ") + std::string(describe(envelope.error()));
  }
  std::string all;
  for (std::uint32_t chunk = 0; chunk < std::max(1U, (*envelope)->body_chunks); ++chunk) {
    const auto octets = twin.run(twin.queue().read_chunk(id, chunk));
    if (!octets) {
      return std::string("no chunk: ") + std::string(describe(octets.error()));
    }
    all += octets->view();
  }
  return all;
}

// A message in `chunks` staged chunks behind chunk 0; its id, or null.
engine::Task<void> commit_staged(QueueStore& queue, std::uint32_t chunks, MessageId& out) {
  auto staged = queue.stage();
  const MessageId id = staged->id();
  for (std::uint32_t i = 0; i < chunks; ++i) {
    std::string chunk(1000 + i, static_cast<char>('b' + i));
    if (!co_await staged->append(std::move(chunk))) {
      co_return;
    }
  }
  NewMessage message = make_message(id, "aaa");
  auto envelope = std::make_shared<Envelope>(*message.envelope);
  envelope->body_chunks = staged->chunks() + 1;
  for (std::uint32_t i = 0; i < chunks; ++i) {
    envelope->size_octets += 1000 + i;
  }
  message.envelope = std::move(envelope);
  if (co_await queue.commit(std::move(message), std::move(staged))) {
    out = id;
  }
}

// How many records the disk holds, of all kinds.
std::size_t records(Twin& twin) {
  std::size_t count = 0;
  for (const auto& family : twin.disk().written) {
    count += family.size();
  }
  return count;
}

class Feed final : public QueueFeed {
 public:
  void on_committed(QueueEntry entry) override { entries.push_back(std::move(entry)); }
  std::vector<QueueEntry> entries;
};

TEST(QueueCommit, ReadsBackWhatItKept) {
  Twin twin;
  const MessageId id = twin.commit("one");
  ASSERT_FALSE(id.is_null());
  EXPECT_EQ(read_all(twin, id), "one");
  EXPECT_EQ(read_all(twin, twin.commit("")), "");
  const auto envelope = twin.run(twin.queue().load_envelope(id));
  ASSERT_TRUE(envelope);
  EXPECT_EQ(**envelope, *make_message(id, "one").envelope);
  EXPECT_EQ(twin.queue().counters().committed, 2U);
  EXPECT_EQ(twin.queue().counters().messages_open, 2U);
  EXPECT_GT(twin.queue().counters().bytes_accepted, 3U);
}

TEST(QueueCommit, IsDurableWhenItReturns) {
  Twin twin;
  const MessageId id = twin.commit("one");
  twin.lose_power();
  EXPECT_EQ(read_all(twin, id), "one");
  EXPECT_EQ(twin.scan().size(), 1U);
  EXPECT_EQ(twin.queue().counters().messages_open, 1U);
}

TEST(QueueCommit, TellsTheFeedBeforeItReturns) {
  Twin twin;
  Feed feed;
  twin.store().set_feed(0, feed);
  const MessageId id = twin.commit("hot octets");
  ASSERT_EQ(feed.entries.size(), 1U);
  EXPECT_EQ(feed.entries[0].envelope->id, id);
  EXPECT_EQ(feed.entries[0].octets.view(), "hot octets");
}

engine::Task<void> commit_and_count(QueueStore& queue, std::string octets, int& done) {
  const MessageId id = queue.next_id();
  const auto result = co_await queue.commit(make_message(id, std::move(octets)));
  done += result.has_value() ? 1 : 0;
}

TEST(QueueCommit, WhatGathersDuringASyncIsOneGroup) {
  Twin twin;
  faults(twin.disk()).sync_latency = milliseconds(5);
  int done = 0;
  twin.reactor().spawn(commit_and_count(twin.queue(), "first", done));
  twin.simulation().run_for(milliseconds(1));
  for (int i = 0; i < 50; ++i) {
    twin.reactor().spawn(commit_and_count(twin.queue(), "later", done));
  }
  twin.simulation().run_for(milliseconds(5));
  EXPECT_EQ(done, 1);
  twin.simulation().run_for(milliseconds(6));
  EXPECT_EQ(done, 51);
  EXPECT_EQ(twin.queue().counters().groups, 2U);
}

TEST(QueueCommit, AGroupIsCappedByBytes) {
  StoreSettings settings;
  settings.group_bytes = 10'000;
  Twin twin(1, 1, settings);
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    twin.reactor().spawn(commit_and_count(twin.queue(), octets_of(3000, 'x'), done));
  }
  twin.simulation().run_for(milliseconds(50));
  EXPECT_EQ(done, 10);
  EXPECT_GE(twin.queue().counters().groups, 4U);
}

TEST(QueueCommit, WaitsForItsShareOfWhatMayBePending) {
  StoreSettings settings;
  settings.pending_bytes = 5'000;
  Twin twin(1, 1, settings);
  faults(twin.disk()).sync_latency = milliseconds(10);
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    twin.reactor().spawn(commit_and_count(twin.queue(), octets_of(4000, 'x'), done));
  }
  // One is larger than the whole share: it goes alone.
  twin.reactor().spawn(commit_and_count(twin.queue(), octets_of(50'000, 'x'), done));
  twin.simulation().run_for(milliseconds(11));
  EXPECT_EQ(done, 1);
  twin.simulation().run_for(milliseconds(60));
  EXPECT_EQ(done, 4);
}

TEST(QueueCommit, IdsAscendOverRestartsAndCores) {
  Twin twin(1, 2);
  const MessageId first = twin.commit();
  const MessageId second = twin.queue(1).next_id();
  EXPECT_NE(first, second);
  twin.restart();
  EXPECT_GT(twin.queue(0).next_id(), first);
  EXPECT_GT(twin.queue(1).next_id(), first);
}

TEST(QueueCommit, AnOrderlyEndRemembersTheLargestIdOfAnEmptyQueue) {
  // A second run whose clock is a year behind.
  const auto disk = Store::make_memory_disk();
  MessageId last;
  for (const std::int64_t start : {1'767'225'600'000, 1'735'689'600'000}) {
    const auto simulation = engine::Simulation::create({.start = from_unix_millis(start)});
    const auto store = Store::open_memory(disk, *simulation);
    const MessageId id = store->queue(0).next_id();
    EXPECT_GT(id, last);
    last = id;
    store->close();
  }
}

TEST(QueueCommit, AFullDiskRefusesNewWorkAndOnlyThat) {
  Twin twin;
  const MessageId id = twin.commit("kept");
  faults(twin.disk()).full = true;
  twin.simulation().run_for(std::chrono::seconds(2));
  const MessageId refused = twin.queue().next_id();
  EXPECT_EQ(twin.run(twin.queue().commit(make_message(refused, "no"))), failure(StoreError::full));
  auto staged = twin.queue().stage();
  EXPECT_EQ(twin.run(staged->append("no")), failure(StoreError::full));
  EXPECT_EQ(read_all(twin, id), "kept");
  EXPECT_TRUE(twin.run(twin.queue().settle({{id, 0}, std::nullopt, std::nullopt})));
  faults(twin.disk()).full = false;
  EXPECT_FALSE(twin.commit("again").is_null());
  EXPECT_FALSE(twin.queue().counters().failed);
}

TEST(QueueCommit, AFailedSyncIsFinal) {
  Twin twin;
  const MessageId kept = twin.commit("kept");
  faults(twin.disk()).fail_next_sync = true;
  const MessageId lost = twin.queue().next_id();
  EXPECT_EQ(twin.run(twin.queue().commit(make_message(lost, "x"))), failure(StoreError::io));
  EXPECT_TRUE(twin.queue().counters().failed);
  EXPECT_EQ(twin.run(twin.queue().commit(make_message(twin.queue().next_id(), "x"))),
            failure(StoreError::io));
  EXPECT_EQ(twin.run(twin.queue().settle({{kept, 0}, std::nullopt, std::nullopt})),
            failure(StoreError::io));
  EXPECT_EQ(twin.run(twin.queue().begin_attempt({kept, 0}, 1)), failure(StoreError::io));
  EXPECT_EQ(twin.run(twin.queue().sync()), failure(StoreError::io));
  EXPECT_EQ(read_all(twin, kept), "kept");  // what was queued can still be read
  twin.lose_power();
  EXPECT_EQ(twin.scan().size(), 1U);
  EXPECT_FALSE(twin.commit("works again").is_null());
}

TEST(QueueCommit, AClosedStoreAnswersWhatCameBeforeAndRefusesTheRest) {
  Twin twin;
  int done = 0;
  twin.reactor().spawn(commit_and_count(twin.queue(), "before", done));
  twin.simulation().run_for(microseconds(1));
  twin.store().close();
  twin.simulation().run_for(milliseconds(1));
  EXPECT_EQ(done, 1);
  EXPECT_EQ(twin.run(twin.queue().commit(make_message(twin.queue().next_id(), "x"))),
            failure(StoreError::closed));
  twin.lose_power();
  EXPECT_EQ(twin.scan().size(), 1U);
}

TEST(QueueStage, CommitMakesItOneMessage) {
  Twin twin;
  MessageId id;
  twin.simulation().run(commit_staged(twin.queue(), 3, id));
  ASSERT_FALSE(id.is_null());
  const std::string all =
      "aaa" + octets_of(1000, 'b') + octets_of(1001, 'c') + octets_of(1002, 'd');
  EXPECT_EQ(read_all(twin, id), all);
  twin.lose_power();
  EXPECT_EQ(read_all(twin, id), all);
  EXPECT_EQ(twin.run(twin.queue().read_chunk(id, 4)), failure(StoreError::not_found));
}

engine::Task<void> settle_with_staged(QueueStore& queue, DeliveryId ended, MessageId& out) {
  std::shared_ptr<StagedMessage> staged = queue.stage();
  NewMessage report = make_message(staged->id(), "head");
  if (!co_await staged->append("and more")) {
    co_return;
  }
  auto envelope = std::make_shared<Envelope>(*report.envelope);
  envelope->body_chunks = 2;
  envelope->size_octets += 8;
  report.envelope = envelope;
  Settlement settlement{ended, std::nullopt, std::move(report), staged};
  const MessageId id = staged->id();
  staged.reset();
  if (co_await queue.settle(std::move(settlement))) {
    out = id;
  }
}

TEST(QueueStage, MayBeTheReportOfASettlement) {
  Twin twin;
  const MessageId cause = twin.commit();
  MessageId id;
  twin.simulation().run(settle_with_staged(twin.queue(), {cause, 0}, id));
  ASSERT_FALSE(id.is_null());
  twin.lose_power();
  ASSERT_EQ(twin.scan().size(), 1U);
  EXPECT_EQ(twin.scan().front().envelope->id, id);
  EXPECT_EQ(read_all(twin, id), "headand more");
}

TEST(QueueStage, WithoutChunksIsASmallMessage) {
  Twin twin;
  auto staged = twin.queue().stage();
  const MessageId id = staged->id();
  EXPECT_TRUE(twin.run(twin.queue().commit(make_message(id, "small"), std::move(staged))));
  EXPECT_EQ(read_all(twin, id), "small");
}

TEST(QueueStage, DestroyedWithoutCommitItLeavesNothing) {
  Twin twin;
  {
    auto staged = twin.queue().stage();
    EXPECT_TRUE(twin.run(staged->append("chunk 1")));
    EXPECT_TRUE(twin.run(staged->append("chunk 2")));
    EXPECT_EQ(staged->chunks(), 2U);
  }
  twin.simulation().run_for(std::chrono::seconds(2));
  EXPECT_TRUE(twin.scan().empty());
  EXPECT_EQ(records(twin), 2U);  // the format and the secret
}

engine::Task<void> stage_and_hang(engine::Reactor& reactor, QueueStore& queue) {
  auto staged = queue.stage();
  (void)co_await staged->append("chunk 1");
  (void)co_await staged->append("chunk 2");
  co_await reactor.sleep(engine::Until{});
}

TEST(QueueStage, WhatACrashLeavesIsSweptAtTheNextStart) {
  Twin twin;
  const MessageId kept = twin.commit("kept");
  twin.reactor().spawn(stage_and_hang(twin.reactor(), twin.queue()));
  twin.simulation().run_for(milliseconds(10));
  const std::size_t before = records(twin);
  EXPECT_EQ(before, 2U + 2U + 3U);
  twin.restart();
  twin.simulation().run_for(milliseconds(10));
  EXPECT_EQ(records(twin), 4U);
  EXPECT_EQ(read_all(twin, kept), "kept");
}

TEST(QueueStage, MayOutliveItsStore) {
  auto twin = std::make_unique<Twin>();
  auto staged = twin->queue().stage();
  EXPECT_TRUE(twin->run(staged->append("chunk")));
  twin->kill();
  staged.reset();  // must touch nothing
}

}  // namespace
}  // namespace postrider::store
