#include "mailbox_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace postrider::store {
namespace {

using Part = MailDetails::Part;

std::vector<Uid> uids_of(const MailDetails& details) {
  std::vector<Uid> out;
  for (const MailDetails::Row& row : details.rows) {
    out.push_back(row.uid);
  }
  return out;
}

std::size_t random_size(int i) {
  return static_cast<std::size_t>(i * 7919 % 9000);
}

TEST(MailboxSlices, GiveTheDetailsOfManyWhateverTheGaps) {
  MailWorld world;
  std::vector<Uid> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(world.add("Subject: number " + std::to_string(i) + "\r\n\r\nhello\r\n"));
  }
  for (const std::size_t step : {1U, 2U, 7U, 30U}) {
    std::vector<Uid> some;
    for (std::size_t i = 0; i < all.size(); i += step) {
      some.push_back(all[i]);
    }
    const auto details =
        world.twin.run(world.boxes().details(world.account, MailboxId::inbox, some, Part::all))
            .value();
    const auto traces =
        world.twin.run(world.boxes().details(world.account, MailboxId::inbox, some, Part::trace))
            .value();
    ASSERT_EQ(uids_of(details), some) << step;
    ASSERT_EQ(uids_of(traces), some) << step;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto one =
          world.twin.run(world.boxes().detail(world.account, MailboxId::inbox, some[i])).value();
      EXPECT_EQ(details.rows[i].trace, one.trace);
      EXPECT_EQ(details.rows[i].rendered, one.rendered);
      EXPECT_EQ(traces.rows[i].trace, one.trace);
      EXPECT_EQ(traces.rows[i].rendered, "");
    }
  }
}

std::string_view last_digit(std::string_view rendered) {
  return rendered.substr(rendered.size() - 1);
}

// The part that is wanted, and no trace; they end with the one that reaches what may be read.
TEST(MailboxSlices, GiveNoMoreOfDetailsThanIsWanted) {
  MailWorld world;
  std::vector<Uid> all;
  for (int i = 0; i < 60; ++i) {
    NewMail mail = world.mail("Subject: x\r\n\r\n");
    mail.detail.rendered = (i == 30 ? std::string(5000, 'l') : "") + std::to_string(i);
    all.push_back(world.insert(std::move(mail)).value().front().uid);
  }
  const auto read = [&world](DetailsWanted wanted) {
    return world.twin.run(world.boxes().details(world.account, MailboxId::inbox, std::move(wanted)))
        .value();
  };
  const auto digits = read({.uids = all, .traces = false, .cut = last_digit});
  EXPECT_EQ(digits.octets.view().size(), 60U);
  EXPECT_EQ(digits.rows[37].trace, "");
  EXPECT_EQ(digits.rows[37].rendered, "7");
  EXPECT_EQ(digits.looked_for, 60U);
  const auto ten = read({.uids = all, .traces = false, .cut = last_digit, .octets_max = 10});
  EXPECT_EQ(ten.octets.view(), "0123456789");
  EXPECT_EQ(ten.looked_for, 10U);
  // One row at least, however large it is; what is not there takes no room.
  constexpr DetailsWanted::Cut whole = [](std::string_view rendered) { return rendered; };
  const std::vector<Uid> some{all[30], all[30] + 1000, all[30] + 2000};
  const auto large = read({.uids = some, .traces = false, .cut = whole, .octets_max = 100});
  EXPECT_EQ(uids_of(large), std::vector{all[30]});
  EXPECT_EQ(large.rows[0].rendered.size(), 5002U);
  EXPECT_EQ(large.looked_for, 1U);
  EXPECT_EQ(read({.uids = some, .octets_max = 6000}).looked_for, 3U);
  EXPECT_EQ(read({.uids = all}).rows[3].rendered, "");
}

TEST(MailboxSlices, PassOverWhatIsNotThere) {
  MailWorld world;
  const Uid first = world.add();
  const Uid last = world.add();
  const auto details_of = [&world](MailAccountId account, std::vector<Uid> uids) {
    return uids_of(
        world.twin.run(world.boxes().details(account, MailboxId::inbox, std::move(uids), Part::all))
            .value());
  };
  EXPECT_EQ(details_of(world.account, {first, last, last + 1, last + 1000}),
            (std::vector{first, last}));
  EXPECT_TRUE(details_of(world.account, {}).empty());
  EXPECT_TRUE(details_of(world.open_account("bob@x"), {first}).empty());
}

TEST(MailboxSlices, GiveTheFirstFramesOfBodies) {
  MailWorld world;
  (void)world.add("a small one");
  (void)world.add(std::string(MailboxStore::frame_octets + 10, 'x'));
  std::vector<BlobId> blobs;
  for (const MailRow& row : world.rows()) {
    blobs.push_back(row.facts.blob);
  }
  blobs.insert(blobs.begin() + 1, BlobId{});
  const auto frames = world.twin.run(world.boxes().read_bodies(blobs));
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].view(), "a small one");
  EXPECT_FALSE(frames[1].has_value()) << "there is no such body";
  EXPECT_EQ(frames[2].view(), std::string(MailboxStore::frame_octets, 'x'));
}

// Whatever else came in between, and in whatever order they are asked for.
TEST(MailboxSlices, GiveTheFirstFramesWhereverTheyStand) {
  for (const int others : {0, 3, 20}) {
    MailWorld world;
    const auto work =
        world.twin.run(world.boxes().create(world.account, "Work", SpecialUse::none))->id;
    std::vector<std::string> texts;
    for (int i = 0; i < 120; ++i) {
      texts.push_back("mine " + std::to_string(i) + std::string(random_size(i), 'm'));
      (void)world.add(texts.back());
      for (int other = 0; other < others; ++other) {
        (void)world.add("other " + std::to_string(i * 100 + other), work);
      }
      (void)world.twin.run(world.twin.reactor().sleep_for(std::chrono::milliseconds(1)));
    }
    std::vector<BlobId> blobs;
    for (const MailRow& row : world.rows()) {
      blobs.push_back(row.facts.blob);
    }
    blobs.push_back(BlobId{~std::uint64_t{0}, {}});  // behind all that there are
    texts.emplace_back();
    for (int turn = 0; turn < 2; ++turn) {
      const auto frames = world.twin.run(world.boxes().read_bodies(blobs));
      ASSERT_EQ(frames.size(), texts.size());
      for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].view(), texts[i]) << others;
      }
      std::ranges::reverse(blobs);
      std::ranges::reverse(texts);
    }
  }
}

}  // namespace
}  // namespace postrider::store
