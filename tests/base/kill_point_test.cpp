#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <unistd.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>

namespace postrider {
namespace {

// All in a child: arming is for the life of a process.
[[noreturn]] void child(const char* point, const char* trace, int passes) {
  setenv("POSTRIDER_KILL_POINT", point, 1);
  setenv("POSTRIDER_KILL_TRACE", trace, 1);
  arm_kill_points_from_environment();
  for (int i = 0; i < passes; ++i) {
    kill_point("other");
    kill_point("store.after_sync");
  }
  _exit(7);
}

TEST(KillPointDeathTest, DiesAtTheCount) {
  using testing::ExitedWithCode;
  using testing::KilledBySignal;
  EXPECT_EXIT(child("store.after_sync", "", 1), KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(child("store.after_sync:3", "", 3), KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(child("store.after_sync:3", "", 2), ExitedWithCode(7), "");
  EXPECT_EXIT(child("store.after", "", 3), ExitedWithCode(7), "");
  EXPECT_EXIT(child("", "", 3), ExitedWithCode(7), "");
  EXPECT_DEATH(child("x:0", "", 1), "count from 1");
  EXPECT_DEATH(child("x:many", "", 1), "count from 1");
  EXPECT_DEATH(child("", "/nonexistent/trace", 1), "can't be opened");
}

TEST(KillPointDeathTest, TracesEachNameOnceEvenWhenItDies) {
  const std::string file = testing::TempDir() + "kill_trace_" + std::to_string(getpid());
  EXPECT_EXIT(child("store.after_sync:2", file.c_str(), 5), testing::KilledBySignal(SIGKILL), "");
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_EQ(text.str(), "other\nstore.after_sync\n");
  std::remove(file.c_str());
}

TEST(KillPoint, NotArmedDoesNothing) {
  kill_point("store.after_sync");
}

TEST(AssertDeathTest, SaysWhatAndWhere) {
  check(true, "holds");
  EXPECT_DEATH(check(false, "two and two"), "two and two: .*kill_point_test.cpp:");
}

}  // namespace
}  // namespace postrider
