// Rights and annotations that repair has set aside come back where they can be read again, unless
// what was done since says otherwise.
#include "mailbox_fixture.hpp"
#include "store/mail_codec.hpp"
#include "store/memory_kv.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

constexpr MailAccountId nobody = MailAccountId::none;

EntryName note(std::string name, MailboxId mailbox = MailboxId::inbox) {
  return {EntryKind::annotation, mailbox, nobody, std::move(name)};
}
EntryName access_to(MailboxId mailbox) {
  return {EntryKind::access, mailbox, nobody, {}};
}

class PutBackEntries : public testing::Test {
 protected:
  using Records = std::map<std::string, std::string, std::less<>>;
  PutBackEntries() {
    const auto made =
        world_.twin.run(world_.boxes().create(world_.account, "Work", SpecialUse::none));
    work_ = made->id;
    set(access_to(work_), "lr bob");
    set(note("/comment", work_), "of work");
    set(note("/colour", MailboxId::none), "red");
  }
  Records& records(Family family) { return world_.twin.disk().written[index(family)]; }
  std::size_t set_aside() { return records(Family::quarantine).size(); }
  std::string aside_of(const EntryName& name) {
    return quarantine_key(Family::mail_entry, entry_key(world_.account, name));
  }
  Upkeep& upkeep() { return world_.twin.store().upkeep(0); }
  void set(const EntryName& name, std::optional<std::string> value) {
    ASSERT_TRUE(world_.twin.run(
        world_.boxes().set_entries(world_.account, {{name, std::move(value), {}}})));
  }
  std::string get(const EntryName& name) {
    return world_.twin.run(world_.boxes().find_entry(world_.account, name)).value_or("none");
  }
  std::string access_of(MailboxId mailbox) {
    for (const Mailbox& box : *world_.twin.run(world_.boxes().list(world_.account))) {
      if (box.id == mailbox) {
        return box.access;
      }
    }
    return "none";
  }
  void damage(const EntryName& name) {
    records(Family::mail_entry).at(entry_key(world_.account, name)).back() ^= 1;
  }
  // As a disk does that gives other octets for a while: what was set aside is sound later.
  void lose(const std::vector<EntryName>& names) {
    for (const EntryName& name : names) {
      damage(name);
    }
    world_.twin.restart();
    ASSERT_TRUE(world_.twin.run(upkeep().repair(world_.account)));
    for (const EntryName& name : names) {
      ASSERT_EQ(get(name), "none");
    }
  }
  void heal(const EntryName& name) {
    const std::string aside = aside_of(name);
    auto kept = decode_quarantined(aside, records(Family::quarantine).at(aside));
    ASSERT_TRUE(kept);
    kept->value.back() ^= 1;
    records(Family::quarantine)[aside] = encode_quarantined(aside, *kept);
  }
  PutBackReport put_back() {
    auto report = world_.twin.run(upkeep().put_back(world_.account));
    EXPECT_TRUE(report);
    return report.value_or(PutBackReport{});
  }
  void expect_sound() {
    const auto report = world_.twin.run(upkeep().verify(world_.account));
    ASSERT_TRUE(report);
    for (const MailFinding& finding : report->findings) {
      ADD_FAILURE() << describe("", finding);
    }
  }

  MailWorld world_;
  MailboxId work_{};
};

struct Ear final : MailboxListener {
  void on_update(const std::shared_ptr<const MailboxUpdate>& update) override {
    heard.push_back(update);
  }
  std::vector<std::shared_ptr<const MailboxUpdate>> heard;
};

TEST_F(PutBackEntries, WhereTheyCanBeReadAgain) {
  const std::vector<EntryName> all = {access_to(work_), note("/comment", work_),
                                      note("/colour", MailboxId::none)};
  lose(all);
  EXPECT_EQ(access_of(work_), "");
  EXPECT_EQ(set_aside(), 3U);
  for (const EntryName& name : all) {
    heal(name);
  }
  Ear ear;
  auto watched = world_.twin.run(world_.boxes().watch(world_.account, &ear));
  ASSERT_TRUE(watched);
  const PutBackReport report = put_back();
  EXPECT_TRUE(report.left.empty());
  EXPECT_EQ(report.entries,
            (std::vector<PutBackReport::Entry>{
                {all[0], "Work", true}, {all[2], "", true}, {all[1], "Work", true}}))
      << "in order of their keys: kind, mailbox";
  EXPECT_EQ(get(all[0]), "lr bob");
  EXPECT_EQ(get(all[1]), "of work");
  EXPECT_EQ(get(all[2]), "red");
  EXPECT_EQ(access_of(work_), "lr bob");
  EXPECT_EQ(set_aside(), 0U);
  world_.twin.simulation().run_for(std::chrono::milliseconds(1));
  ASSERT_EQ(ear.heard.size(), 2U) << "of the mailbox, and of the account";
  EXPECT_EQ(ear.heard[0]->access, "lr bob");
  EXPECT_EQ(ear.heard[1]->entries, std::vector<EntryName>{all[2]});
  EXPECT_TRUE(put_back().entries.empty()) << "once";
  watched->watch.reset();
  world_.twin.restart();
  EXPECT_EQ(access_of(work_), "lr bob");
  expect_sound();
}

