// What users sort into Junk and out of it is told to filters that learn, behind their backs.
#include "imap_world.hpp"

#include <algorithm>

#include <postrider/codec/http/parser.hpp>
#include <postrider/flow/junk_trainer.hpp>

namespace postrider::imap {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::SpecialUse;

TEST(JunkLesson, IsWhatCrossesTheBorderOfJunk) {
  using flow::lesson_of;
  using flow::LessonKind;
  EXPECT_EQ(lesson_of(SpecialUse::none, SpecialUse::junk), LessonKind::spam);
  EXPECT_EQ(lesson_of(SpecialUse::trash, SpecialUse::junk), LessonKind::spam);
  EXPECT_EQ(lesson_of(SpecialUse::junk, SpecialUse::none), LessonKind::ham);
  EXPECT_EQ(lesson_of(SpecialUse::junk, SpecialUse::archive), LessonKind::ham);
  EXPECT_EQ(lesson_of(SpecialUse::junk, SpecialUse::trash), std::nullopt);
  EXPECT_EQ(lesson_of(SpecialUse::junk, SpecialUse::junk), std::nullopt);
  EXPECT_EQ(lesson_of(SpecialUse::none, SpecialUse::trash), std::nullopt);
  EXPECT_EQ(lesson_of(SpecialUse::none, SpecialUse::none), std::nullopt);
}

// rspamd's controller, one request a connection.
class Controller {
 public:
  explicit Controller(engine::Reactor& reactor) : reactor_(reactor) { open(); }
  void open() {
    stop_ = std::make_shared<engine::CancelSource>();
    listener_ = std::shared_ptr<engine::Listener>(reactor_.listen({.address = address}).value());
    address = listener_->local();
    reactor_.spawn(serve(listener_, stop_));
  }
  void close() {
    stop_->cancel();
    listener_.reset();
  }

  SocketAddress address = *SocketAddress::parse("127.0.0.1:0");
  std::vector<http::Request> heard;
  std::uint16_t status = 200;
  Duration slowness{};

 private:
  // The task shares both with this, which may have opened anew meanwhile.
  engine::Task<void> serve(std::shared_ptr<engine::Listener> listener,
                           std::shared_ptr<engine::CancelSource> stop) {
    while (true) {
      auto stream = co_await listener->accept({mono_never, stop->token()});
      if (!stream) {
        co_return;
      }
      http::RequestParser parser({});
      const engine::Until soon{reactor_.now() + minutes(10), stop->token()};
      while (parser.state() == http::ParseState::more) {
        const auto octets = co_await (*stream)->receive(soon);
        if (!octets) {
          break;
        }
        (void)parser.feed(*octets);  // one request
      }
      if (parser.state() != http::ParseState::complete) {
        continue;
      }
      heard.push_back(parser.take());
      if (slowness > Duration::zero()) {
        (void)co_await reactor_.sleep_for(slowness, stop->token());
      }
      http::Response response;
      response.status = status;
      response.body = R"({"success":true})";
      response.keep_alive = false;
      std::string out;
      http::encode_response(response, out);
      (void)co_await (*stream)->send(out, soon);
    }
  }

  engine::Reactor& reactor_;
  std::shared_ptr<engine::Listener> listener_;
  std::shared_ptr<engine::CancelSource> stop_;
};

class ImapJunk : public ImapWorld {
 public:
  ImapJunk() {
    learner.emplace(flow::JunkTrainer::Doors{reactor(), world.boxes(), &events});
    learner->set({teacher()});
    trainer = &*learner;
    ada.emplace(*this);
    ada->log_in();
    ada->say("CREATE Spam (USE (\\Junk))");
    ada->say("CREATE Bin (USE (\\Trash))");
    ada->say("CREATE other");
  }
  ~ImapJunk() override {
    ada.reset();
    twin().simulation().run(learner->drain());
    controller.close();
    pass(seconds(1));
  }
  flow::TeacherSettings teacher() {
    return {.name = "rspamd",
            .address = controller.address,
            .password = "q1",
            .timeout = seconds(20),
            .octets_max = 1000};
  }
  // "learnspam learnham": what has been heard since the last time.
  std::string lessons(Duration time = seconds(1)) {
    pass(time);
    std::string out;
    for (const http::Request& request : std::exchange(controller.heard, {})) {
      out += (out.empty() ? "" : " ") + request.target.substr(1);
      last = request;
    }
    return out;
  }
  bool is_told(std::string_view what) {
    return std::ranges::any_of(events.events, [what](const flow::Event& event) {
      return event.kind == flow::EventKind::filter && event.text.contains(what);
    });
  }

