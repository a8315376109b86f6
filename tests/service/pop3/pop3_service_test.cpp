// The service on the simulated engine and the in-memory store: what a client sees, what is kept.
#include "../../store/mailbox_fixture.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <postrider/base/password_hash.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/service/pop3/pop3_service.hpp>

namespace postrider::pop3 {
namespace {

constexpr Argon2Cost cheap_hash{.memory_kib = 64, .passes = 1, .lanes = 1};
constexpr std::string_view trace = "Delivered-To: ada@example.org\r\n";  // of MailWorld::mail()

struct RecordedEvents final : flow::EventSink {
  std::vector<flow::Event> events;
  void emit(flow::Event event) override { events.push_back(std::move(event)); }
};

class Pop3ServiceTest : public testing::Test {
 public:
  Pop3ServiceTest() {
    SeededRandom random(1);
    store::Account account;
    account.name = "ada@example.org";
    account.password_hash = hash_password("pencil", random, cheap_hash);
    EXPECT_TRUE(world.twin.run(world.twin.accounts().save_account(account, true)));
  }
  ~Pop3ServiceTest() override {
    if (service) {
      run(service->stop(reactor().now() + std::chrono::seconds(1)));
      service.reset();
    }
  }

  template <class T>
  T run(engine::Task<T> task) {
    return world.twin.run(std::move(task));
  }
  void run(engine::Task<void> task) { world.twin.simulation().run(std::move(task)); }
  engine::Reactor& reactor() { return world.twin.reactor(); }

  SocketAddress start(Pop3Settings settings = {}) {
    settings.rules.hostname = "mail.example.org";
    service = std::make_unique<Pop3Service>(
        Pop3Doors{reactor(), authenticator, world.boxes(), &events}, settings);
    const auto address = service->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                          .tls = flow::ListenerTls::none,
                                          .auth_without_tls = true});
    EXPECT_TRUE(address.has_value());
    return *address;
  }

  // All that is heard while `script` is said, until the server closes.
  engine::Task<std::string> talk(SocketAddress to, std::string script) {
    auto stream = co_await reactor().connect({.to = to, .source = {}}, soon());
    EXPECT_TRUE(stream.has_value());
    (void)co_await (*stream)->send(script, soon());  // what is heard tells
    std::string heard;
    while (const auto piece = co_await (*stream)->receive(soon())) {
      heard += *piece;
    }
    co_return heard;
  }
  std::string say(SocketAddress to, const std::string& commands) {
    return run(talk(to, "USER ada@example.org\r\nPASS pencil\r\n" + commands));
  }
  engine::Until soon() { return {reactor().now() + std::chrono::hours(3), {}}; }

  store::MailWorld world;
  RecordedEvents events;
  flow::StoredCredentials credentials{world.twin.accounts()};
  policy::Authenticator authenticator{
      reactor(), credentials, "secret", {.throttle = {}, .unknown_cost = cheap_hash}};
  std::unique_ptr<Pop3Service> service;
};

TEST_F(Pop3ServiceTest, AMessageComesOutAsItIsKept) {
  const std::string text = "Subject: hi\r\n\r\n.dots\r\nand more\r\n";
  const store::Uid uid = world.add(text);
  const std::string heard = say(start(), "STAT\r\nUIDL 1\r\nRETR 1\r\nQUIT\r\n");
  const std::string size = std::to_string(trace.size() + text.size());
  EXPECT_EQ(heard,
            "+OK mail.example.org POP3 Postrider\r\n+OK Now the password\r\n"
            "+OK 1 messages\r\n+OK 1 " +
                size + "\r\n" +
                fmt::format("+OK 1 {:08x}{:08x}\r\n", world.view().mailbox.uid_validity, uid) +
                "+OK " + size + " octets\r\n" + std::string(trace) +
                "Subject: hi\r\n\r\n..dots\r\nand more\r\n.\r\n+OK Bye\r\n");
}

