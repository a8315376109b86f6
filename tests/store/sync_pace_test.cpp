#include "store/sync_pace.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

int syncs_until_quick(SyncPace& pace, Duration each) {
  int count = 0;
  while (!pace.is_quick() && count < 1'000) {
    pace.note(each);
    ++count;
  }
  return count;
}

TEST(SyncPace, ADiskHasToShowThatItIsQuick) {
  SyncPace pace;
  EXPECT_FALSE(pace.is_quick());
  const int count = syncs_until_quick(pace, microseconds(100));
  EXPECT_GT(count, 30);
  EXPECT_LT(count, 100);
}

TEST(SyncPace, OneSlowSyncCountsForAWhile) {
  SyncPace pace;
  (void)syncs_until_quick(pace, microseconds(100));
  pace.note(milliseconds(20));
  EXPECT_FALSE(pace.is_quick());
  const int count = syncs_until_quick(pace, microseconds(100));
  EXPECT_GT(count, 10);
  EXPECT_LT(count, 50);
}

TEST(SyncPace, ASlowDiskNeverIsQuick) {
  SyncPace pace;
  EXPECT_EQ(syncs_until_quick(pace, microseconds(501)), 1'000);
}

}  // namespace
}  // namespace postrider::store
