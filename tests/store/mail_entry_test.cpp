// Named values of mailboxes and accounts, and messages that are replaced.
#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"

#include <gtest/gtest.h>
#include <random>

namespace postrider::store {
namespace {

constexpr MailAccountId nobody = MailAccountId::none;

EntryName note(std::string name, MailAccountId holder = nobody,
               MailboxId mailbox = MailboxId::inbox) {
  return {EntryKind::annotation, mailbox, holder, std::move(name)};
}
EntryChange setting(EntryName name, std::optional<std::string> value) {
  return {std::move(name), std::move(value), {}};
}
EntryName access_to(MailboxId mailbox) {
  return {EntryKind::access, mailbox, nobody, {}};
}

class MailEntryStore : public testing::Test {
 public:
  MailResult<void> set(std::vector<EntryChange> changes, CoreId core = 0) {
    return world.twin.run(world.boxes(core).set_entries(world.account, std::move(changes)));
  }
  MailResult<void> set(EntryName name, std::optional<std::string> value) {
    return set({setting(std::move(name), std::move(value))});
  }
  std::string get(EntryName name) {
    return world.twin.run(world.boxes().find_entry(world.account, std::move(name)))
        .value_or("none");
  }
  std::size_t count(std::optional<MailAccountId> holder, MailboxId mailbox = MailboxId::inbox) {
    return world.twin
        .run(world.boxes().entries(world.account, EntryKind::annotation, mailbox, holder, 1000))
        .value()
        .size();
  }
  std::string access_of(MailboxId mailbox) {
    for (const Mailbox& box : *world.twin.run(world.boxes().list(world.account))) {
      if (box.id == mailbox) {
        return box.access;
      }
    }
    return "none";
  }
  MailWorld world{1, 3};
};

TEST_F(MailEntryStore, KeepsWhatItIsGiven) {
  const std::string octets("a\0b\xff", 4);
  EXPECT_TRUE(set({setting(note("/comment"), octets), setting(note("/x", world.account), "")}));
  EXPECT_EQ(get(note("/comment")), octets);
  EXPECT_EQ(get(note("/x", world.account)), "");
  EXPECT_EQ(get(note("/x")), "none");
  EXPECT_EQ(count({}), 2U);
  EXPECT_EQ(count(nobody), 1U);
  world.twin.restart();
  EXPECT_EQ(get(note("/comment")), octets);
  EXPECT_TRUE(set(note("/comment"), {}));
  EXPECT_TRUE(set(note("/comment"), {}));  // gone already
  EXPECT_EQ(get(note("/comment")), "none");
  EXPECT_EQ(count({}), 1U);
}

TEST_F(MailEntryStore, OfAnAccountAndOfNobody) {
  EXPECT_TRUE(set(note("/colour", world.account, MailboxId::none), "red"));
  EXPECT_EQ(get(note("/colour", world.account, MailboxId::none)), "red");
  EntryName share{EntryKind::share, MailboxId::none, world.account, "7"};
  for (int life = 0; life < 2; ++life) {
    EXPECT_TRUE(world.twin.run(world.boxes(1).set_entries(nobody, {setting(share, "ada")})));
    const auto all =
        world.twin.run(world.boxes(2).entries(nobody, EntryKind::share, MailboxId::none, {}, 10));
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front(), (MailEntry{share, "ada"}));
    world.twin.restart();
  }
}

TEST_F(MailEntryStore, HasLimits) {
  const std::string most(entry_value_octets_max, 'x');
  EXPECT_TRUE(set(note(std::string(entry_name_octets_max, 'n')), most));
  EXPECT_EQ(set(note(std::string(entry_name_octets_max + 1, 'n')), "").error(), MailError::invalid);
  EXPECT_EQ(set(note("/a"), most + 'x').error(), MailError::invalid);
  EXPECT_EQ(set(note("/a", nobody, MailboxId{99}), "x").error(), MailError::not_found);
  EXPECT_EQ(set({EntryKind::access, MailboxId::none, nobody, {}}, "x").error(), MailError::invalid);
  std::vector<EntryChange> many;
  for (std::size_t i = 1; i < entries_max; ++i) {
    many.push_back(setting(note("/" + std::to_string(i)), "v"));
  }
  EXPECT_TRUE(set(many));
  EXPECT_EQ(count(nobody), entries_max);
  EXPECT_EQ(set(note("/one more"), "v").error(), MailError::over_quota);
  EXPECT_TRUE(set(note("/one more", world.account), "v"));  // another holder's
  EXPECT_TRUE(set(note("/1"), "w"));                        // it is there
  // What goes makes place for what comes with it; one that can't be kept keeps all from it.
  EXPECT_TRUE(set({setting(note("/1"), {}), setting(note("/one more"), "v")}));
  EXPECT_EQ(
      set({setting(note("/2"), {}), setting(note("/a"), "v"), setting(note("/b"), "v")}).error(),
      MailError::over_quota);
  EXPECT_EQ(get(note("/2")), "v");
}

TEST_F(MailEntryStore, OnlyIfItIsStillWhatItWas) {
  const auto change = [&](std::string from, std::string to) {
    return set({{access_to(MailboxId::inbox), std::move(to), std::move(from)}});
  };
  EXPECT_TRUE(change("", "one"));
  EXPECT_EQ(change("", "two").error(), MailError::exists);
  EXPECT_TRUE(change("one", "two"));
  EXPECT_EQ(access_of(MailboxId::inbox), "two");
}

TEST_F(MailEntryStore, AccessIsOfTheMailbox) {
  const auto other = world.twin.run(world.boxes().create(world.account, "x", SpecialUse::none));
  EXPECT_EQ(access_of(other->id), "");
  EXPECT_TRUE(set(access_to(other->id), "lr bob"));
  EXPECT_EQ(access_of(other->id), "lr bob");
  EXPECT_EQ(access_of(MailboxId::inbox), "");
  world.twin.restart();
  EXPECT_EQ(access_of(other->id), "lr bob");
  EXPECT_EQ(world.view(other->id).mailbox.access, "lr bob");
  EXPECT_TRUE(set(note("/comment", nobody, other->id), "v"));
  // RFC 4314 4: the rights go with the mailbox at once, the rest with its purge.
  EXPECT_TRUE(world.twin.run(world.boxes().remove(world.account, other->id)));
  EXPECT_EQ(get(access_to(other->id)), "none");
  EXPECT_EQ(get(note("/comment", nobody, other->id)), "v");
  const WallTime later = world.twin.reactor().wall_now() + std::chrono::hours(1);
  EXPECT_TRUE(world.twin.run(world.boxes().purge(world.account, later, 100)));
  EXPECT_EQ(get(note("/comment", nobody, other->id)), "none");
}

struct Ear final : MailboxListener {
  void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
    heard.push_back(update);
  }
  std::vector<std::shared_ptr<const MailboxUpdate>> heard;
};