TEST_F(Pop3ServiceTest, ALargeMessageGoesOutInPieces) {
  std::string text = "Subject: large\r\n\r\n";
  std::string stuffed = text;
  while (text.size() < 3'000'000) {
    const std::string line = "." + std::to_string(text.size()) + " of many lines\r\n";
    text += line;
    stuffed += "." + line;
  }
  world.add(text);
  const std::string heard = say(start(), "RETR 1\r\nQUIT\r\n");
  const std::string end = std::string(trace) + stuffed + ".\r\n+OK Bye\r\n";
  ASSERT_GT(heard.size(), end.size());
  EXPECT_TRUE(heard.ends_with(end));
}

// What comes next is read along with what is asked for: every message is still its own.
TEST_F(Pop3ServiceTest, MessagesAreTheSameInWhateverOrderTheyAreTaken) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 60; ++i) {
    // Small ones, some beyond what is read along, some of many frames.
    const std::size_t lines = i % 7 == 3 ? 3'000 : i % 11 == 5 ? 9'000 : i + 1;
    std::string text = "Subject: " + std::to_string(i) + "\r\n\r\n";
    for (std::size_t line = 0; line < lines; ++line) {
      text += std::to_string(i) + " line " + std::to_string(line) + " of some length\r\n";
    }
    texts.push_back(text);
    world.add(text);
  }
  std::string script;
  std::string expected;
  const auto take = [&](std::size_t i) {
    script += "RETR " + std::to_string(i + 1) + "\r\n";
    expected += "+OK " + std::to_string(trace.size() + texts[i].size()) + " octets\r\n" +
                std::string(trace) + texts[i] + ".\r\n";
  };
  for (std::size_t i = 0; i < texts.size(); ++i) {
    take(i);
  }
  for (const std::size_t i : {59, 0, 1, 2, 1, 3, 30, 31, 32, 33, 34, 10, 9, 8}) {
    take(i);
  }
  script += "TOP 1 0\r\nTOP 2 0\r\n";
  for (const std::size_t i : {0, 1}) {
    expected += "+OK The top of it follows\r\n" + std::string(trace) +
                "Subject: " + std::to_string(i) + "\r\n\r\n.\r\n";
  }
  const std::string heard = say(start(), script + "QUIT\r\n");
  const std::size_t begin = heard.find("+OK 60 messages\r\n");
  ASSERT_NE(begin, heard.npos);
  const std::string got = heard.substr(heard.find('\n', begin) + 1);
  const auto differs = std::ranges::mismatch(got, expected);
  EXPECT_EQ(differs.in2, expected.end())
      << got.substr(static_cast<std::size_t>(differs.in1 - got.begin()), 200);
}

TEST_F(Pop3ServiceTest, QuitExpungesWhatWasDeletedAndNothingElse) {
  world.add("Subject: 1\r\n\r\n");
  const store::Uid kept = world.add("Subject: 2\r\n\r\n");
  const std::string heard = say(start(), "DELE 1\r\nLIST\r\nQUIT\r\n");
  EXPECT_TRUE(heard.ends_with("+OK Deleted at QUIT\r\n+OK 1 messages\r\n2 " +
                              std::to_string(trace.size() + 14) + "\r\n.\r\n+OK Bye\r\n"))
      << heard;
  EXPECT_EQ(world.uids(), std::vector{kept});
}

TEST_F(Pop3ServiceTest, ADroppedConnectionDeletesNothing) {
  world.add();
  struct Local {
    static engine::Task<void> drop(Pop3ServiceTest* test, SocketAddress to) {
      auto stream = co_await test->reactor().connect({.to = to, .source = {}}, test->soon());
      (void)co_await (*stream)->send("USER ada@example.org\r\nPASS pencil\r\nDELE 1\r\n",
                                     test->soon());
      std::string heard;
      while (!heard.contains("Deleted at QUIT")) {
        const auto piece = co_await (*stream)->receive(test->soon());
        if (!piece) {
          ADD_FAILURE() << heard;
          co_return;
        }
        heard += *piece;
      }
    }
  };
  run(Local::drop(this, start()));
  world.twin.simulation().run_for(std::chrono::seconds(1));
  EXPECT_EQ(service->counters().sessions, 0U);
  EXPECT_EQ(world.uids().size(), 1U);
}

