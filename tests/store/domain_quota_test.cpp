// A domain's limit holds at every moment, whatever cores its accounts are at home on.
#include "mailbox_fixture.hpp"
#include "store/domain_usages.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"

#include <gtest/gtest.h>
#include <optional>

#include <postrider/base/random.hpp>

namespace postrider::store {
namespace {

TEST(DomainUsage, TakesWhatFits) {
  DomainUsage usage;
  EXPECT_TRUE(usage.try_add({60, 1}, {100, 2}));
  EXPECT_FALSE(usage.try_add({41, 1}, {100, 2}));
  EXPECT_EQ(usage.now(), (MailUsage{60, 1}));
  EXPECT_TRUE(usage.try_add({40, 1}, {100, 2}));
  EXPECT_FALSE(usage.try_add({0, 1}, {100, 2})) << "of messages there is no room";
  EXPECT_EQ(usage.now(), (MailUsage{100, 2})) << "nothing of it was taken";
  EXPECT_FALSE(usage.try_add({UINT64_MAX / 2, 0}, {100, 0}));
  EXPECT_TRUE(usage.try_add({1000, 1000}, {0, 0})) << "there is no limit";
  EXPECT_FALSE(usage.try_add({1, 0}, {100, 0})) << "over it already";
  EXPECT_TRUE(usage.try_add({0, 0}, {100, 2})) << "what takes nothing always fits";
  usage.add(difference({}, {1100, 1000}));
  EXPECT_EQ(usage.now(), (MailUsage{0, 2}));
}

TEST(DomainUsage, NamesAreThoseOfDomains) {
  DomainUsages usages;
  EXPECT_EQ(&usages.of("ada@Example.ORG"), &usages.of("example.org"));
  EXPECT_NE(&usages.of("example.org"), &usages.of("example.com"));
}

class DomainQuota : public testing::Test {
 protected:
  static constexpr std::uint64_t trace = 31;  // octets in front of each message
  DomainQuota() { world_.emplace(1, CoreId{2}); }