TEST_F(MailEntryStore, TellsWhoWatches) {
  Ear ear;
  const auto opened = world.twin.run(world.boxes(1).open(world.account, MailboxId::inbox, &ear));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(set({setting(note("/a"), "v"), setting(access_to(MailboxId::inbox), "lr bob")}, 2));
  world.twin.simulation().run_for(std::chrono::milliseconds(1));
  ASSERT_EQ(ear.heard.size(), 1U);
  EXPECT_EQ(ear.heard[0]->entries,
            (std::vector<EntryName>{note("/a"), access_to(MailboxId::inbox)}));
  EXPECT_EQ(ear.heard[0]->access, "lr bob");
  EXPECT_EQ(ear.heard[0]->modseq, opened->view.mailbox.highest_modseq);
  EXPECT_TRUE(set(access_to(MailboxId::inbox), {}));
  world.twin.simulation().run_for(std::chrono::milliseconds(1));
  ASSERT_EQ(ear.heard.size(), 2U);
  EXPECT_EQ(ear.heard[1]->access, "");
}

TEST(MailEntryCodec, RefusesOtherKeysAndDamage) {
  const EntryName name{EntryKind::share, MailboxId{3}, MailAccountId{4}, "n\xff"};
  const std::string key = entry_key(MailAccountId{2}, name);
  EXPECT_EQ(parse_entry_key(key), name);
  EXPECT_TRUE(key.starts_with(
      entry_prefix(MailAccountId{2}, EntryKind::share, MailboxId{3}, MailAccountId{4})));
  const std::string record = encode_entry(key, "value");
  const auto read = decode_entry(key, record);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (MailEntry{name, "value"}));
  EXPECT_EQ(decode_entry(key + "x", record).error(), RecordError::checksum);
  EXPECT_FALSE(decode_entry(key, record.substr(0, record.size() - 1)));
  EXPECT_FALSE(parse_entry_key(key.substr(0, 20)));
  std::string of_no_kind = key;
  of_no_kind[8] = 9;
  EXPECT_FALSE(parse_entry_key(of_no_kind));
  EXPECT_FALSE(decode_entry(of_no_kind, encode_entry(of_no_kind, "v")));
}

// Each value counts up; several sessions on several cores. What was acknowledged, or something
// later, is there after a power cut.
engine::Task<void> count_up(MailWorld& world, CoreId core, std::vector<unsigned>& known) {
  for (unsigned value = known[core] + 1;; ++value) {
    std::vector<EntryChange> both{
        setting(note("/a" + std::to_string(core)), std::to_string(value)),
        setting(note("/b" + std::to_string(core)), std::to_string(value))};
    if (co_await world.boxes(core).set_entries(world.account, std::move(both))) {
      known[core] = value;
    }
  }
}
engine::Task<void> count_until_the_cut(MailWorld& world, std::vector<unsigned>& known,
                                       Duration lifetime) {
  for (CoreId core = 0; core < 3; ++core) {
    world.twin.reactor(core).spawn(count_up(world, core, known));
  }
  (void)co_await world.twin.reactor().sleep_for(lifetime);
}