TEST_F(Pop3ServiceTest, TheMailboxIsASnapshot) {
  const store::Uid first = world.add("Subject: 1\r\n\r\n");
  const SocketAddress to = start();
  struct Local {
    static engine::Task<void> change(Pop3ServiceTest* test, SocketAddress to, store::Uid gone,
                                     std::string* heard) {
      auto stream = co_await test->reactor().connect({.to = to, .source = {}}, test->soon());
      (void)co_await (*stream)->send("USER ada@example.org\r\nPASS pencil\r\n", test->soon());
      while (!heard->contains("messages")) {
        const auto piece = co_await (*stream)->receive(test->soon());
        if (!piece) {
          co_return;
        }
        *heard += *piece;
      }
      EXPECT_TRUE(co_await test->world.boxes().expunge(test->world.account, store::MailboxId::inbox,
                                                       {gone}, /*deleted_only=*/false));
      (void)co_await (*stream)->send("STAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n", test->soon());
      while (const auto piece = co_await (*stream)->receive(test->soon())) {
        *heard += *piece;
      }
    }
  };
  std::string heard;
  run(Local::change(this, to, first, &heard));
  EXPECT_TRUE(heard.contains("+OK 1 " + std::to_string(trace.size() + 14) + "\r\n")) << heard;
  EXPECT_TRUE(heard.contains("Subject: 1\r\n")) << heard;  // kept until it is purged
  EXPECT_TRUE(heard.ends_with("+OK Bye\r\n")) << heard;
}

TEST_F(Pop3ServiceTest, SilenceEndsIt) {
  world.add();
  Pop3Settings settings;
  settings.rules.idle_timeout = std::chrono::minutes(10);
  const MonoTime began = reactor().now();
  const std::string heard = say(start(settings), "DELE 1\r\n");
  EXPECT_TRUE(heard.ends_with("-ERR [SYS/TEMP] You have been silent too long\r\n")) << heard;
  EXPECT_GE(reactor().now() - began, std::chrono::minutes(10));
  EXPECT_LT(reactor().now() - began, std::chrono::minutes(11));
  EXPECT_EQ(world.uids().size(), 1U);
}

TEST_F(Pop3ServiceTest, WrongPasswordsAreTold) {
  const std::string heard =
      run(talk(start(),
               "USER ada@example.org\r\nPASS wrong\r\nUSER nobody@example.org\r\n"
               "PASS x\r\nQUIT\r\n"));
  EXPECT_TRUE(heard.contains("-ERR [AUTH] Wrong name or password\r\n")) << heard;
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_EQ(events.events[0].kind, flow::EventKind::login_failed);
  EXPECT_TRUE(events.events[1].text.contains("nobody@example.org"));
}

TEST_F(Pop3ServiceTest, TooManyOfOnePeerAreTurnedAway) {
  Pop3Settings settings;
  settings.limits.sessions_per_peer = 1;
  settings.rules.login_timeout = std::chrono::minutes(1);
  const SocketAddress to = start(settings);
  struct Local {
    static engine::Task<void> both(Pop3ServiceTest* test, SocketAddress to, std::string* second) {
      auto held = co_await test->reactor().connect({.to = to, .source = {}}, test->soon());
      (void)co_await (*held)->receive(test->soon());  // the greeting
      *second = co_await test->talk(to, "QUIT\r\n");
    }
  };
  std::string second;
  run(Local::both(this, to, &second));
  EXPECT_EQ(second, "-ERR [SYS/TEMP] Too many connections from your address\r\n");
  EXPECT_EQ(service->counters().turned_away, 1U);
}

TEST_F(Pop3ServiceTest, StopsWhileClientsWait) {
  const SocketAddress to = start();
  struct Local {
    static engine::Task<void> stop(Pop3ServiceTest* test, SocketAddress to, std::string* heard) {
      auto stream = co_await test->reactor().connect({.to = to, .source = {}}, test->soon());
      (void)co_await (*stream)->receive(test->soon());  // the greeting
      co_await test->service->stop(test->reactor().now() + std::chrono::seconds(5));
      while (const auto piece = co_await (*stream)->receive(test->soon())) {
        *heard += *piece;
      }
    }
  };
  std::string heard;
  run(Local::stop(this, to, &heard));
  EXPECT_EQ(heard, "-ERR [SYS/TEMP] The server is going down: come back in a minute\r\n");
}

}  // namespace
}  // namespace postrider::pop3