  MailAccountId account(const std::string& name, CoreId core = 0) {
    EXPECT_TRUE(world_->twin.run(world_->twin.accounts().save_account({.name = name}, true)));
    return world_->open_account(name, core);
  }
  // In octets as they count.
  MailInsert mail_of(std::uint64_t octets, MailQuota quota) {
    MailInsert insert;
    insert.mails.push_back(world_->mail(std::string(octets - trace, 'x')));
    EXPECT_EQ(insert.mails.front().detail.trace.size(), trace);
    insert.quota = quota;
    return insert;
  }
  MailResult<std::vector<InsertedMail>> add(MailAccountId id, std::uint64_t octets,
                                            MailQuota quota = {}, CoreId core = 0) {
    return world_->twin.run(world_->boxes(core).insert(id, mail_of(octets, quota)));
  }
  MailUsage used(const std::string& domain = "example.org", CoreId core = 0) {
    return world_->twin.run(world_->boxes(core).domain_usage(domain)).value_or(MailUsage{7, 7});
  }
  // What the records on the disk come to.
  MailUsage on_disk() {
    MailUsage sum;
    for (const auto& [key, record] : world_->twin.disk().written[index(Family::mail_account)]) {
      const auto kept = decode_mail_account(key, record);
      if (kept && kept->name.ends_with("@example.org") && kept->name != "ada@example.org") {
        sum.size_bytes += kept->usage.size_bytes;
        sum.messages += kept->usage.messages;
      }
    }
    return sum;
  }
  std::optional<MailWorld> world_;
};

TEST_F(DomainQuota, SumsItsAccountsOverCores) {
  const auto a = account("a@example.org");
  const auto b = account("b@example.org");
  const auto c = account("c@example.com");
  ASSERT_NE(static_cast<std::uint64_t>(a) % 2, static_cast<std::uint64_t>(b) % 2)
      << "they are at home on two cores";
  ASSERT_TRUE(add(a, 100));
  ASSERT_TRUE(add(b, 200, {}, 1));
  ASSERT_TRUE(add(c, 400));
  for (const CoreId core : {CoreId{0}, CoreId{1}}) {
    EXPECT_EQ(used("example.org", core), (MailUsage{300, 2}));
    EXPECT_EQ(used("example.com", core), (MailUsage{400, 1}));
  }
  EXPECT_EQ(used("nobody.example"), (MailUsage{}));
}

TEST_F(DomainQuota, RefusesWhatWouldPassIt) {
  const auto a = account("a@example.org");
  const auto b = account("b@example.org");
  const MailQuota octets{.domain_size_bytes = 500};
  ASSERT_TRUE(add(a, 300, octets));
  EXPECT_EQ(add(b, 201, octets).error(), MailError::over_quota);
  EXPECT_TRUE(add(b, 200, octets));
  EXPECT_EQ(add(a, 50, octets).error(), MailError::over_quota);
  const MailQuota count{.domain_messages = 3};
  EXPECT_TRUE(add(a, 50, count));
  EXPECT_EQ(add(b, 50, count).error(), MailError::over_quota);
  EXPECT_EQ(used(), (MailUsage{550, 3})) << "what was refused took nothing";
  EXPECT_EQ(used(), on_disk());
}

TEST_F(DomainQuota, CountsAllWaysInAndOut) {
  const auto a = account("a@example.org");
  const auto b = account("b@example.org");
  auto& boxes = world_->boxes();
  Twin& twin = world_->twin;
  const auto first = add(a, 100);
  ASSERT_TRUE(first);
  const auto work = twin.run(boxes.create(a, "Work", SpecialUse::none));
  ASSERT_TRUE(work);
  const MailQuota tight{.domain_size_bytes = 150};
  EXPECT_EQ(twin.run(boxes.copy(a, MailboxId::inbox, {1}, work->id, false, tight)).error(),
            MailError::over_quota);
  EXPECT_TRUE(twin.run(boxes.copy(a, MailboxId::inbox, {1}, work->id, true, tight))) << "a move";
  EXPECT_EQ(used(), (MailUsage{100, 1}));
  EXPECT_TRUE(twin.run(boxes.copy(a, work->id, {1}, MailboxId::inbox, false, {})));
  EXPECT_EQ(used(), (MailUsage{200, 2}));
  ASSERT_TRUE(twin.run(boxes.expunge(a, work->id, {1}, false)));
  EXPECT_EQ(used(), (MailUsage{100, 1}));
  const auto gone = twin.run(boxes.expunged(a, 10));
  ASSERT_TRUE(gone);
  ASSERT_TRUE(
      twin.run(boxes.undelete(a, gone->back().mailbox, gone->back().uid, gone->back().expunged)));
  EXPECT_EQ(used(), (MailUsage{200, 2}));
  ASSERT_TRUE(twin.run(boxes.remove(a, work->id)));
  EXPECT_EQ(used(), (MailUsage{100, 1}));
  // One that replaces another takes only what it is larger.
  MailInsert larger = mail_of(140, tight);
  larger.replaces = ReplacedMail{
      MailboxId::inbox,
      twin.run(boxes.open(a, MailboxId::inbox, nullptr))->view.messages.first().value_or(0)};
  EXPECT_TRUE(twin.run(boxes.insert(a, larger)));
  EXPECT_EQ(used(), (MailUsage{140, 1}));
  EXPECT_EQ(add(b, 50, tight).error(), MailError::over_quota);
  EXPECT_EQ(used(), on_disk());
}

TEST_F(DomainQuota, IsCountedAnewAtAStart) {
  const auto a = account("a@example.org");
  const auto b = account("b@example.org");
  ASSERT_TRUE(add(a, 100));
  ASSERT_TRUE(add(b, 200));
  world_->twin.lose_power();
  EXPECT_EQ(used(), (MailUsage{300, 2}));
  ASSERT_TRUE(add(a, 50, {.domain_size_bytes = 350}));
  EXPECT_EQ(add(b, 32, {.domain_size_bytes = 350}).error(), MailError::over_quota);
  world_->twin.restart();
  EXPECT_EQ(used(), (MailUsage{350, 3}));
}

TEST_F(DomainQuota, DoesNotCountMailOfWhoIsGone) {
  const auto a = account("a@example.org");
  const auto b = account("b@example.org");
  ASSERT_TRUE(add(a, 100));
  ASSERT_TRUE(add(b, 200));
  Twin& twin = world_->twin;
  ASSERT_TRUE(twin.run(twin.accounts(1).remove_account("a@example.org")));
  EXPECT_EQ(used(), (MailUsage{200, 1}));
  ASSERT_TRUE(twin.run(world_->boxes().expunge(a, MailboxId::inbox, {1}, false)));
  EXPECT_EQ(used(), (MailUsage{200, 1})) << "what isn't counted can't be taken off";
  const auto gone = twin.run(world_->boxes().expunged(a, 10));
  ASSERT_TRUE(twin.run(world_->boxes().undelete(a, MailboxId::inbox, 1, gone->front().expunged)));
  twin.restart();
  EXPECT_EQ(used(), (MailUsage{200, 1})) << "nor after a restart";
  EXPECT_EQ(twin.run(twin.accounts().save_account({.name = "A@example.org"}, true)),
            StoreResult<void>{});
  EXPECT_EQ(used(), (MailUsage{300, 2})) << "whoever gets the name gets the mail";
  EXPECT_EQ(add(a, 50, {.domain_size_bytes = 320}).error(), MailError::over_quota);
}

TEST_F(DomainQuota, IsRightAfterARepair) {
  const auto a = account("a@example.org");
  ASSERT_TRUE(add(a, 100));
  ASSERT_TRUE(add(account("b@example.org"), 200));
  Twin& twin = world_->twin;
  auto& records = twin.disk().written[index(Family::mail_account)];
  const std::string key = account_key(a);
  const std::string sound = records.at(key);
  MailAccount wrong = *decode_mail_account(key, sound);
  wrong.usage = {5, 5};
  for (const std::string& damaged : {encode_mail_account(key, wrong), std::string("no record")}) {
    records[key] = damaged;
    twin.restart();
    EXPECT_NE(used(), (MailUsage{300, 2}));
    ASSERT_TRUE(twin.run(twin.store().upkeep(0).repair(a)));
    EXPECT_EQ(used(), (MailUsage{300, 2}));
    EXPECT_EQ(used(), on_disk());
  }
}

// A record that rots while the server runs, of an account that nobody has in memory.
class RottenAccount : public DomainQuota {
 protected:
  RottenAccount() : a_(account("a@example.org")) {
    EXPECT_TRUE(add(a_, 100));
    EXPECT_TRUE(add(a_, 70));
    EXPECT_TRUE(world_->twin.run(world_->boxes().expunge(a_, MailboxId::inbox, {2}, false)));
    const auto work = world_->twin.run(world_->boxes().create(a_, "Work", SpecialUse::none));
    EXPECT_TRUE(
        world_->twin.run(world_->boxes().copy(a_, MailboxId::inbox, {1}, work->id, false, {})));
    EXPECT_TRUE(world_->twin.run(world_->boxes().remove(a_, work->id)));
    EXPECT_TRUE(add(account("b@example.org"), 200));
    world_->twin.restart();
    EXPECT_EQ(used(), (MailUsage{300, 2})) << "it was sound when all were counted";
    spoil();
  }
  void spoil(Family family = Family::mail_account) {
    auto& records = world_->twin.disk().written[index(family)];
    records.lower_bound(account_key(a_))->second.back() ^= 1;
  }
  MailResult<std::vector<Mailbox>> look() { return world_->twin.run(world_->boxes().list(a_)); }
  void repair() { ASSERT_TRUE(world_->twin.run(world_->twin.store().upkeep(0).repair(a_))); }
  MailAccountId a_;
};

TEST_F(RottenAccount, LeavesTheSumAsSoonAsSomebodyLooks) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(look().error(), MailError::corrupt);
    EXPECT_EQ(used(), (MailUsage{200, 1}));
    EXPECT_EQ(used(), on_disk());
  }
  repair();
  EXPECT_EQ(used(), (MailUsage{300, 2}));
  EXPECT_EQ(used(), on_disk());
  ASSERT_TRUE(add(a_, 50));
  EXPECT_EQ(used(), (MailUsage{350, 3}));
}