TEST(MailEntryPowerCut, LeavesWhatWasAcknowledged) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    MailWorld world(seed, 3);
    std::mt19937 random(seed);
    std::vector<unsigned> known(3);
    for (int life = 0; life < 3; ++life) {
      world.twin.simulation().run(
          count_until_the_cut(world, known, std::chrono::microseconds(200 + random() % 10'000)));
      world.twin.lose_power(random() % 3);
      for (unsigned core = 0; core < 3; ++core) {
        const auto read = [&](const std::string& which) {
          const auto value = world.twin.run(
              world.boxes().find_entry(world.account, note("/" + which + std::to_string(core))));
          return value ? static_cast<unsigned>(std::stoul(*value)) : 0U;
        };
        EXPECT_GE(read("a"), known[core]);
        EXPECT_EQ(read("a"), read("b"));  // all of them or none
        known[core] = read("a");
      }
    }
    EXPECT_GT(known[0] + known[1] + known[2], 0U);
  }
}

// RFC 8508: one batch.
class MailReplaced : public testing::Test {
 public:
  MailResult<std::vector<InsertedMail>> replace(Uid uid, std::string text, MailQuota quota = {},
                                                MailboxId from = MailboxId::inbox) {
    MailInsert insert;
    insert.mails.push_back(world.mail(std::move(text)));
    insert.replaces = {from, uid};
    insert.quota = quota;
    return world.twin.run(world.boxes().insert(world.account, std::move(insert)));
  }
  MailWorld world;
};

TEST_F(MailReplaced, OneComesAndOneGoes) {
  const Uid first = world.add("Subject: 1\r\n\r\n");
  world.add("Subject: 2\r\n\r\n");
  const auto before = world.view().mailbox.highest_modseq;
  const auto done = replace(first, "Subject: 3\r\n\r\n");
  ASSERT_TRUE(done);
  EXPECT_EQ(world.uids(), (std::vector<Uid>{2, 3}));
  const Mailbox row = world.view().mailbox;
  EXPECT_EQ(row.highest_modseq, before + 1);  // one change
  EXPECT_EQ(row.counts.messages, 2U);
  const auto gone = world.twin.run(world.boxes().expunged(world.account, 10));
  ASSERT_EQ(gone->size(), 1U);
  EXPECT_TRUE(world.twin.run(
      world.boxes().undelete(world.account, MailboxId::inbox, first, gone->front().expunged)));
  EXPECT_EQ(world.uids(), (std::vector<Uid>{2, 3, 4}));
}

TEST_F(MailReplaced, NothingComesWhereNothingGoes) {
  world.add("Subject: 1\r\n\r\n");
  EXPECT_EQ(replace(7, "x\r\n").error(), MailError::not_found);
  EXPECT_EQ(replace(1, "x\r\n", {}, MailboxId{9}).error(), MailError::not_found);
  EXPECT_EQ(world.uids(), (std::vector<Uid>{1}));
  ASSERT_TRUE(replace(1, "x\r\n"));
  EXPECT_EQ(replace(1, "x\r\n").error(), MailError::not_found);
}

TEST_F(MailReplaced, QuotaCountsTheDifference) {
  world.add(std::string(100, 'x'));
  const auto usage = *world.twin.run(world.boxes().usage(world.account));
  EXPECT_TRUE(replace(1, std::string(100, 'y'), {usage.size_bytes, 1}));
  EXPECT_EQ(replace(2, std::string(101, 'y'), {usage.size_bytes, 1}).error(),
            MailError::over_quota);
  EXPECT_EQ(*world.twin.run(world.boxes().usage(world.account)), usage);
}

TEST(MailFlagsKept, ReplaceLeavesThemAsTheyAre) {
  MailWorld world;
  world.add("x\r\n", MailboxId::inbox, {SystemFlag::seen | SystemFlag::flagged, {"k"}});
  const auto changed = world.twin.run(
      world.boxes().change_flags(world.account, MailboxId::inbox, {1},
                                 {.operation = FlagOperation::replace,
                                  .flags = {SystemFlag::deleted | SystemFlag::seen, {"other"}},
                                  .kept_system = SystemFlag::flagged | SystemFlag::seen,
                                  .keeps_keywords = true}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed.front().second,
            (MailFlags{SystemFlag::seen | SystemFlag::flagged | SystemFlag::deleted, {"k"}}));
}

}  // namespace
}  // namespace postrider::store
