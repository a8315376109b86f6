// The same service on io_uring and RocksDB, on two cores, spoken to by plain blocking sockets.
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/service/imap/imap_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider::imap {
namespace {

constexpr Argon2Cost cheap_hash{.memory_kib = 64, .passes = 1, .lanes = 1};

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "imap-test-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "no temporary directory");
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;  // what is left behind is the system's to clean
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class BlockingClient {
 public:
  explicit BlockingClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
    (void)hear("\r\n");
  }
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient() { close(fd_); }

  void send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      check(sent > 0, "send");
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // All up to and with `end`, or until the connection ends.
  std::string hear(const std::string& end) {
    std::size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      char block[4096];
      const ssize_t got = recv(fd_, block, sizeof block, 0);
      if (got <= 0) {
        return std::exchange(buffer_, {});
      }
      buffer_.append(block, static_cast<std::size_t>(got));
    }
    std::string out = buffer_.substr(0, at + end.size());
    buffer_.erase(0, out.size());
    return out;
  }
  std::string say(const std::string& command) {
    send("t " + command + "\r\n");
    std::string heard;
    do {
      heard = hear("\r\n");
      EXPECT_FALSE(heard.empty()) << command;
    } while (!heard.empty() && !heard.starts_with("t "));
    return heard;
  }
  // To whom a message is \Recent is who is told first.
  std::string hear_but_recent() {
    std::string heard = hear("\r\n");
    return heard.ends_with(" RECENT\r\n") ? hear("\r\n") : heard;
  }
  void open() {
    EXPECT_TRUE(say("LOGIN ada@example.org pencil").starts_with("t OK "));
    EXPECT_TRUE(say("SELECT INBOX").starts_with("t OK "));
  }

 private:
  int fd_;
  std::string buffer_;
};

// What the threads of one run share.
struct Shared {
  std::array<std::atomic<std::uint16_t>, 2> ports{};
  std::atomic<bool> done = false;
  std::atomic<int> running = 2;
};

engine::Task<void> serve(engine::Engine* engine, store::Store* store, engine::Reactor* reactor,
                         Shared* run) {
  const CoreId core = reactor->core();
  if (core == 0) {
    SeededRandom random(1);
    store::Account account;
    account.name = "ada@example.org";
    account.password_hash = hash_password("pencil", random, cheap_hash);
    EXPECT_TRUE(co_await store->accounts(0).save_account(account, true));
  }
  flow::StoredCredentials credentials(store->accounts(core));
  policy::Authenticator authenticator(*reactor, credentials, "secret",
                                      {.throttle = {}, .unknown_cost = cheap_hash});
  ImapSettings settings;
  settings.rules.hostname = "mail.example.org";
  ImapService service({*reactor, authenticator, store->mailboxes(core)}, settings);
  const auto address = service.listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                       .tls = flow::ListenerTls::none,
                                       .auth_without_tls = true});
  run->ports[core] = address->port;
  while (!run->done) {
    (void)co_await reactor->sleep_for(std::chrono::milliseconds(10));  // nobody cancels
  }
  co_await service.stop(reactor->now() + std::chrono::seconds(2));
  if (--run->running == 0) {
    engine->stop();
  }
}

// New mail is pushed to who idles on another core, each time, and DONE still ends it.
void push_and_idle(const Shared& run) {
  BlockingClient idler(run.ports[0]);
  BlockingClient writer(run.ports[1]);
  idler.open();
  writer.open();
  idler.send("i IDLE\r\n");
  EXPECT_EQ(idler.hear("\r\n"), "+ idling\r\n");
  std::string body = "Subject: x\r\n\r\n";
  body.resize(100'000, 'x');
  for (int i = 1; i <= 20; ++i) {
    const std::string answer =
        writer.say("APPEND INBOX {" + std::to_string(body.size()) + "+}\r\n" + body);
    EXPECT_TRUE(answer.starts_with("t OK [APPENDUID ")) << answer;
    const auto answered = std::chrono::steady_clock::now();
    EXPECT_EQ(idler.hear_but_recent(), "* " + std::to_string(i) + " EXISTS\r\n");
    EXPECT_LT(std::chrono::steady_clock::now() - answered, std::chrono::seconds(1));
  }
  idler.send("DONE\r\n");
  EXPECT_EQ(idler.hear_but_recent(), "i OK IDLE completed\r\n");
  idler.send("f FETCH 1:* BODY.PEEK[TEXT]\r\n");
  const std::string heard = idler.hear("f OK FETCH completed\r\n");
  EXPECT_GT(heard.size(), 20U * (body.size() - 14));
  EXPECT_TRUE(idler.say("UID MOVE 1:20 INBOX").starts_with("t OK "));
  EXPECT_TRUE(writer.say("NOOP").starts_with("t OK "));
  EXPECT_TRUE(writer.say("FETCH 20 UID").starts_with("t OK "));
}

TEST(RealImapService, NewMailIsPushedFromCoreToCore) {
  const Directory directory;
  Shared run;
  const auto engine = engine::Engine::create({.cores = 2, .pin = false});
  const auto store =
      store::Store::open({.directory = directory.path(), .min_free_disk_bytes = 0}, *engine);
  std::thread clients([&run] {
    while (run.ports[0] == 0 || run.ports[1] == 0) {
      std::this_thread::yield();
    }
    push_and_idle(run);
    run.done = true;
  });
  engine->run(
      [&](engine::Reactor& reactor) { return serve(engine.get(), store.get(), &reactor, &run); });
  clients.join();
  store->close();
}

}  // namespace
}  // namespace postrider::imap