TEST_F(RottenAccount, IsCountedOnceWhereRepairIsTheFirstToLook) {
  repair();
  EXPECT_EQ(used(), (MailUsage{300, 2}));
  EXPECT_EQ(used(), on_disk());
  EXPECT_EQ(add(a_, 50, {.domain_size_bytes = 340}).error(), MailError::over_quota);
  EXPECT_TRUE(add(a_, 40, {.domain_size_bytes = 340}));
}

TEST_F(RottenAccount, CountsAgainWhenItCanBeReadAgain) {
  EXPECT_FALSE(look());
  spoil();  // a second time: it is as it was
  EXPECT_TRUE(look());
  EXPECT_EQ(used(), (MailUsage{300, 2}));
  ASSERT_TRUE(add(a_, 50));
  EXPECT_EQ(used(), on_disk());
}

TEST_F(RottenAccount, IsKnownByItsIndexIfItsMailboxesRotToo) {
  spoil(Family::mailbox);
  repair();
  EXPECT_EQ(used(), (MailUsage{300, 2}));
  EXPECT_EQ(used(), on_disk());
}

TEST_F(RottenAccount, StaysInTheSumIfOnlyAMailboxRots) {
  spoil();  // sound again
  spoil(Family::mailbox);
  EXPECT_FALSE(look());
  EXPECT_EQ(used(), (MailUsage{300, 2})) << "as it would after a start";
  repair();
  EXPECT_EQ(used(), on_disk());
}

