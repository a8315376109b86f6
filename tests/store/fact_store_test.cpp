#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

TEST(FactStore, KeepsWhatWasLearntDurablyForEveryCore) {
  Twin twin(1, 2);
  FactStore& facts = twin.store().facts(0);
  EXPECT_EQ(twin.run(facts.load(FactKind::sts_policy, "a.example")),
            failure(StoreError::not_found));
  EXPECT_TRUE(
      twin.run(facts.save(FactKind::sts_policy, {{"a.example", "one"}, {"b.example", "two"}})));
  EXPECT_EQ(twin.run(twin.store().facts(1).load(FactKind::sts_policy, "a.example")), "one");
  twin.lose_power();
  EXPECT_EQ(twin.run(twin.store().facts(1).load(FactKind::sts_policy, "b.example")), "two");
}

TEST(FactStore, ReplacesAndForgets) {
  Twin twin;
  FactStore& facts = twin.store().facts(0);
  EXPECT_TRUE(twin.run(facts.save(FactKind::tls_report, {{"x", "1"}})));
  EXPECT_TRUE(twin.run(facts.save(FactKind::tls_report, {{"x", ""}})));
  EXPECT_EQ(twin.run(facts.load(FactKind::tls_report, "x")), "");
  EXPECT_TRUE(twin.run(facts.remove(FactKind::tls_report, {"x", "never there"})));
  EXPECT_EQ(twin.run(facts.load(FactKind::tls_report, "x")), failure(StoreError::not_found));
}

TEST(FactStore, KeepsKindsApart) {
  Twin twin;
  FactStore& facts = twin.store().facts(0);
  EXPECT_TRUE(twin.run(facts.save(FactKind::sts_policy, {{"same", "policy"}})));
  EXPECT_TRUE(twin.run(facts.save(FactKind::tls_report, {{"same", "report"}, {"z", "z"}})));
  EXPECT_EQ(twin.run(facts.load(FactKind::sts_policy, "same")), "policy");
  const auto listed = twin.run(facts.list(FactKind::sts_policy, "", 10));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().value, "policy");
}

TEST(FactStore, TakesWhatIsNotedWithAMessageInItsBatch) {
  Twin twin;
  FactStore& facts = twin.store().facts(0);
  EXPECT_TRUE(twin.run(facts.save(FactKind::digest, {{"a", "before"}})));
  NewMessage message = make_message(twin.queue().next_id(), "x\r\n");
  message.facts = {{FactKind::digest, {"a", "after"}}, {FactKind::list_returns, {"b", "new"}}};
  faults(twin.disk()).fail_next_sync = true;
  const MessageId lost = message.envelope->id;
  EXPECT_FALSE(twin.run(twin.queue().commit(message)));
  twin.lose_power();
  EXPECT_FALSE(twin.run(twin.queue().load_envelope(lost)));
  EXPECT_EQ(twin.run(twin.store().facts(0).load(FactKind::digest, "a")), "before");
  EXPECT_TRUE(twin.run(twin.queue().commit(message)));
  twin.lose_power();
  EXPECT_TRUE(twin.run(twin.queue().load_envelope(lost)));
  EXPECT_EQ(twin.run(twin.store().facts(0).load(FactKind::digest, "a")), "after");
  EXPECT_EQ(twin.run(twin.store().facts(0).load(FactKind::list_returns, "b")), "new");
}

TEST(FactStore, ListsInPages) {
  Twin twin;
  FactStore& facts = twin.store().facts(0);
  EXPECT_TRUE(twin.run(
      facts.save(FactKind::tls_report, {{"a", "1"}, {"b", "2"}, {"b\x01", "3"}, {"c", "4"}})));
  std::string seen;
  std::string after;
  for (;;) {
    const auto page = twin.run(facts.list(FactKind::tls_report, after, 2));
    ASSERT_TRUE(page);
    for (const Fact& fact : *page) {
      seen += fact.value;
      after = fact.name;
    }
    if (page->size() < 2) {
      break;
    }
  }
  EXPECT_EQ(seen, "1234");
}

TEST(FactStore, SaysWhatIsDamaged) {
  Twin twin;
  FactStore& facts = twin.store().facts(0);
  EXPECT_TRUE(twin.run(facts.save(FactKind::sts_policy, {{"a", "1"}, {"b", "2"}})));
  twin.kill();
  {
    MemoryKv kv(twin.shared_disk());
    Batch batch;
    batch.put(Family::fact, std::string("\x01") + "a", encode_word("\x01another", "1"));
    ASSERT_TRUE(kv.write(batch, true));
  }
  twin.open();
  FactStore& again = twin.store().facts(0);
  EXPECT_EQ(twin.run(again.load(FactKind::sts_policy, "a")), failure(StoreError::corrupt));
  const auto listed = twin.run(again.list(FactKind::sts_policy, "", 10));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->front().value, "");
  EXPECT_EQ(listed->back().value, "2");
}

}  // namespace
}  // namespace postrider::store