  Controller controller{reactor()};
  std::optional<flow::JunkTrainer> learner;
  std::optional<ImapClient> ada;
  http::Request last;
};

TEST_F(ImapJunk, WhatIsMovedInIsSpamAndWhatIsMovedOutIsHam) {
  deliver("Subject: one\r\n\r\nbuy\r\n");
  deliver("Subject: two\r\n\r\nbuy more\r\n");
  ada->say("SELECT INBOX");
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "learnspam");
  EXPECT_EQ(last.method, "POST");
  EXPECT_EQ(last.field("password"), "q1");
  EXPECT_EQ(last.field("deliver-to"), "ada@example.org");
  EXPECT_EQ(last.body, "Return-Path: <bob@example.org>\r\nSubject: one\r\n\r\nbuy\r\n");
  ada->say("UID COPY 2 Spam");
  ada->say("UID STORE 2 +FLAGS.SILENT (\\Deleted)");
  ada->say("EXPUNGE");
  EXPECT_EQ(lessons(), "learnspam");
  ada->say("SELECT Spam");
  ada->say("MOVE 1 INBOX");
  EXPECT_EQ(lessons(), "learnham");
  EXPECT_TRUE(last.body.ends_with("buy\r\n"));
  ada->say("COPY 1 other");
  EXPECT_EQ(lessons(), "learnham");
  EXPECT_EQ(learner->counters().front().learnt, 4U);
}

TEST_F(ImapJunk, WhatGoesElsewhereTeachesNothing) {
  deliver("Subject: one\r\n\r\nbuy\r\n");
  ada->say("SELECT INBOX");
  ada->say("COPY 1 other");
  ada->say("COPY 1 Bin");
  ada->say("STORE 1 +FLAGS ($Junk)");
  EXPECT_EQ(lessons(), "");
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "learnspam");
  ada->say("SELECT Spam");
  ada->say("COPY 1 Spam");
  ada->say("MOVE 1 Bin");
  EXPECT_EQ(lessons(), "");
  EXPECT_TRUE(ada->say("MOVE 1 missing").contains("NO [TRYCREATE]"));
  EXPECT_EQ(lessons(), "");
}

TEST_F(ImapJunk, WhatIsAppendedToJunkIsSpam) {
  ada->send("x APPEND Spam () {8+}\r\nX: 1\r\n\r\n\r\n");
  EXPECT_TRUE(ada->hear("\n").starts_with("x OK "));
  ada->send("x APPEND other () {8+}\r\nX: 2\r\n\r\n\r\n");
  EXPECT_TRUE(ada->hear("\n").starts_with("x OK "));
  EXPECT_EQ(lessons(), "learnspam");
  EXPECT_EQ(last.body, "X: 1\r\n\r\n");
}

TEST_F(ImapJunk, NoCommandWaitsForIt) {
  controller.slowness = seconds(15);
  for (int i = 0; i < 5; ++i) {
    deliver("Subject: one\r\n\r\nbuy\r\n");
  }
  ada->say("SELECT INBOX");
  EXPECT_TRUE(ada->say("MOVE 1:5 Spam").ends_with("OK MOVE completed\n"));  // within a second
  EXPECT_EQ(learner->waiting(), 5U);
  EXPECT_EQ(lessons(minutes(2)), "learnspam learnspam learnspam learnspam learnspam");
  EXPECT_EQ(learner->waiting(), 0U);
}