TEST_F(PutBackEntries, WhatCantBeReadStaysAndIsTold) {
  lose({access_to(work_), note("/comment", work_)});
  const auto before = records(Family::quarantine);
  heal(note("/comment", work_));
  const PutBackReport report = put_back();
  ASSERT_EQ(report.left.size(), 1U);
  EXPECT_EQ(report.left[0].mailbox, "Work");
  EXPECT_TRUE(report.left[0].what.contains("can't be read")) << report.left[0].what;
  EXPECT_EQ(report.entries.size(), 1U);
  EXPECT_EQ(records(Family::quarantine).at(aside_of(access_to(work_))),
            before.at(aside_of(access_to(work_))));
  EXPECT_EQ(access_of(work_), "") << "nobody gets a right that can't be read";
}

// Nobody gets back a right that its owner has decided anew meanwhile.
TEST_F(PutBackEntries, NotOverWhatWasSetSince) {
  for (const std::optional<std::string>& since :
       {std::optional<std::string>("lr eve"), std::optional<std::string>()}) {
    set(access_to(work_), "lr bob");
    lose({access_to(work_)});
    heal(access_to(work_));
    const std::string kept = records(Family::quarantine).at(aside_of(access_to(work_)));
    set(access_to(work_), since);
    EXPECT_EQ(set_aside(), 0U) << "it would have been replaced";
    EXPECT_TRUE(put_back().entries.empty());
    EXPECT_EQ(access_of(work_), since.value_or(""));
    if (since) {
      // Where a program that did not know that had set it anew.
      records(Family::quarantine)[aside_of(access_to(work_))] = kept;
      const PutBackReport report = put_back();
      ASSERT_EQ(report.entries.size(), 1U);
      EXPECT_FALSE(report.entries[0].is_back);
      EXPECT_EQ(access_of(work_), "lr eve");
      EXPECT_EQ(set_aside(), 0U);
    }
  }
}

TEST_F(PutBackEntries, NotOfARemovedMailbox) {
  lose({access_to(work_), note("/comment", work_)});
  heal(access_to(work_));
  heal(note("/comment", work_));
  ASSERT_TRUE(world_.twin.run(world_.boxes().remove(world_.account, work_)));
  EXPECT_EQ(set_aside(), 1U) << "rights go with the mailbox at once";
  const PutBackReport report = put_back();
  EXPECT_EQ(report.entries,
            (std::vector<PutBackReport::Entry>{{note("/comment", work_), "Work", false}}));
  EXPECT_TRUE(report.left.empty());
  EXPECT_EQ(get(note("/comment", work_)), "none");
  EXPECT_EQ(set_aside(), 0U);
}

TEST_F(PutBackEntries, GoWithThePurgeOfTheirMailbox) {
  lose({note("/comment", work_), note("/colour", MailboxId::none)});
  ASSERT_TRUE(world_.twin.run(world_.boxes().remove(world_.account, work_)));
  EXPECT_EQ(set_aside(), 2U);
  const WallTime later = world_.twin.reactor().wall_now() + std::chrono::hours(1);
  ASSERT_TRUE(world_.twin.run(world_.boxes().purge(world_.account, later, 100)));
  EXPECT_EQ(set_aside(), 1U) << "the account's own stays";
  EXPECT_TRUE(records(Family::quarantine).contains(aside_of(note("/colour", MailboxId::none))));
}

TEST_F(PutBackEntries, OnlyWhereThereIsRoom) {
  for (std::size_t i = 0; i < entries_max; ++i) {
    set(note("/" + std::to_string(i)), "v");
  }
  lose({note("/1"), note("/2"), note("/3")});
  for (const char* name : {"/1", "/2", "/3"}) {
    heal(note(name));
  }
  set(note("/new"), "v");
  set(note("/newer"), "v");
  const PutBackReport report = put_back();
  EXPECT_EQ(report.entries.size(), 1U);
  ASSERT_EQ(report.left.size(), 2U);
  EXPECT_TRUE(report.left[0].remedy.contains("remove")) << report.left[0].remedy;
  EXPECT_EQ(set_aside(), 2U);
  set(note("/new"), {});
  EXPECT_EQ(put_back().entries.size(), 1U);
  EXPECT_EQ(set_aside(), 1U);
}

TEST_F(PutBackEntries, MoreThanOneSlice) {
  std::vector<EntryName> all;
  for (std::size_t i = 0; i < entries_max; ++i) {
    all.push_back(note("/" + std::to_string(i)));
    set(all.back(), "v" + std::to_string(i));
  }
  lose(all);
  for (const EntryName& name : all) {
    heal(name);
  }
  EXPECT_EQ(put_back().entries.size(), entries_max);
  EXPECT_EQ(get(note("/99")), "v99");
  EXPECT_EQ(set_aside(), 0U);
}

TEST_F(PutBackEntries, IsOneBatch) {
  lose({access_to(work_)});
  heal(access_to(work_));
  const std::string aside = records(Family::quarantine).at(aside_of(access_to(work_)));
  ASSERT_TRUE(world_.twin.run(world_.twin.queue().sync()));
  faults(world_.twin.disk()).fail_next_sync = true;
  EXPECT_FALSE(world_.twin.run(upkeep().put_back(world_.account)));
  world_.twin.lose_power();
  EXPECT_EQ(access_of(work_), "");
  records(Family::quarantine)[aside_of(access_to(work_))] = aside;  // the mending was not synced
  EXPECT_EQ(put_back().entries.size(), 1U);
  EXPECT_EQ(access_of(work_), "lr bob");
}

}  // namespace
}  // namespace postrider::store
