#include "app/allocator.hpp"

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(Allocator, IsTheOneThatTheBuildChose) {
#ifdef POSTRIDER_MIMALLOC
  EXPECT_TRUE(allocator_name().starts_with("mimalloc 2.")) << allocator_name();
#else
  EXPECT_EQ(allocator_name(), "the C library's");
#endif
  EXPECT_TRUE(is_allocator_in_use());
}

}  // namespace
}  // namespace postrider