// What was meant counts, in the order in which it was said.
TEST_F(ImapJunk, WhatHasMovedOnOrWasDeletedIsStillALesson) {
  controller.slowness = seconds(5);
  deliver("Subject: one\r\n\r\n1\r\n");
  deliver("Subject: two\r\n\r\n2\r\n");
  ada->say("SELECT INBOX");
  ada->say("MOVE 1:2 Spam");
  ada->say("SELECT Spam");
  ada->say("MOVE 2 INBOX");  // before it was its turn
  ada->say("STORE 1 +FLAGS (\\Deleted)");
  ada->say("EXPUNGE");
  EXPECT_EQ(lessons(minutes(1)), "learnspam learnspam learnham");
}

TEST_F(ImapJunk, WhatItKnowsOrDoesNotWantIsLearnt) {
  deliver("Subject: one\r\n\r\n1\r\n");
  deliver("Subject: two\r\n\r\n2\r\n");
  deliver("Subject: large\r\n\r\n" + std::string(2000, 'x') + "\r\n");
  ada->say("SELECT INBOX");
  controller.status = 208;
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "learnspam");
  controller.status = 204;
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "learnspam");
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "");
  EXPECT_EQ(learner->counters().front().learnt, 2U);
  EXPECT_EQ(learner->counters().front().passed_over, 1U);
  EXPECT_TRUE(events.events.empty());
}

TEST_F(ImapJunk, ARefusalIsToldOnceAndNotRepeated) {
  for (int i = 0; i < 3; ++i) {
    deliver("Subject: one\r\n\r\n1\r\n");
  }
  ada->say("SELECT INBOX");
  controller.status = 403;
  ada->say("MOVE 1:2 Spam");
  EXPECT_EQ(lessons(minutes(5)), "learnspam learnspam");
  EXPECT_TRUE(is_told("rspamd does not learn: it answers with HTTP 403"));
  EXPECT_FALSE(is_told("q1"));
  EXPECT_EQ(events.events.size(), 1U);
  controller.status = 200;
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(lessons(), "learnspam");
  EXPECT_TRUE(is_told("rspamd learns again"));
  EXPECT_EQ(learner->counters().front().failures, 2U);
}

TEST_F(ImapJunk, WhoIsDownForAMomentIsAskedAgain) {
  deliver("Subject: one\r\n\r\n1\r\n");
  deliver("Subject: two\r\n\r\n2\r\n");
  ada->say("SELECT INBOX");
  controller.close();
  ada->say("MOVE 1 Spam");
  pass(seconds(5));
  controller.open();
  EXPECT_EQ(lessons(minutes(1)), "learnspam");
  EXPECT_TRUE(events.events.empty());
  controller.close();
  ada->say("MOVE 1 Spam");
  pass(minutes(3));
  EXPECT_TRUE(is_told("rspamd does not learn: it can't be reached"));
  EXPECT_EQ(learner->waiting(), 0U);
  controller.open();
}

TEST_F(ImapJunk, SoManyWait) {
  const store::Uid uid = deliver("Subject: one\r\n\r\n1\r\n");
  const std::vector<store::Uid> uids(flow::trainer_limits::waiting, uid);
  controller.slowness = seconds(15);
  learner->learn({.kind = flow::LessonKind::spam,
                  .account = run(world.boxes().open_account("ada@example.org")).value(),
                  .account_name = "ada@example.org",
                  .mailbox = store::MailboxId::inbox,
                  .uids = uids});
  EXPECT_EQ(learner->waiting(), flow::trainer_limits::waiting);
  ada->say("SELECT INBOX");
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(learner->dropped(), 1U);
  EXPECT_TRUE(is_told("too much junk"));
}

TEST_F(ImapJunk, WithoutATeacherNothingIsKept) {
  learner->set({});
  deliver("Subject: one\r\n\r\n1\r\n");
  ada->say("SELECT INBOX");
  ada->say("MOVE 1 Spam");
  EXPECT_EQ(learner->waiting(), 0U);
  EXPECT_EQ(lessons(), "");
}

}  // namespace
}  // namespace postrider::imap
