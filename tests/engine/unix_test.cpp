#include "backend.hpp"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postrider::engine {
namespace {

// A directory of its own, gone at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = testing::TempDir() + "engineXXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class UnixDoor : public EachBackend {
 protected:
  static inline std::string path;
  TemporaryDirectory directory;
  void SetUp() override { path = directory.file("socket"); }
  static Task<void> converse(Cores&, Reactor& reactor) {
    auto listener = reactor.listen_unix({.path = path});
    EXPECT_TRUE(listener);
    auto client = co_await reactor.connect_unix(path, soon(reactor));
    EXPECT_TRUE(client);
    auto server = co_await (*listener)->accept(soon(reactor));
    EXPECT_TRUE(server);
    const auto credentials = (*server)->peer_credentials();
    EXPECT_TRUE(credentials);
    EXPECT_EQ(credentials->uid, geteuid());
    EXPECT_EQ(credentials->pid, getpid());
    EXPECT_TRUE(co_await (*client)->send("GET / HTTP/1.1", soon(reactor)));
    EXPECT_EQ(co_await read_some(reactor, **server, 14), "GET / HTTP/1.1");
    EXPECT_EQ(reactor.listen_unix({.path = path}).error(), IoError::address_in_use);
    client->reset();
    EXPECT_EQ((co_await (*server)->receive(soon(reactor))).error(), IoError::end_of_stream);
    listener->reset();
    (void)co_await reactor.sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ((co_await reactor.connect_unix(path, soon(reactor))).error(), IoError::refused);
    EXPECT_TRUE(reactor.listen_unix({.path = path}));
  }
};
POSTRIDER_EACH_BACKEND(UnixDoor);

TEST_P(UnixDoor, KnowsWhoIsThere) {
  run(converse);
}

class SharedUnixDoor : public UnixDoor {
 protected:
  static Task<void> share(Cores&, Reactor& reactor) {
    auto old = reactor.listen_unix({.path = path});
    auto heir = reactor.listen_unix({.path = path, .shared = true});
    EXPECT_TRUE(heir);
    old->reset();
    (void)co_await reactor.sleep_for(std::chrono::milliseconds(5));
    auto client = co_await reactor.connect_unix(path, soon(reactor));
    EXPECT_TRUE(client) << "the old took the path with it";
    auto served = co_await (*heir)->accept(soon(reactor));
    EXPECT_TRUE(served);
    EXPECT_TRUE(co_await (*client)->send("x", soon(reactor)));
    EXPECT_EQ(co_await read_some(reactor, **served, 1), "x");
    // The other way round: what is tried and given up leaves the first as it was.
    reactor.listen_unix({.path = path, .shared = true})->reset();
    (void)co_await reactor.sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(co_await reactor.connect_unix(path, soon(reactor)));
    heir->reset();
    (void)co_await reactor.sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ((co_await reactor.connect_unix(path, soon(reactor))).error(), IoError::refused);
  }
};
POSTRIDER_EACH_BACKEND(SharedUnixDoor);

TEST_P(SharedUnixDoor, ThePathGoesWithTheLastListener) {
  run(share);
}

class RealUnixListener : public testing::Test {
 protected:
  static inline std::string path;
  TemporaryDirectory directory;
  void SetUp() override { path = directory.file("socket"); }
  static void leave_stale_socket() {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }
  static Task<void> replace(Cores&, Reactor& reactor) {
    auto listener = reactor.listen_unix({.path = path});
    EXPECT_TRUE(listener);
    struct stat found{};
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600U);
    EXPECT_TRUE(co_await reactor.connect_unix(path, soon(reactor)));
    listener->reset();
    EXPECT_NE(stat(path.c_str(), &found), 0);  // unlinked
    EXPECT_EQ(reactor.listen_unix({.path = std::string(200, 'x')}).error(), IoError::other);
    EXPECT_EQ(reactor.listen_unix({.path = "/proc/socket"}).has_value(), false);
    auto open_to_group = reactor.listen_unix({.path = path, .mode = 0666});
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0666U);
  }
};

// A second server on the same folder must not take what the first is listening on.
TEST_F(RealUnixListener, TakesNothingFromAnotherProcess) {
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready) + pipe(done), 0);
  const pid_t other = fork();
  if (other == 0) {
    char octet = 0;
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        listen(fd, 5) == 0) {
      (void)!write(ready[1], "r", 1);
    }
    (void)!read(done[0], &octet, 1);
    _exit(0);
  }
  char octet = 0;
  ASSERT_EQ(read(ready[0], &octet, 1), 1);
  struct Try {
    static Task<void> run(Cores&, Reactor& reactor) {
      EXPECT_EQ(reactor.listen_unix({.path = path, .shared = true}).error(),
                IoError::address_in_use);
      co_return;
    }
  };
  run_on(BackendKind::real, 1, Try::run);
  (void)!write(done[1], "d", 1);
  EXPECT_EQ(waitpid(other, nullptr, 0), other);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) {
    close(fd);
  }
}

TEST_F(RealUnixListener, ReplacesAStaleSocketAndSetsItsMode) {
  leave_stale_socket();
  run_on(BackendKind::real, 1, replace);
}

class FileDoor : public EachBackend {
 protected:
  static inline std::string path;
  TemporaryDirectory directory;
  void SetUp() override { path = directory.file("events.jsonl"); }
  static Task<void> write_lines(Cores&, Reactor& reactor) {
    auto file = reactor.open_append({.path = path, .mode = 0640});
    EXPECT_TRUE(file);
    EXPECT_EQ((*file)->size(), 0U);
    EXPECT_TRUE(co_await (*file)->append("one\n"));
    EXPECT_TRUE(co_await (*file)->append(std::string(1024 * 1024, 'x')));
    EXPECT_TRUE(co_await (*file)->append(""));
    EXPECT_TRUE(co_await (*file)->sync());
    file->reset();
    file = reactor.open_append({.path = path});
    EXPECT_EQ((*file)->size(), 4U + 1024 * 1024);
    EXPECT_TRUE(co_await (*file)->append("end\n"));
    EXPECT_EQ((*file)->size(), 9U + 1024 * 1024) << "the last writer had died inside a line";
  }
};
POSTRIDER_EACH_BACKEND(FileDoor);

TEST_P(FileDoor, AppendsAndSyncs) {
  run(write_lines);
  if (GetParam() == BackendKind::real) {
    EXPECT_EQ(std::filesystem::file_size(path), 9U + 1024 * 1024);
  }
}

TEST(RealFile, TellsWhyItCannotBeOpened) {
  struct Open {
    static Task<void> run(Cores&, Reactor& reactor) {
      EXPECT_FALSE(reactor.open_append({.path = "/nonexistent/events"}));
      auto full = reactor.open_append({.path = "/dev/full"});
      EXPECT_EQ((co_await (*full)->append("x")).error(), IoError::resource);
    }
  };
  run_on(BackendKind::real, 1, Open::run);
}

}  // namespace
}  // namespace postrider::engine
