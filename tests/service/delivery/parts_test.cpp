#include "service/delivery/conclusion.hpp"
#include "service/delivery/host_memory.hpp"
#include "service/delivery/journal_ride.hpp"
#include "service/delivery/lane_queue.hpp"
#include "service/delivery/site_health.hpp"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

ItemRef item_of(const std::string& tenant, store::Priority priority, std::uint64_t id,
                std::size_t recipients = 1) {
  auto envelope = std::make_shared<store::Envelope>();
  envelope->id = MessageId(id);
  envelope->tenant = tenant;
  envelope->priority = priority;
  envelope->reverse_path = "a@example.net";
  envelope->received_at = from_unix_millis(1'767'225'600'000);
  store::Destination destination{"example.org", {}};
  for (std::size_t i = 0; i < recipients; ++i) {
    destination.recipients.push_back({"u" + std::to_string(i) + "@example.org", "", {}});
  }
  envelope->destinations.push_back(std::move(destination));
  auto item = std::make_shared<Item>();
  item->id = {MessageId(id), 0};
  item->envelope = std::move(envelope);
  return item;
}

constexpr auto normal = store::Priority::normal;

TEST(LaneQueue, TenantsTakeTurns) {
  LaneQueue queue;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    queue.push(item_of("big", normal, i));
  }
  for (std::uint64_t i = 101; i <= 110; ++i) {
    queue.push(item_of("small", normal, i));
  }
  std::size_t last_small = 0;
  for (std::size_t place = 0; place < 110; ++place) {
    const ItemRef item = queue.pop();
    ASSERT_NE(item, nullptr);
    if (item->envelope->tenant == "small") {
      last_small = place;
    }
  }
  EXPECT_LT(last_small, 30U);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(queue.is_empty());
}

TEST(LaneQueue, HighGoesFirstAndBulkDoesNotStarve) {
  LaneQueue queue;
  queue.push(item_of("t", store::Priority::bulk, 1));
  for (std::uint64_t i = 10; i < 30; ++i) {
    queue.push(item_of("t", store::Priority::high, i));
  }
  std::vector<std::uint64_t> order;
  while (const ItemRef item = queue.pop()) {
    order.push_back(item->id.message.value());
  }
  EXPECT_EQ(order.front(), 10U);
  const auto bulk = std::ranges::find(order, 1U) - order.begin();
  EXPECT_GT(bulk, 0);
  EXPECT_LT(bulk, 10);
}

TEST(LaneQueue, KeepsTheOrderOfOneTenantAndSkipsWhatIsGone) {
  LaneQueue queue;
  std::vector<ItemRef> items;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    items.push_back(item_of("t", normal, i));
    queue.push(items.back());
  }
  items[1]->state = Item::State::gone;
  const ItemRef first = queue.pop();
  EXPECT_EQ(first->id.message.value(), 1U);
  queue.push_front(first);
  for (const std::uint64_t wanted : {1, 3, 4, 5}) {
    EXPECT_EQ(queue.pop()->id.message.value(), wanted);
  }
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(SiteHealth, StartsSlowlyGrowsAndShrinks) {
  SiteHealth health({2, 4, seconds(30), minutes(10)});
  const MonoTime now{};
  EXPECT_EQ(health.limit(now), 2U);
  for (int i = 0; i < 2; ++i) {
    health.on_success();
  }
  EXPECT_EQ(health.limit(now), 3U);
  for (int i = 0; i < 100; ++i) {
    health.on_success();
  }
  EXPECT_EQ(health.limit(now), 4U);
  health.on_busy(2);
  EXPECT_EQ(health.limit(now), 2U);
  health.on_busy(0);
  EXPECT_EQ(health.limit(now), 1U);
}

TEST(SiteHealth, SuspendsThenProbesWithOne) {
  SiteHealth health({5, 20, seconds(30), minutes(10)});
  SeededRandom random(1);
  MonoTime now{};
  Duration last{};
  for (int i = 0; i < 10; ++i) {
    health.on_failure(now, random);
    EXPECT_TRUE(health.is_suspended(now));
    EXPECT_EQ(health.limit(now), 0U);
    const Duration pause = health.suspended_until() - now;
    EXPECT_GE(pause, last * 9 / 10);
    EXPECT_LE(pause, Duration(minutes(10)));
    health.on_failure(now + seconds(1), random);
    EXPECT_EQ(health.suspended_until() - now, pause) << "one in flight says nothing new";
    last = pause;
    now = health.suspended_until();
    EXPECT_EQ(health.limit(now), 1U);
  }
  EXPECT_GE(last, Duration(minutes(9)));
  health.on_failure(now, random);
  health.end_suspension(now + seconds(1));
  EXPECT_FALSE(health.is_suspended(now + seconds(1)));
  EXPECT_EQ(health.limit(now + seconds(1)), 1U) << "probed, not trusted";
  health.on_failure(now + seconds(1), random);
  EXPECT_TRUE(health.is_suspended(now + seconds(2)));
  health.on_success();
  EXPECT_EQ(health.limit(now), 5U);
}

