// Users are told once of each message that was held back for them.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/service/control/quarantine_digest.hpp>
#include <postrider/store/store.hpp>

namespace postrider::control {
namespace {

using engine::Task;

class NoFeed final : public store::QueueFeed {
 public:
  void on_committed(store::QueueEntry) override {}
};

struct NoEvents final : flow::EventSink {
  void emit(flow::Event) override {}
};

class Digests : public testing::Test {
 public:
  ~Digests() override { shut(); }

 protected:
  Digests() {
    settings.every = std::chrono::hours(24);
    settings.hostname = "mail.here.example";
    settings.from = "postmaster@mail.here.example";
    settings.url = "https://mail.here.example/v1/my/quarantine";
    settings.postmaster = "postmaster@mail.here.example";
    settings.withheld_by = {"clamav"};
    open();
  }

  void open() {
    store = store::Store::open_memory(disk, *simulation);
    store->set_feed(0, feed);
    intake =
        flow::make_intake({reactor, store->queue(0), events}, {.hostname = "mail.here.example"});
    digests = std::make_unique<QuarantineDigest>(
        QuarantineDigest::Doors{reactor, store->queue(0), store->facts(0),
                                [this] { return is_open ? intake.get() : nullptr; }},
        settings);
  }
  void shut() {
    simulation->run(digests->stop());
    digests.reset();
    intake.reset();
    store->close();
    simulation->run_until_idle();
    store.reset();
  }
  void restart() {
    shut();
    open();
  }
  MessageId hold(const std::string& account, const std::string& subject,
                 const std::string& filter = "rspamd", MessageId id = {}) {
    const std::string body = "X-Postrider-Verdict: quarantine; " + filter +
                             ": it says so\r\nFrom: Joe <joe@a.example>\r\nSubject: " + subject +
                             "\r\n\r\nx\r\n";
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = id.is_null() ? store->queue(0).next_id() : id;
    envelope->reverse_path = "joe@a.example";
    envelope->received_at = reactor.wall_now();
    envelope->size_octets = body.size();
    envelope->disposition = store::Disposition::quarantine;
    envelope->destinations.push_back(
        {"here.example", {{account, "", {}, {store::LocalKind::mailbox, account, ""}}}});
    simulation->run(commit({envelope, SharedOctets(body)}));
    return envelope->id;
  }
  Task<void> commit(store::NewMessage message) {
    EXPECT_TRUE((co_await store->queue(0).commit(std::move(message))).has_value());
  }
  std::uint64_t sweep() {
    std::uint64_t count = 0;
    simulation->run(run_sweep(&count));
    return count;
  }
  Task<void> run_sweep(std::uint64_t* count) { *count = co_await digests->sweep(); }
  void release(MessageId id) { simulation->run(run_release(id)); }
  Task<void> run_release(MessageId id) {
    EXPECT_TRUE((co_await store->queue(0).settle({.delivery = {id, 0}})).has_value());
  }
  // Those that were sent to that account, decoded, in order.
  std::vector<std::string> sent_to(const std::string& account) {
    std::vector<std::string> out;
    simulation->run(run_sent(account, &out));
    return out;
  }
  Task<void> run_sent(std::string account, std::vector<std::string>* out) {
    const auto all = co_await store->queue(0).scan({});
    EXPECT_TRUE(all.has_value());
    for (const auto& stored : *all) {
      if (stored.envelope->disposition == store::Disposition::inbox &&
          stored.envelope->destinations.front().recipients.front().address == account) {
        EXPECT_EQ(stored.envelope->reverse_path, "");
        const auto octets = co_await store->queue(0).read_chunk(stored.envelope->id, 0);
        EXPECT_TRUE(octets.has_value());
        out->push_back(mime::decode_quoted_printable(octets->view()));
      }
    }
  }
  Task<void> count_facts(std::size_t* count) {
    const auto facts = co_await store->facts(0).list(store::FactKind::digest, "", 100);
    *count = facts ? facts->size() : 99;
  }

  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  engine::Reactor& reactor = simulation->reactor(0);
  std::shared_ptr<store::Store::MemoryDisk> disk = store::Store::make_memory_disk();
  DigestSettings settings;
  NoFeed feed;
  NoEvents events;
  bool is_open = true;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<flow::Intake> intake;
  std::unique_ptr<QuarantineDigest> digests;
};

TEST_F(Digests, TellEachUserOfHisOwn) {
  const auto first = hold("ann@here.example", "one for ann");
  const auto second = hold("ann@here.example", "another", "clamav");
  const auto bobs = hold("bob@here.example", "one for bob");
  EXPECT_EQ(sweep(), 2U);
  const auto anns = sent_to("ann@here.example");
  ASSERT_EQ(anns.size(), 1U);
  for (const std::string& part :
       {std::string("Subject: 2 messages held back for you\r\n"),
        std::string("Auto-Submitted: auto-generated\r\n"), std::string("1. one for ann\r\n"),
        std::string("2. another\r\n"), first.text(), second.text(),
        std::string("clamav: it says so (only the postmaster can release it)"),
        std::string("https://mail.here.example/v1/my/quarantine/ID/message")}) {
    EXPECT_TRUE(anns[0].contains(part)) << part << " in\n" << anns[0];
  }
  EXPECT_FALSE(anns[0].contains("bob")) << anns[0];
  const auto his = sent_to("bob@here.example");
  ASSERT_EQ(his.size(), 1U);
  EXPECT_TRUE(his[0].contains(bobs.text()));
}

TEST_F(Digests, TellOfEachMessageOnce) {
  const auto first = hold("ann@here.example", "first");
  EXPECT_EQ(sweep(), 1U);
  EXPECT_EQ(sweep(), 0U);
  simulation->run_for(std::chrono::hours(25));
  EXPECT_EQ(sweep(), 0U) << "nothing new";
  restart();
  EXPECT_EQ(sweep(), 0U) << "nor after a restart";
  const auto second = hold("ann@here.example", "second");
  EXPECT_EQ(sweep(), 1U);
  const auto sent = sent_to("ann@here.example");
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(sent[1].contains(second.text()));
  EXPECT_FALSE(sent[1].contains(first.text())) << sent[1];
}

TEST_F(Digests, ComeNoMoreOftenThanConfigured) {
  (void)hold("ann@here.example", "first");
  EXPECT_EQ(sweep(), 1U);
  (void)hold("ann@here.example", "second");
  simulation->run_for(std::chrono::hours(23));
  EXPECT_EQ(sweep(), 0U);
  restart();
  EXPECT_EQ(sweep(), 0U) << "also over a restart";
  simulation->run_for(std::chrono::hours(2));
  EXPECT_EQ(sweep(), 1U);
}

TEST_F(Digests, TellOfOneThatCameUnderASmallerId) {
  const auto late = store->queue(0).next_id();
  simulation->run_for(std::chrono::minutes(5));
  (void)hold("ann@here.example", "first");
  EXPECT_EQ(sweep(), 1U);
  (void)hold("ann@here.example", "took its time", "rspamd", late);
  simulation->run_for(std::chrono::hours(25));
  EXPECT_EQ(sweep(), 1U);
  EXPECT_TRUE(sent_to("ann@here.example").back().contains("took its time"));
}

TEST_F(Digests, AreNotLostWhereTheServerTakesNoMail) {
  (void)hold("ann@here.example", "first");
  is_open = false;
  EXPECT_EQ(sweep(), 0U);
  is_open = true;
  EXPECT_EQ(sweep(), 1U);
}

TEST_F(Digests, AreThereOrNotWithWhatTheyTold) {
  (void)hold("ann@here.example", "first");
  store::faults(*disk).fail_next_sync = true;
  EXPECT_EQ(sweep(), 0U);
  restart();
  (void)sweep();  // what was written may have reached the medium before the sync failed
  EXPECT_EQ(sent_to("ann@here.example").size(), 1U) << "once, whichever it was";
}

TEST_F(Digests, CountWhatTheyDoNotName) {
  for (std::size_t i = 0; i < QuarantineDigest::listed_max + 3; ++i) {
    (void)hold("ann@here.example", "spam");
  }
  EXPECT_EQ(sweep(), 1U);
  const auto sent = sent_to("ann@here.example");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].contains("103 messages")) << sent[0];
  EXPECT_TRUE(sent[0].contains("And 3 more.")) << sent[0];
  simulation->run_for(std::chrono::hours(25));
  EXPECT_EQ(sweep(), 0U) << "those were told, too";
}

