#include <gtest/gtest.h>
#include <memory>

#include <postrider/engine/cancel.hpp>

namespace postrider::engine {
namespace {

struct Hook final : CancelHook {
  explicit Hook(Hook* other = nullptr) : partner(other) {}
  void on_cancel() noexcept override {
    ++calls;
    if (partner != nullptr) {
      CancelToken::detach(*partner);
    }
  }
  int calls = 0;
  Hook* partner;
};

TEST(CancelSource, CallsEachHookOnce) {
  CancelSource source;
  Hook first;
  Hook second;
  Hook detached;
  EXPECT_TRUE(source.token().attach(first));
  EXPECT_TRUE(source.token().attach(second));
  EXPECT_TRUE(source.token().attach(detached));
  CancelToken::detach(detached);
  EXPECT_FALSE(source.token().is_cancelled());
  source.cancel();
  source.cancel();
  EXPECT_TRUE(source.token().is_cancelled());
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(detached.calls, 0);
  Hook late;
  EXPECT_FALSE(source.token().attach(late));
  EXPECT_EQ(late.calls, 0);
}

TEST(CancelSource, LetsAHookDetachAnother) {
  CancelSource source;
  Hook first;
  Hook second(&first);
  first.partner = &second;
  EXPECT_TRUE(source.token().attach(first));
  EXPECT_TRUE(source.token().attach(second));
  source.cancel();
  EXPECT_EQ(first.calls + second.calls, 1);
}

TEST(CancelSource, ReachesChildrenButNotParents) {
  CancelSource parent;
  CancelSource child(parent.token());
  CancelSource grandchild(child.token());
  Hook hook;
  EXPECT_TRUE(grandchild.token().attach(hook));
  child.cancel();
  EXPECT_FALSE(parent.is_cancelled());
  EXPECT_TRUE(grandchild.is_cancelled());
  EXPECT_EQ(hook.calls, 1);
  parent.cancel();
  EXPECT_EQ(hook.calls, 1);
  const CancelSource late(parent.token());
  EXPECT_TRUE(late.is_cancelled());
}

TEST(CancelSource, MayDieBeforeItsHooksAndAfter) {
  Hook survivor;
  auto source = std::make_unique<CancelSource>();
  {
    Hook gone;
    EXPECT_TRUE(source->token().attach(gone));
    EXPECT_TRUE(source->token().attach(survivor));
  }
  source.reset();
  EXPECT_EQ(survivor.calls, 0);
  // The default token never fires.
  EXPECT_TRUE(CancelToken().attach(survivor));
  EXPECT_FALSE(CancelToken().is_cancelled());
}

}  // namespace
}  // namespace postrider::engine
