#include "mailbox_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

std::vector<Uid> uids_of(const std::vector<MailDetailRow>& rows) {
  std::vector<Uid> out;
  for (const MailDetailRow& row : rows) {
    out.push_back(row.uid);
  }
  return out;
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
    const auto rows =
        world.twin.run(world.boxes().details(world.account, MailboxId::inbox, some)).value();
    ASSERT_EQ(uids_of(rows), some) << step;
    for (const MailDetailRow& row : rows) {
      EXPECT_EQ(row.detail,
                world.twin.run(world.boxes().detail(world.account, MailboxId::inbox, row.uid)));
    }
  }
}

TEST(MailboxSlices, PassOverWhatIsNotThere) {
  MailWorld world;
  const Uid first = world.add();
  const Uid last = world.add();
  const auto rows = world.twin.run(
      world.boxes().details(world.account, MailboxId::inbox, {first, last, last + 1, last + 1000}));
  EXPECT_EQ(uids_of(*rows), (std::vector{first, last}));
  EXPECT_TRUE(world.twin.run(world.boxes().details(world.account, MailboxId::inbox, {}))->empty());
  const auto elsewhere =
      world.twin.run(world.boxes().details(world.open_account("bob@x"), MailboxId::inbox, {first}));
  EXPECT_TRUE(elsewhere->empty());
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

}  // namespace
}  // namespace postrider::store
