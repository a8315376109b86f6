// The same service on io_uring and RocksDB, spoken to by plain blocking sockets.
#include <arpa/inet.h>
#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/service/smtp/smtp_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider::smtp {
namespace {

struct NoEvents final : flow::EventSink {
  void emit(flow::Event) override {}
};

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "smtp-test-XXXXXX").string();
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
  }
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient() { close(fd_); }

  void say(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      check(sent > 0, "send");
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // The last line of the next reply.
  std::string hear() {
    while (true) {
      const std::size_t end = buffer_.find("\r\n");
      if (end == std::string::npos) {
        char block[4096];
        const ssize_t got = recv(fd_, block, sizeof block, 0);
        if (got <= 0) {
          return {};
        }
        buffer_.append(block, static_cast<std::size_t>(got));
        continue;
      }
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      if (line.size() < 4 || line[3] != '-') {
        return line;
      }
    }
  }

 private:
  int fd_;
  std::string buffer_;
};

// What the threads of one run share.
struct Shared {
  std::atomic<std::uint16_t> port = 0;
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> accepted = 0;
};

engine::Task<void> serve(engine::Engine* engine, store::Store* store, engine::Reactor* reactor,
                         Shared* run) {
  NoEvents events;
  const auto intake =
      flow::make_intake({.reactor = *reactor, .queue = store->queue(0), .events = events},
                        {.hostname = "mail.example.org"});
  SmtpSettings settings;
  settings.rules.hostname = "mail.example.org";
  SmtpService service({.reactor = *reactor, .intake = *intake}, settings);
  const auto address = service.listen({.door = flow::Door::relay,
                                       .address = *SocketAddress::parse("127.0.0.1:0"),
                                       .tls = ListenerTls::none,
                                       .allow = {*IpNetwork::parse("127.0.0.0/8")},
                                       .context = std::nullopt});
  run->port = address->port;
  while (!run->done) {
    (void)co_await reactor->sleep_for(std::chrono::milliseconds(10));  // nobody cancels
  }
  co_await service.stop(reactor->now() + std::chrono::seconds(2));
  engine->stop();
}

void send_messages(std::uint16_t port, int count, std::size_t body_octets, Shared* run) {
  BlockingClient client(port);
  EXPECT_TRUE(client.hear().starts_with("220"));
  client.say("EHLO c\r\n");
  EXPECT_TRUE(client.hear().starts_with("250"));
  std::string content = "Subject: x\r\n\r\n";
  while (content.size() < body_octets) {
    content += "0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
  }
  for (int i = 0; i < count; ++i) {
    client.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
    EXPECT_TRUE(client.hear().starts_with("250 2.1.0"));
    EXPECT_TRUE(client.hear().starts_with("250 2.1.5"));
    EXPECT_TRUE(client.hear().starts_with("354"));
    client.say(content + ".\r\n");
    const std::string reply = client.hear();
    EXPECT_TRUE(reply.starts_with("250 2.0.0 Ok: queued as")) << reply;
    run->accepted += reply.starts_with("250") ? 1 : 0;
  }
  client.say("QUIT\r\n");
  EXPECT_TRUE(client.hear().starts_with("221"));
}

TEST(RealSmtpService, ManyClientsAndWhatTheyWereToldIsThere) {
  const Directory directory;
  Shared run;
  std::uint64_t open = 0;
  {
    const auto engine = engine::Engine::create({.cores = 1, .pin = false});
    const auto store =
        store::Store::open({.directory = directory.path(), .min_free_disk_bytes = 0}, *engine);
    std::thread clients([&run] {
      while (run.port == 0) {
        std::this_thread::yield();
      }
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back(send_messages, run.port.load(), 25, i == 0 ? 3'000'000U : 4096U, &run);
      }
      for (std::thread& thread : threads) {
        thread.join();
      }
      run.done = true;
    });
    engine->run(
        [&](engine::Reactor& reactor) { return serve(engine.get(), store.get(), &reactor, &run); });
    clients.join();
    open = store->queue(0).counters().committed;
    store->close();
  }
  EXPECT_EQ(run.accepted, 8U * 25U);
  EXPECT_EQ(open, 8U * 25U);
}

}  // namespace
}  // namespace postrider::smtp
