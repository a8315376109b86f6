// FETCH of many messages: whatever way their answers are read, they are those of one message after
// the other.
#include "imap_world.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/base/record_fields.hpp>
#include <postrider/codec/mime/structure_record.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::imap {
namespace {

class ImapFetchMany : public ImapWorld {
 public:
  // `extra`: so much longer is each subject.
  void deliver_many(int count, std::size_t extra = 0) {
    for (int i = 1; i <= count; ++i) {
      deliver(
          fmt::format("From: Bob <bob{}@example.org>\r\nSubject: number {}{}\r\nMessage-ID: "
                      "<{}@example.org>\r\n\r\nbody {}\r\n",
                      i, i, std::string(extra, 'x'), i, i));
    }
  }
  // As the store's version 1 wrote it: without a summary.
  void deliver_older(const std::string& text) {
    flow::MailRenderer renderer;
    renderer.feed(text);
    const flow::RenderedMail mail = renderer.finish();
    store::NewMail made = world.mail(text);
    made.detail.rendered = FieldWriter()
                               .number(1)
                               .number(0)
                               .text(mail.listed)
                               .text(mime::encode_structure(mail.structure))
                               .take();
    EXPECT_TRUE(world.insert(std::move(made)));
  }
  // Behind the back of who has it open, if nobody watches: purged at once.
  void purge(const std::vector<store::Uid>& uids) {
    EXPECT_TRUE(run(world.boxes().expunge(world.account, store::MailboxId::inbox, uids, false)));
    const WallTime later = reactor().wall_now() + std::chrono::hours(1);
    EXPECT_EQ(run(world.boxes().purge(world.account, later, 1000)), uids.size());
  }
  // What is said of each message by itself.
  static std::string one_by_one(ImapClient& client, const std::string& items,
                                const std::vector<int>& numbers) {
    std::string out;
    for (const int number : numbers) {
      const std::string heard = client.say(fmt::format("FETCH {} {}", number, items));
      EXPECT_TRUE(heard.ends_with("OK FETCH completed\n")) << heard;
      out += heard.substr(0, heard.rfind("OK FETCH"));
    }
    return out;
  }
  static std::vector<int> from_to(int first, int last) {
    std::vector<int> out;
    for (int i = first; i <= last; ++i) {
      out.push_back(i);
    }
    return out;
  }
};

constexpr const char* all_kinds[] = {
    "ENVELOPE",
    "(UID ENVELOPE)",
    "(FLAGS ENVELOPE BODYSTRUCTURE)",
    "BODY",
    "BODY.PEEK[]",
    "BODY.PEEK[]<20.30>",
    "(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject Received From)])",
    "BODY.PEEK[HEADER.FIELDS (Subject)]<3.5>",
    "BODY.PEEK[HEADER.FIELDS (X-Rare Subject)]",
    "BODY.PEEK[TEXT]",
    "(INTERNALDATE MODSEQ BODY.PEEK[1] BINARY.SIZE[1])",
};

TEST_F(ImapFetchMany, IsAnsweredAsOneByOneIs) {
  deliver_many(40);
  ImapClient client(*this);
  client.open();
  client.say("ENABLE CONDSTORE");
  for (const std::string items : all_kinds) {
    EXPECT_EQ(client.say("FETCH 1:* " + items),
              one_by_one(client, items, from_to(1, 40)) + "OK FETCH completed\n");
  }
}

// More than is read at once, by count and by octets.
TEST_F(ImapFetchMany, ComesInSeveralBatches) {
  deliver_many(120, 6'000);
  ImapClient client(*this);
  client.open();
  for (const std::string items : {"ENVELOPE", "(FLAGS ENVELOPE)"}) {
    EXPECT_EQ(client.say("FETCH 1:* " + items),
              one_by_one(client, items, from_to(1, 120)) + "OK FETCH completed\n");
  }
}

TEST_F(ImapFetchMany, WhatHasNoSummaryIsFoundAmongOthers) {
  deliver_many(3);
  deliver("Subject: " + std::string(30'000, 'l') + "\r\n\r\nlong\r\n");  // it has no summary
  deliver_many(3);
  deliver_older("Subject: older\r\nMessage-ID: <o@x>\r\n\r\nolder\r\n");
  deliver_older("Subject: older still\r\n\r\nolder\r\n");
  world.add("Subject: damaged\r\n\r\n");
  ImapClient client(*this);
  client.open();
  for (const std::string items : {"ENVELOPE", "(UID ENVELOPE FLAGS)", "BODYSTRUCTURE"}) {
    EXPECT_EQ(client.say("FETCH 1:* " + items),
              one_by_one(client, items, from_to(1, 10)) + "OK FETCH completed\n");
  }
  EXPECT_TRUE(
      client.say("FETCH 7:* ENVELOPE").contains("* 9 FETCH (ENVELOPE (NIL \"older still\""));
}

TEST_F(ImapFetchMany, WhatHasBeenPurgedIsLeftOut) {
  deliver_many(30);
  ImapClient client(*this);
  client.open();
  const std::string expected = one_by_one(client, "ENVELOPE", from_to(1, 9)) +
                               one_by_one(client, "ENVELOPE", from_to(12, 29));
  const std::string bodies = one_by_one(client, "BODY.PEEK[]", from_to(1, 9)) +
                             one_by_one(client, "BODY.PEEK[]", from_to(12, 29));
  purge({10, 11, 30});
  EXPECT_TRUE(client.say("FETCH 1:* ENVELOPE").starts_with(expected + "NO [EXPUNGEISSUED] "));
  EXPECT_TRUE(client.say("FETCH 1:* BODY.PEEK[]").starts_with(bodies + "NO [EXPUNGEISSUED] "));
  EXPECT_TRUE(client.say("FETCH 10:11 ENVELOPE").starts_with("NO [EXPUNGEISSUED] "));
  EXPECT_TRUE(client.say("FETCH 10 ENVELOPE").starts_with("NO [EXPUNGEISSUED] "));
  const std::string heard = client.say("UID FETCH 9:12 ENVELOPE");
  EXPECT_TRUE(heard.contains("* 9 FETCH (UID 9 ENVELOPE")) << heard;
  EXPECT_FALSE(heard.contains("UID 10 ENVELOPE")) << heard;
  EXPECT_TRUE(heard.ends_with("OK FETCH completed\n")) << heard;
}

// RFC 9738 3.1, whatever is kept of the messages.
TEST_F(ImapFetchMany, IsCutShortFromTheLargestDown) {
  settings.rules.message_limit = 300;
  deliver_many(150, 5'000);
  deliver_older("Subject: older\r\n\r\nolder\r\n");
  deliver_older("Subject: older still\r\n\r\nolder\r\n");
  deliver_many(150, 5'000);
  ImapClient client(*this);
  client.open();
  std::vector<int> down = from_to(3, 302);
  std::ranges::reverse(down);
  for (const std::string items : {"ENVELOPE", "(FLAGS ENVELOPE)", "BODY.PEEK[]"}) {
    EXPECT_TRUE(client.say("FETCH 1:* " + items)
                    .starts_with(one_by_one(client, items, down) + "OK [MESSAGELIMIT 300 3] "));
  }
}

// RFC 7162 3.1.4.1, 3.2: MODSEQ is told of what CHANGEDSINCE asks for, and of nothing else.
TEST_F(ImapFetchMany, EnvelopesOfWhatHasChanged) {
  deliver_many(5);
  ImapClient client(*this);
  client.open();
  client.say("ENABLE CONDSTORE");
  EXPECT_FALSE(client.say("FETCH 1:* ENVELOPE").contains("MODSEQ"));
  const store::ModSeq before = world.rows()[3].facts.modseq;
  const std::string heard =
      client.say(fmt::format("FETCH 1:* (ENVELOPE) (CHANGEDSINCE {})", before - 1));
  EXPECT_TRUE(heard.starts_with("* 4 FETCH (ENVELOPE (NIL \"number 4\"")) << heard;
  EXPECT_TRUE(heard.contains(fmt::format(" MODSEQ ({}))\n* 5 FETCH ", before))) << heard;
}

// What another client has changed meanwhile is told at the end of the command.
TEST_F(ImapFetchMany, EnvelopesDoNotHideAChangeOfFlags) {
  deliver_many(5);
  ImapClient client(*this);
  client.open();
  EXPECT_TRUE(run(world.boxes().change_flags(
      world.account, store::MailboxId::inbox, {2},
      {.operation = store::FlagOperation::add, .flags = {store::SystemFlag::flagged, {"blue"}}})));
  const std::string heard = client.say("FETCH 1:* ENVELOPE");
  EXPECT_TRUE(heard.starts_with("* 1 FETCH (ENVELOPE ")) << heard;
  EXPECT_TRUE(heard.contains("\n* 2 FETCH (FLAGS (\\Flagged blue))\nOK FETCH")) << heard;
}

TEST_F(ImapFetchMany, ManyBodiesAreMarkedAsSeen) {
  deliver_many(600);
  ImapClient client(*this);
  client.open();
  const std::string heard = client.say("FETCH 1:* BODY[TEXT]");
  for (int i = 1; i <= 600; ++i) {
    const std::string body = fmt::format("body {}\n", i);
    EXPECT_TRUE(heard.contains(fmt::format("* {} FETCH (FLAGS (\\Seen) BODY[TEXT] {{{}}}\n{})\n", i,
                                           body.size() + 1, body)));
  }
  EXPECT_EQ(world.view().mailbox.counts.unseen, 0U);
}

}  // namespace
}  // namespace postrider::imap
