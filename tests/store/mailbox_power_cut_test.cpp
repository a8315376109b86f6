#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"

#include <algorithm>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <random>

// Several sessions change an account at once; the power goes at some instant. Whatever was
// acknowledged is there, and every record agrees with every other.
namespace postrider::store {
namespace {

struct Acknowledged {
  std::map<std::pair<MailboxId, Uid>, std::string> there;  // text of what was inserted
  std::set<std::pair<MailboxId, Uid>> touched;             // may have gone: somebody asked for it
  ModSeq largest = 0;
};

std::string text_for(std::mt19937& random) {
  // Few different ones, so that bodies are shared and released often.
  return "Subject: " + std::to_string(random() % 5) + "\r\n\r\n" + std::string(random() % 300, 'x');
}

engine::Task<void> work(MailWorld& world, CoreId core, std::uint32_t seed, MailboxId other,
                        Acknowledged& known) {
  std::mt19937 random(seed);
  MailboxStore& boxes = world.boxes(core);
  const std::vector<MailboxId> both = {MailboxId::inbox, other};
  while (true) {
    const MailboxId box = both[random() % 2];
    const MailboxId to = both[random() % 2];
    const Uid uid = 1 + static_cast<Uid>(random() % 30);
    switch (random() % 6) {
      case 0:
      case 1:
      case 2: {
        MailInsert insert;
        std::string text = text_for(random);
        NewMail mail;
        mail.mailbox = box;
        mail.flags.system = random() % 2 == 0 ? SystemFlag::seen : 0;
        mail.detail.trace = std::string(random() % 50, 't');
        mail.body = co_await boxes.prepare(SharedOctets(text));
        insert.mails.push_back(std::move(mail));
        const auto done = co_await boxes.insert(world.account, std::move(insert));
        if (done) {
          known.there[{box, done->front().uid}] = text;
        }
        break;
      }
      case 3: {
        const auto done = co_await boxes.change_flags(
            world.account, box, {uid, uid + 1},
            {random() % 2 == 0 ? FlagOperation::add : FlagOperation::remove,
             {static_cast<std::uint8_t>(random() % 32), {"k" + std::to_string(random() % 3)}},
             {}});
        known.largest = std::max(known.largest, done ? done->modseq : 0);
        break;
      }
      case 4:
        known.touched.insert({box, uid});
        (void)co_await boxes.expunge(world.account, box, {uid}, false);
        break;
      case 5:
        known.touched.insert({box, uid});
        (void)co_await boxes.copy(world.account, box, {uid}, to, true, {});
        break;
    }
  }
}

engine::Task<void> run_until_the_cut(MailWorld& world, std::uint32_t seed, MailboxId other,
                                     Acknowledged& known, Duration lifetime) {
  for (CoreId core = 0; core < 3; ++core) {
    world.twin.reactor(core).spawn(work(world, core, seed * 10 + core, other, known));
  }
  (void)co_await world.twin.reactor().sleep_for(lifetime);
}

// What the records say, each family by itself.
void check_mailbox(MailWorld& world, const Mailbox& box, MailUsage& usage) {
  const MailboxView view = world.view(box.id);
  const auto uids = MailWorld::all_of(view.messages);
  const auto rows = world.rows(box.id);
  ASSERT_EQ(rows.size(), uids.size());
  MailboxCounts counts;
  std::map<Uid, ModSeq> log;
  const auto changes = world.twin.run(world.boxes().changes(world.account, box.id, 0, 1'000'000));
  ASSERT_TRUE(changes);
  for (const MailChange& change : *changes) {
    EXPECT_LE(change.modseq, box.highest_modseq);
    EXPECT_TRUE(log.emplace(change.uid, change.modseq).second) << "two entries of one message";
    EXPECT_EQ(change.event == MailEvent::expunged, !view.messages.contains(change.uid));
  }
  for (const MailRow& row : rows) {
    const MailFacts& facts = row.facts;
    EXPECT_LT(row.uid, box.uid_next);
    EXPECT_EQ(log[row.uid], facts.modseq);
    EXPECT_EQ((facts.flags.system & SystemFlag::seen) != 0, view.seen.contains(row.uid));
    EXPECT_EQ(text_of(world.boxes(), world.twin, facts).size(), facts.body_bytes);
    const auto detail = world.twin.run(world.boxes().detail(world.account, box.id, row.uid));
    ASSERT_TRUE(detail);
    EXPECT_EQ(detail->trace.size(), facts.trace_bytes);
    ++counts.messages;
    counts.unseen += (facts.flags.system & SystemFlag::seen) != 0 ? 0 : 1;
    counts.deleted += (facts.flags.system & SystemFlag::deleted) != 0 ? 1 : 0;
    counts.size_bytes += facts.size_bytes();
  }
  EXPECT_EQ(box.counts, counts);
  usage.messages += counts.messages;
  usage.size_bytes += counts.size_bytes;
}

// No body without a reference, no reference without a body; each is found by its octets.
void check_bodies(MailWorld& world) {
  const MemoryKv memory(world.twin.shared_disk());
  const Kv& kv = memory;
  std::set<std::string> bodies;
  std::set<std::string> referenced;
  for (auto at = kv.walk(Family::blob, {}); at->is_valid(); at->next()) {
    bodies.insert(std::string(blob_in_frame_key(at->key())));
  }
  for (auto at = kv.walk(Family::blob_ref, {}); at->is_valid(); at->next()) {
    referenced.insert(std::string(split_ref_key(at->key()).blob));
  }
  EXPECT_EQ(bodies, referenced);
  std::set<std::string> named;
  for (auto at = kv.walk(Family::blob_same, {}); at->is_valid(); at->next()) {
    BlobId body = parse_blob_name(at->key()).value();
    for (const std::uint64_t arrival : decode_arrivals(at->key(), at->value()).value()) {
      body.arrival = arrival;
      named.insert(blob_name(body));
    }
  }
  EXPECT_EQ(bodies, named);
}

void check_all(MailWorld& world, const Acknowledged& known) {
  MailUsage usage;
  const auto boxes = world.twin.run(world.boxes().list(world.account));
  ASSERT_TRUE(boxes);
  for (const Mailbox& box : *boxes) {
    check_mailbox(world, box, usage);
  }
  EXPECT_EQ(*world.twin.run(world.boxes().usage(world.account)), usage);
  // What operators ask says the same.
  const auto report = world.twin.run(world.twin.store().upkeep(0).verify(world.account));
  ASSERT_TRUE(report);
  for (const MailFinding& finding : report->findings) {
    ADD_FAILURE() << describe(report->account, finding);
  }
  for (const auto& [where, text] : known.there) {
    const auto& [box, uid] = where;
    const bool is_there = world.view(box).messages.contains(uid);
    EXPECT_TRUE(is_there || known.touched.contains(where))
        << "lost: " << static_cast<unsigned>(box) << '/' << uid;
    if (is_there) {
      const auto row = world.twin.run(world.boxes().facts(world.account, box, {uid}));
      EXPECT_EQ(text_of(world.boxes(), world.twin, row->front().facts), text);
    }
  }
  check_bodies(world);
}

class MailboxPowerCut : public testing::TestWithParam<std::uint32_t> {};

TEST_P(MailboxPowerCut, LeavesRecordsThatAgree) {
  for (std::uint32_t seed = GetParam(); seed < GetParam() + 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    MailWorld world(seed, 3);
    const auto other =
        world.twin.run(world.boxes().create(world.account, "Other", SpecialUse::none));
    ASSERT_TRUE(other);
    Acknowledged known;
    for (int life = 0; life < 3; ++life) {
      const Duration lifetime = std::chrono::microseconds(200 + random() % 20'000);
      world.twin.simulation().run(run_until_the_cut(world, seed * 3 + static_cast<unsigned>(life),
                                                    other->id, known, lifetime));
      world.twin.lose_power(random() % 3);
      check_all(world, known);
      if (HasFailure()) {
        return;
      }
    }
    const WallTime later = world.twin.reactor().wall_now() + std::chrono::hours(1);
    while (*world.twin.run(world.boxes().purge(world.account, later, 7)) > 0) {
    }
    check_all(world, known);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, MailboxPowerCut, testing::Values(1, 100, 200, 300));

TEST(MailboxPowerCut, FindsWhatALyingDiskLost) {
  int losses = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    MailWorld world(seed, 3);
    const auto other =
        world.twin.run(world.boxes().create(world.account, "Other", SpecialUse::none));
    ASSERT_TRUE(other);
    Acknowledged known;
    faults(world.twin.disk()).lie_about_syncs = true;
    world.twin.simulation().run(
        run_until_the_cut(world, seed, other->id, known, std::chrono::milliseconds(20)));
    world.twin.lose_power();
    testing::TestPartResultArray found;
    const testing::ScopedFakeTestPartResultReporter catching(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &found);
    check_all(world, known);
    losses += found.size() > 0 ? 1 : 0;
  }
  EXPECT_GE(losses, 8);
}

}  // namespace
}  // namespace postrider::store