TEST_F(Digests, RememberNobodyForWhomNothingIsHeld) {
  const auto id = hold("ann@here.example", "first");
  EXPECT_EQ(sweep(), 1U);
  release(id);
  std::size_t facts = 0;
  EXPECT_EQ(sweep(), 0U);
  simulation->run(count_facts(&facts));
  EXPECT_EQ(facts, 1U) << "when he was told last counts";
  simulation->run_for(std::chrono::hours(25));
  EXPECT_EQ(sweep(), 0U);
  simulation->run(count_facts(&facts));
  EXPECT_EQ(facts, 0U);
}

TEST_F(Digests, GoOutByThemselvesIfTheyAreWanted) {
  settings.every = {};
  digests->set(settings);
  digests->start();
  (void)hold("ann@here.example", "first");
  simulation->run_for(std::chrono::hours(30));
  EXPECT_EQ(sent_to("ann@here.example").size(), 0U) << "off";
  settings.every = std::chrono::hours(24);
  digests->set(settings);
  simulation->run_for(std::chrono::minutes(2));
  EXPECT_EQ(sent_to("ann@here.example").size(), 1U);
  (void)hold("ann@here.example", "second");
  simulation->run_for(std::chrono::hours(20));
  EXPECT_EQ(sent_to("ann@here.example").size(), 1U);
  simulation->run_for(std::chrono::hours(5));
  EXPECT_EQ(sent_to("ann@here.example").size(), 2U);
}

}  // namespace
}  // namespace postrider::control