TEST_F(RottenAccount, WhomTheDirectoryLosesMeanwhileIsNotCountedAfterItsRepair) {
  Twin& twin = world_->twin;
  ASSERT_TRUE(twin.run(twin.accounts().remove_account("a@example.org")));
  EXPECT_EQ(used(), (MailUsage{200, 1}));
  repair();
  EXPECT_EQ(used(), (MailUsage{200, 1}));
  ASSERT_TRUE(twin.run(twin.accounts().save_account({.name = "a@example.org"}, true)));
  EXPECT_EQ(used(), (MailUsage{300, 2}));
}

engine::Task<void> insert_into(MailboxStore& boxes, MailAccountId account, MailInsert insert,
                               std::size_t& done, std::size_t& refused) {
  const auto inserted = co_await boxes.insert(account, std::move(insert));
  done += inserted ? 1 : 0;
  refused += !inserted && inserted.error() == MailError::over_quota ? 1 : 0;
}

engine::Task<void> expunge_in(MailboxStore& boxes, MailAccountId account, Uid uid) {
  (void)co_await boxes.expunge(account, MailboxId::inbox, {uid}, false);  // it may not be there
}

// Many deliveries at once, on both cores, into accounts of both; some mail leaves meanwhile. At no
// moment do the records on the disk come to more than the limit.
TEST_F(DomainQuota, HoldsWhateverComesAtOnce) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    world_.emplace(seed, CoreId{2});
    std::vector<MailAccountId> accounts;
    for (int i = 0; i < 6; ++i) {
      accounts.push_back(account("user" + std::to_string(i) + "@example.org"));
    }
    const MailQuota quota{.domain_size_bytes = 10'000, .domain_messages = 60};
    Twin& twin = world_->twin;
    SeededRandom random(seed);
    std::size_t done = 0;
    std::size_t refused = 0;
    std::size_t asked = 0;
    for (int round = 0; round < 40; ++round) {
      std::vector<MailInsert> inserts;
      for (int i = 0; i < 12; ++i) {
        inserts.push_back(mail_of(trace + 1 + random.below(400), quota));
      }
      for (MailInsert& insert : inserts) {
        const auto core = static_cast<CoreId>(random.below(2));
        const MailAccountId to = accounts[random.below(accounts.size())];
        twin.reactor(core).spawn(
            insert_into(world_->boxes(core), to, std::move(insert), done, refused));
        ++asked;
      }
      if (round % 4 == 3) {
        for (int i = 0; i < 10; ++i) {
          const auto core = static_cast<CoreId>(random.below(2));
          twin.reactor(core).spawn(expunge_in(world_->boxes(core),
                                              accounts[random.below(accounts.size())],
                                              static_cast<Uid>(1 + random.below(20))));
        }
      }
      // Partly done: what stands on the disk now is looked at.
      for (int i = 0; i < 5; ++i) {
        twin.simulation().run_for(std::chrono::microseconds(50));
        const MailUsage kept = on_disk();
        ASSERT_LE(kept.size_bytes, quota.domain_size_bytes) << "seed " << seed;
        ASSERT_LE(kept.messages, quota.domain_messages) << "seed " << seed;
      }
    }
    twin.simulation().run_for(std::chrono::seconds(1));
    EXPECT_EQ(done + refused, asked) << "seed " << seed;
    EXPECT_GT(refused, 0U) << "the limit was met";
    EXPECT_GT(done, 40U);
    EXPECT_EQ(used(), on_disk()) << "seed " << seed;
    // What is left is given to the last octet.
    const std::uint64_t room = quota.domain_size_bytes - used().size_bytes;
    if (room > trace && used().messages < quota.domain_messages) {
      EXPECT_EQ(add(accounts[0], room + 1, quota).error(), MailError::over_quota);
      EXPECT_TRUE(add(accounts[1], room, quota));
      EXPECT_EQ(used().size_bytes, quota.domain_size_bytes);
    }
  }
}

}  // namespace
}  // namespace postrider::store