TEST(HostMemory, ForgetsTheOldestAndWhatIsOver) {
  HostMemory memory(3);
  const auto host = [](std::uint16_t port) {
    return SocketAddress{IpAddress::v4({192, 0, 2, 1}), port};
  };
  const MonoTime later{minutes(5)};
  for (std::uint16_t port = 1; port <= 4; ++port) {
    memory.on_failed(host(port), later);
  }
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_FALSE(memory.has_failed(host(1), {}));
  EXPECT_TRUE(memory.has_failed(host(2), {}));
  EXPECT_FALSE(memory.has_failed(host(2), later));
  memory.on_worked(host(3));
  EXPECT_FALSE(memory.has_failed(host(3), {}));
  memory.on_broken_tls(host(3), later);
  EXPECT_TRUE(memory.has_broken_tls(host(3), {}));
  EXPECT_FALSE(memory.has_broken_tls(host(4), {}));
}

TEST(JournalNumber, HoldsBothCounts) {
  for (const JournalNumber number :
       {JournalNumber{1, 0}, JournalNumber{40, 9}, JournalNumber{(1U << 24) - 1, 255}}) {
    const JournalNumber read = JournalNumber::decode(number.encode());
    EXPECT_EQ(read.attempt, number.attempt);
    EXPECT_EQ(read.crashes, number.crashes);
  }
  EXPECT_EQ(JournalNumber::decode(JournalNumber{1U << 30, 1000}.encode()).crashes, 255U);
}

Conclusion conclude_with(const ItemRef& item, std::vector<std::optional<Verdict>> verdicts,
                         Duration age = seconds(1)) {
  AttemptResult result;
  result.verdicts = std::move(verdicts);
  policy::RetrySettings settings;
  settings.jitter = 0;
  const policy::RetrySchedule schedule(settings);
  SeededRandom random(1);
  return conclude({*item, result, schedule, item->envelope->received_at + age, {}, {}, ""}, random);
}

Verdict verdict(Verdict::Kind kind, const std::string& enhanced) {
  return {kind, {0, enhanced, "words", "mx", {}}, false};
}

TEST(Conclude, EndsWhenNobodyIsPending) {
  const auto item = item_of("t", normal, 1, 2);
  const Conclusion conclusion = conclude_with(
      item, {verdict(Verdict::Kind::delivered, ""), verdict(Verdict::Kind::failed, "5.1.1")});
  EXPECT_FALSE(conclusion.progress.has_value());
  ASSERT_EQ(conclusion.reported.size(), 1U);
  EXPECT_EQ(conclusion.reported[0].recipient.address, "u1@example.org");
  EXPECT_EQ(conclusion.events.size(), 2U);
}

TEST(Conclude, WhatIsSettledStaysSettled) {
  const auto item = item_of("t", normal, 1, 3);
  Conclusion first = conclude_with(
      item, {verdict(Verdict::Kind::delivered, ""), verdict(Verdict::Kind::deferred, "4.2.1"),
             verdict(Verdict::Kind::failed, "5.1.1")});
  ASSERT_TRUE(first.progress.has_value());
  EXPECT_EQ(first.progress->attempts, 1U);
  EXPECT_EQ(first.progress->next_due, item->envelope->received_at + seconds(1) + minutes(5));
  item->progress = first.progress;
  EXPECT_FALSE(item->is_pending(0));
  EXPECT_TRUE(item->is_pending(1));
  EXPECT_FALSE(item->is_pending(2));
  const Conclusion second =
      conclude_with(item, same_for_all(*item, verdict(Verdict::Kind::failed, "5.0.0")).verdicts);
  EXPECT_FALSE(second.progress.has_value());
  EXPECT_EQ(second.failed, 1U);
  ASSERT_EQ(second.reported.size(), 1U);
  EXPECT_EQ(second.reported[0].recipient.address, "u1@example.org");
}

TEST(Conclude, WarnsOnceAndExpiresAtTheEnd) {
  const auto item = item_of("t", normal, 1);
  const auto deferred = verdict(Verdict::Kind::deferred, "4.2.1");
  Conclusion conclusion = conclude_with(item, {deferred}, std::chrono::hours(5));
  ASSERT_EQ(conclusion.reported.size(), 1U);
  EXPECT_EQ(conclusion.reported[0].fate, flow::Fate::delayed);
  EXPECT_TRUE(conclusion.reported[0].will_retry_until.has_value());
  item->progress = conclusion.progress;
  conclusion = conclude_with(item, {deferred}, std::chrono::hours(9));
  EXPECT_TRUE(conclusion.reported.empty());
  item->progress = conclusion.progress;
  conclusion = conclude_with(item, {deferred}, std::chrono::hours(120));
  EXPECT_FALSE(conclusion.progress.has_value());
  ASSERT_EQ(conclusion.reported.size(), 1U);
  EXPECT_EQ(conclusion.reported[0].last.enhanced, "5.4.7");
  EXPECT_EQ(conclusion.events.back().kind, flow::EventKind::expired);
}

TEST(Conclude, ARelayedRecipientIsReportedWhereThatWasAskedFor) {
  auto item = item_of("t", normal, 1);
  auto envelope = std::make_shared<store::Envelope>(*item->envelope);
  envelope->destinations[0].recipients[0].notify.success = true;
  item->envelope = envelope;
  Verdict relayed = verdict(Verdict::Kind::delivered, "");
  EXPECT_TRUE(conclude_with(item, {relayed}).reported.empty());
  relayed.relayed = true;
  ASSERT_EQ(conclude_with(item, {relayed}).reported.size(), 1U);
}

}  // namespace
}  // namespace postrider::delivery
