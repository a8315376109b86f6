#include "local_world.hpp"

#include <gtest/gtest.h>

// What comes here and goes on: forwards, lists, and their loops.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::hours;
using std::chrono::minutes;

struct Scene {
  Scene() : mx(world.add_mx("away.test", 10, "mx.away.test", 1)) {
    world.directory.add_account("ada@home.test");
    world.directory.add_account("bob@home.test");
    world.settings.hostname = "home.test";
    world.start();
  }
  void forward(const std::string& from, const std::string& to) {
    world.directory.places[from] = {{store::LocalKind::forward, to, ""}};
  }
  LocalWorld world;
  FakeMx& mx;
};

TEST(LocalForward, GoesOutFromAnAddressOfOursThatLeadsBack) {
  Scene scene;
  scene.forward("ada@home.test", "ada@away.test");
  scene.world.submit_placed({.to = {"ada@home.test"}});
  scene.world.run_for(minutes(1));
  ASSERT_EQ(scene.mx.taken.size(), 1U);
  const FakeMx::Mail& mail = scene.mx.taken[0];
  EXPECT_EQ(mail.to, std::vector<std::string>{"ada@away.test"});
  EXPECT_TRUE(mail.from.starts_with("SRS0=")) << mail.from;
  EXPECT_EQ(scene.world.srs.reverse(mail.from, scene.world.reactor().wall_now()),
            "sender@acme.example");
  EXPECT_NE(mail.content.find("Delivered-To: ada@home.test\r\n"), std::string::npos);
  EXPECT_TRUE(mail.content.ends_with("Subject: hello\r\n\r\n.dot\r\nbody\r\n")) << mail.content;
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

TEST(LocalForward, NobodyStaysNobody) {
  Scene scene;
  scene.forward("ada@home.test", "ada@away.test");
  scene.world.submit_placed({.from = "", .to = {"ada@home.test"}});
  scene.world.run_for(minutes(1));
  ASSERT_EQ(scene.mx.taken.size(), 1U);
  EXPECT_EQ(scene.mx.taken[0].from, "");
  scene.world.stop();
}

TEST(LocalForward, WhatComesBackIsALoop) {
  Scene scene;
  scene.forward("ada@home.test", "ada@away.test");
  Letter letter{.to = {"ada@home.test"}};
  letter.content = "Delivered-To: ada@home.test\r\n" + letter.content;
  scene.world.submit_placed(letter);
  scene.world.run_for(minutes(1));
  EXPECT_TRUE(scene.mx.taken.empty());
  const flow::Event* bounced = scene.world.events.find(EventKind::bounced, "ada@home.test");
  ASSERT_NE(bounced, nullptr);
  EXPECT_EQ(bounced->enhanced, "5.4.6");
  scene.world.stop();
}

// Two that forward to each other, past the directory: it ends, with one report.
TEST(LocalForward, TwoThatForwardToEachOtherEnd) {
  Scene scene;
  scene.forward("ada@home.test", "bob@home.test");
  scene.forward("bob@home.test", "ada@home.test");
  scene.world.submit_placed({.from = "x@away.test", .to = {"ada@home.test"}});
  scene.world.run_for(hours(1));
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  EXPECT_EQ(scene.world.events.count(EventKind::bounced), 1U);
  // The report finds its way back through the addresses that the forwards had made.
  ASSERT_EQ(scene.mx.taken.size(), 1U);
  EXPECT_EQ(scene.mx.taken[0].from, "");
  EXPECT_EQ(scene.mx.taken[0].to, std::vector<std::string>{"x@away.test"});
  scene.world.stop();
}

TEST(LocalForward, LargeOnesGoChunkByChunk) {
  Scene scene;
  scene.forward("ada@home.test", "ada@away.test");
  const std::string body(1'500'000, 'x');
  auto staged = scene.world.queue().stage();
  Letter letter{.to = {"ada@home.test"}};
  letter.content = "Subject: large\r\n\r\n";
  auto message = scene.world.compose_placed(letter);
  auto envelope = std::make_shared<store::Envelope>(*message.envelope);
  for (std::size_t at = 0; at < body.size(); at += 500'000) {
    ASSERT_TRUE(scene.world.run(staged->append(body.substr(at, 500'000))));
  }
  ASSERT_TRUE(scene.world.run(staged->append("\r\nend\r\n")));
  envelope->id = staged->id();
  envelope->body_chunks = staged->chunks() + 1;
  envelope->size_octets += body.size() + 7;
  message.envelope = std::move(envelope);
  ASSERT_TRUE(scene.world.run(scene.world.queue().commit(std::move(message), std::move(staged))));
  scene.world.run_for(minutes(5));
  ASSERT_EQ(scene.mx.taken.size(), 1U);
  EXPECT_TRUE(scene.mx.taken[0].content.ends_with("Subject: large\r\n\r\n" + body + "\r\nend\r\n"));
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

TEST(LocalList, PostsToItsMembersInItsOwnName) {
  Scene scene;
  auto& list = scene.world.directory.add_list("news@home.test", {"bob@home.test", "x@away.test"});
  list.title = "The News";
  list.unsubscribe_url = "https://home.test/leave";
  list.reply_to_list = true;
  Letter letter{.to = {"news@home.test"}};
  letter.content = "Reply-To: a@b.test\r\nList-Post: <mailto:else@where>\r\n" + letter.content;
  scene.world.submit_placed(letter);
  scene.world.run_for(minutes(1));
  ASSERT_EQ(scene.world.mails("bob@home.test").size(), 1U);
  ASSERT_EQ(scene.mx.taken.size(), 1U);
  EXPECT_EQ(scene.mx.taken[0].from, "news-bounces@home.test");
  const std::string& post = scene.mx.taken[0].content;
  for (const char* field :
       {"List-Id: The News <news.home.test>\r\n", "Precedence: list\r\n",
        "List-Post: <mailto:news@home.test>\r\n", "Reply-To: news@home.test\r\n",
        "List-Help: <mailto:postmaster@home.test?subject=help%20with%20a%20list>\r\n",
        "List-Unsubscribe: <https://home.test/leave>\r\n"}) {
    EXPECT_NE(post.find(field), std::string::npos) << field << post;
  }
  EXPECT_EQ(post.find("else@where"), std::string::npos);
  EXPECT_EQ(post.find("a@b.test"), std::string::npos);
  EXPECT_TRUE(post.ends_with("\r\n\r\n.dot\r\nbody\r\n"));
  scene.world.stop();
}

TEST(LocalList, TakesNoBouncesAndSpreadsNoAutomaticReplies) {
  Scene scene;
  scene.world.directory.add_list("news@home.test", {"bob@home.test"});
  scene.world.submit_placed({.from = "", .to = {"news@home.test"}});
  for (const char* field : {"Auto-Submitted: auto-replied\r\n", "Precedence: junk\r\n",
                            "List-Id: us <news.home.test>\r\n", "X-Autoreply: yes\r\n"}) {
    Letter letter{.to = {"news@home.test"}};
    letter.content = field + letter.content;
    scene.world.submit_placed(letter);
  }
  scene.world.run_for(minutes(1));
  EXPECT_TRUE(scene.world.mails("bob@home.test").empty());
  scene.world.stop();
}

// A list that is its own member, and two that are each other's.
TEST(LocalList, ListsInCirclesEnd) {
  Scene scene;
  scene.world.directory.add_list("one@home.test",
                                 {"one@home.test", "two@home.test", "bob@home.test"});
  scene.world.directory.add_list("two@home.test", {"one@home.test", "ada@home.test"});
  scene.world.submit_placed({.to = {"one@home.test"}});
  scene.world.run_for(hours(1));
  EXPECT_EQ(scene.world.open_messages(), 0U);
  EXPECT_EQ(scene.world.mails("bob@home.test").size(), 1U);
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(LocalList, AnEmptyOneTakesThePost) {
  Scene scene;
  scene.world.directory.add_list("none@home.test", {});
  scene.world.submit_placed({.to = {"none@home.test"}});
  scene.world.run_for(minutes(1));
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

}  // namespace
}  // namespace postrider::delivery
