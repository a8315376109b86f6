// SORT and THREAD of what an open mailbox keeps: the answers are those that reading gives.
#include "imap_world.hpp"
#include "store/kv.hpp"
#include "store/memory_kv.hpp"

#include <memory>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>

namespace postrider::imap {
namespace {

// Without a fixture: a test may have several.
struct World final : ImapWorld {
  explicit World(std::size_t summary_octets_max = ImapSettings().summary_octets_max) {
    settings.summary_octets_max = summary_octets_max;
  }
  void TestBody() override {}

  // As a version of the program left it that rendered otherwise.
  void insert_unrendered(const std::string& text) { world.add(text); }
  // What has been expunged is forgotten.
  bool purge() {
    return run(world.boxes().purge(world.account, reactor().wall_now() + std::chrono::hours(1),
                                   1000))
        .has_value();
  }
  // Nothing of any message can be read any more.
  void lose_details() {
    for (auto* side : {&twin().disk().written, &twin().disk().synced}) {
      (*side)[store::index(store::Family::mail_detail)].clear();
    }
  }
};

std::string numbered(unsigned number, const std::string& more = "") {
  return "From: user" + std::to_string(number % 7) + "@example.org\r\nTo: ada@example.org\r\n" +
         "Subject: number " + std::to_string(number % 10) + "\r\nMessage-ID: <" +
         std::to_string(number) + "@x>\r\n" + more + "\r\ntext\r\n";
}

const std::vector<std::string> commands = {
    "SORT (SUBJECT REVERSE DATE) UTF-8 ALL", "UID SORT (FROM SIZE) UTF-8 ALL",
    "SORT (DISPLAYTO CC REVERSE ARRIVAL) UTF-8 ALL", "UID THREAD REFERENCES UTF-8 ALL",
    "THREAD ORDEREDSUBJECT UTF-8 ALL"};
std::vector<std::string> answers(ImapClient& client) {
  std::vector<std::string> out;
  for (const std::string& command : commands) {
    out.push_back(client.say(command));
  }
  return out;
}

TEST(ImapListing, ReadsEachMessageOnce) {
  World world;
  for (unsigned i = 1; i <= 30; ++i) {
    world.deliver(numbered(i, "References: <" + std::to_string(i / 2) + "@x>\r\n"));
  }
  ImapClient client(world);
  client.open();
  const std::vector<std::string> before = answers(client);
  EXPECT_TRUE(before[0].starts_with("* SORT ")) << before[0];
  ImapClient other(world);
  other.open();
  world.lose_details();
  EXPECT_EQ(answers(client), before);
  EXPECT_EQ(answers(other), before);
  EXPECT_FALSE(client.say("FETCH 1 ENVELOPE").contains("ENVELOPE ("));  // it is lost indeed
}

TEST(ImapListing, ReadsOnlyWhatIsNew) {
  World world;
  for (unsigned i = 1; i <= 5; ++i) {
    world.deliver(numbered(i));
  }
  ImapClient client(world);
  client.open();
  client.say("CREATE there");
  EXPECT_EQ(client.say("UID SORT (SUBJECT) UTF-8 UID 2:4"), "* SORT 2 3 4\nOK SORT completed\n");
  world.lose_details();
  world.deliver(numbered(6));
  world.deliver(numbered(0));
  client.say("NOOP");
  // Those that nobody asked for before have gone.
  EXPECT_EQ(client.say("UID SORT (REVERSE SUBJECT) UTF-8 ALL"),
            "* SORT 6 4 3 2 7\nOK SORT completed\n");
  client.say("STORE 3 +FLAGS.SILENT (\\Deleted)");
  client.say("EXPUNGE");
  EXPECT_EQ(client.say("UID SORT (SUBJECT) UTF-8 ALL"), "* SORT 7 2 4 6\nOK SORT completed\n");
  client.say("UID MOVE 6 there");
  EXPECT_EQ(client.say("UID SORT (SUBJECT) UTF-8 ALL"), "* SORT 7 2 4\nOK SORT completed\n");
  client.say("SELECT there");
  client.say("MOVE 1 INBOX");
  client.say("SELECT INBOX");
  EXPECT_EQ(client.say("UID SORT (SUBJECT) UTF-8 ALL"), "* SORT 7 2 4 8\nOK SORT completed\n");
  EXPECT_EQ(client.say("UID THREAD REFERENCES UTF-8 ALL"),
            "* THREAD (2)(4)(7)(8)\nOK THREAD completed\n");
}

TEST(ImapListing, WithoutRoomAllIsReadEachTime) {
  World world(100);
  for (unsigned i = 1; i <= 5; ++i) {
    world.deliver(numbered(i));
  }
  ImapClient client(world);
  client.open();
  EXPECT_EQ(client.say("SORT (SUBJECT) UTF-8 ALL"), "* SORT 1 2 3 4 5\nOK SORT completed\n");
  world.lose_details();
  EXPECT_EQ(client.say("SORT (SUBJECT) UTF-8 ALL"), "* SORT\nOK SORT completed\n");
}

// What is kept goes two minutes after the last client, and makes room for others.
TEST(ImapListing, AClosedMailboxGivesItsRoomBack) {
  World world(4000);
  for (unsigned i = 1; i <= 10; ++i) {
    world.deliver(numbered(i));
  }
  ImapClient client(world);
  client.open();
  client.say("CREATE there");
  client.say("COPY 1:10 there");
  client.say("SORT (SUBJECT) UTF-8 ALL");
  client.say("SELECT there");
  const std::string sorted = client.say("SORT (SUBJECT) UTF-8 ALL");
  EXPECT_TRUE(sorted.starts_with("* SORT 10 1 2")) << sorted;
  for (const bool is_closed : {false, true}) {
    if (is_closed) {
      world.pass(std::chrono::minutes(3));
      client.say("CLOSE");  // INBOX has lingered long enough
      client.say("SELECT there");
      EXPECT_EQ(client.say("SORT (SUBJECT) UTF-8 ALL"), sorted);
    }
    const auto details = world.twin().disk().written;
    world.lose_details();
    EXPECT_EQ(client.say("SORT (SUBJECT) UTF-8 ALL") == sorted, is_closed);
    world.twin().disk().written = details;
  }
}

TEST(ImapListing, WhatIsExpungedGivesItsRoomBack) {
  World world(4000);
  for (unsigned i = 1; i <= 10; ++i) {
    world.deliver(numbered(i));
  }
  ImapClient client(world);
  client.open();
  client.say("CREATE there");
  client.say("SORT (SUBJECT) UTF-8 ALL");
  client.say("UID MOVE 1:9 there");
  ImapClient other(world);
  other.open("there");
  const std::string sorted = other.say("SORT (SUBJECT) UTF-8 ALL");
  EXPECT_TRUE(sorted.starts_with("* SORT 1 2 3")) << sorted;
  world.lose_details();
  EXPECT_EQ(other.say("SORT (SUBJECT) UTF-8 ALL"), sorted);
}

// Who has not been told that a message has gone still finds it, until it is purged.
TEST(ImapListing, WhatIsPurgedIsPassedOver) {
  World world;
  for (unsigned i = 1; i <= 9; ++i) {
    world.deliver(numbered(i));
  }
  ImapClient late(world);
  late.open();
  late.say("SORT (SUBJECT) UTF-8 ALL");
  ImapClient client(world);
  client.open();
  client.say("STORE 2 +FLAGS.SILENT (\\Deleted)");
  client.say("EXPUNGE");
  EXPECT_TRUE(late.say("SORT (SUBJECT) UTF-8 ALL").starts_with("* SORT 1 2 3 4 5 6 7 8 9\n"));
  EXPECT_TRUE(world.purge());
  EXPECT_TRUE(late.say("SORT (SUBJECT) UTF-8 ALL").starts_with("* SORT 1 3 4 5 6 7 8 9\n"));
}

// More than one page of UIDs, and more than a slice.
TEST(ImapListing, OfManyMessages) {
  std::vector<std::vector<std::string>> heard;
  for (const std::size_t octets : {std::size_t{0}, std::size_t{150'000}, std::size_t{10'000'000}}) {
    World world(octets);
    for (unsigned i = 1; i <= 2100; ++i) {
      world.deliver(numbered(i * 7919 % 10007,
                             "References: <" + std::to_string(i % 50 * 7919 % 10007) + "@x>\r\n"));
    }
    ImapClient client(world);
    client.open();
    std::vector<std::string> all = answers(client);
    EXPECT_EQ(answers(client), all);
    all.push_back(client.say("SORT (SUBJECT) UTF-8 1000:1100,2048:2050"));
    EXPECT_TRUE(all.back().contains(" 2050 ")) << all.back();
    heard.push_back(std::move(all));
  }
  EXPECT_EQ(heard[0], heard[1]);
  EXPECT_EQ(heard[0], heard[2]);
}

// One life of a mailbox: what two clients hear of it, one of which is rarely told what has changed.
class Life {
 public:
  Life(std::uint64_t seed, std::size_t octets)
      : random_(seed), world_(octets), ada_(world_), late_(world_) {
    ada_.open();
    ada_.say("CREATE there");
    late_.open();
  }

  std::vector<std::string> run() {
    for (int step = 0; step < 60; ++step) {
      change();
      hear(ada_);
      hear(late_);
    }
    return std::move(heard_);
  }

 private:
  std::string some_message() {
    std::string more;
    if (random_.below(3) != 0) {
      more +=
          "Date: Fri, 0" + std::to_string(1 + random_.below(5)) + " Jan 2026 10:00:00 +0000\r\n";
    }
    if (random_.below(2) == 0) {
      more += "References: <" + std::to_string(random_.below(30)) + "@x> <" +
              std::to_string(random_.below(30)) + "@x>\r\n";
    }
    if (random_.below(4) == 0) {
      more += "Cc: team" + std::to_string(random_.below(3)) + "@example.org\r\n";
    }
    return numbered(static_cast<unsigned>(random_.below(30)), more);
  }
  std::string some_set() {
    const auto first = 1 + random_.below(20);
    return std::to_string(first) + ":" + std::to_string(first + random_.below(4));
  }
  void change() {
    switch (random_.below(8)) {
      case 0:
        ada_.say("UID STORE " + some_set() + " +FLAGS.SILENT (\\Deleted)");
        ada_.say("EXPUNGE");
        return;
      case 1:
        ada_.say("UID MOVE " + some_set() + " there");
        return;
      case 2:
        ada_.say("SELECT there");
        ada_.say("UID MOVE 1:3 INBOX");
        hear(ada_);
        ada_.say("SELECT INBOX");
        return;
      case 3:
        EXPECT_TRUE(world_.purge());
        return;
      case 4:
        world_.insert_unrendered(some_message());
        return;
      case 5:
        late_.say("NOOP");
        return;
      case 6:
        ada_.say("CLOSE");
        world_.pass(std::chrono::minutes(3));
        ada_.say("SELECT INBOX");
        return;
      default:
        for (int i = 0; i < 3; ++i) {
          world_.deliver(some_message());
        }
        ada_.say("NOOP");
    }
  }
  void hear(ImapClient& client) {
    const std::string set = random_.below(2) == 0 ? "ALL" : "UID " + some_set();
    for (const std::string& command : commands) {
      heard_.push_back(client.say(command.substr(0, command.size() - 3) + set));
    }
  }

  SeededRandom random_;
  World world_;
  ImapClient ada_;
  ImapClient late_;
  std::vector<std::string> heard_;
};

class ImapListingLife : public testing::TestWithParam<std::uint64_t> {};
TEST_P(ImapListingLife, IsToldTheSameWhateverIsKept) {
  const std::vector<std::string> read = Life(GetParam(), 0).run();
  for (const std::size_t octets : {std::size_t{6000}, std::size_t{10'000'000}}) {
    EXPECT_EQ(Life(GetParam(), octets).run(), read) << "seed " << GetParam() << ", " << octets;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, ImapListingLife, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace postrider::imap
