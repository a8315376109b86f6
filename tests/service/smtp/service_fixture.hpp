#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/service/smtp/smtp_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider::smtp {

inline constexpr Argon2Cost cheap_hash{.memory_kib = 64, .passes = 1, .lanes = 1};

struct RecordedEvents final : flow::EventSink {
  std::vector<flow::Event> events;
  void emit(flow::Event event) override { events.push_back(std::move(event)); }
};

struct RecordedFeed final : store::QueueFeed {
  std::vector<store::QueueEntry> entries;
  void on_committed(store::QueueEntry entry) override { entries.push_back(std::move(entry)); }
};

// Hosts local.example: what an address there says by its local part is what becomes of it.
struct OnlyLocal final : flow::Directory {
  std::vector<flow::AddressQuestion> asked;
  [[nodiscard]] bool hosts_any() const override { return hosts; }
  bool hosts = true;
  engine::Task<Result<bool, flow::AddressFailure>> is_hosted(std::string domain) override {
    co_return domain == "local.example";
  }
  engine::Task<Result<flow::AddressHome, flow::AddressFailure>> check(
      flow::AddressQuestion question) override {
    asked.push_back(question);
    const std::string& address = question.address;
    if (address == "postmaster@mail.example.org") {
      co_return flow::AddressHome::here;
    }
    if (!address.ends_with("@local.example")) {
      co_return flow::AddressHome::elsewhere;
    }
    using enum flow::AddressFailure;
    const std::vector<std::pair<std::string, flow::AddressFailure>> failures = {
        {"unknown", unknown},       {"disabled", disabled},
        {"full", over_quota},       {"domainfull", domain_over_quota},
        {"private", not_permitted}, {"loop", loop},
        {"many", too_many},         {"down", unavailable}};
    for (const auto& [local_part, why] : failures) {
      if (address.starts_with(local_part)) {
        co_return failure(why);
      }
    }
    if (question.size > 1000 && address.starts_with("small")) {
      co_return failure(too_large);
    }
    co_return flow::AddressHome::here;
  }
  engine::Task<Result<std::vector<store::Recipient>, flow::AddressFailure>> place(
      std::vector<store::Recipient> recipients) override {
    for (store::Recipient& recipient : recipients) {
      if (recipient.address.ends_with("@local.example")) {
        recipient.local = {store::LocalKind::mailbox, recipient.address, ""};
      }
    }
    co_return recipients;
  }
  engine::Task<Result<flow::MailOwner, flow::AddressFailure>> owner(std::string) override {
    co_return failure(flow::AddressFailure::unavailable);
  }
  engine::Task<Result<flow::ListFacts, flow::AddressFailure>> list(std::string) override {
    co_return failure(flow::AddressFailure::unavailable);
  }
};

// One client: what it sends, and all that it hears until the server closes or it is told to stop.
class Client {
 public:
  Client(engine::Reactor& reactor, SocketAddress to) : reactor_(reactor), to_(to) {}

  engine::Task<bool> connect() {
    auto stream = co_await reactor_.connect({.to = to_, .source = {}}, soon());
    if (stream) {
      stream_ = std::move(*stream);
    }
    co_return stream.has_value();
  }
  engine::Task<void> send(std::string octets) {
    (void)co_await stream_->send(octets, soon());  // a broken connection shows in what is heard
  }
  // The next whole reply; empty at the end of the stream.
  engine::Task<std::string> hear() {
    while (true) {
      for (std::size_t at = 0;;) {
        const std::size_t end = buffer_.find("\r\n", at);
        if (end == std::string::npos) {
          break;
        }
        const bool last = end - at < 4 || buffer_[at + 3] != '-';
        at = end + 2;
        if (last) {
          std::string reply = buffer_.substr(0, at - 2);
          buffer_.erase(0, at);
          co_return reply;
        }
      }
      const auto received = co_await stream_->receive(soon());
      if (!received) {
        co_return std::string();
      }
      buffer_ += *received;
    }
  }
  engine::Task<std::string> ask(std::string command) {
    co_await send(command + "\r\n");
    co_return co_await hear();
  }
  void drop() { stream_.reset(); }

 private:
  engine::Until soon() { return {reactor_.now() + std::chrono::hours(3), {}}; }
  engine::Reactor& reactor_;
  SocketAddress to_;
  std::unique_ptr<engine::Stream> stream_;
  std::string buffer_;
};

class SmtpServiceTest : public testing::Test {
 protected:
  SmtpServiceTest() {
    store->set_feed(0, feed);
    settings.rules.hostname = "mail.example.org";
    simulation->run(add_account());
    intake = flow::make_intake({reactor, store->queue(0), events, nullptr},
                               {.hostname = "mail.example.org"});
  }
  ~SmtpServiceTest() override {
    if (service) {
      simulation->run(service->stop(reactor.now() + std::chrono::seconds(1)));
      service.reset();
    }
    store->close();
    simulation->run_until_idle();
  }

  engine::Task<void> add_account() {
    SeededRandom random(1);
    store::Account account;
    account.name = "user@example.org";
    account.tenant = "acme";
    account.password_hash = hash_password("pencil", random, cheap_hash);
    account.scram = derive_scram_sha256("pencil", "0123456789abcdef", 4096);
    account.send_as = {"sales@example.org"};
    EXPECT_TRUE((co_await store->accounts(0).save_account(account, true)).has_value());
  }

  SocketAddress start(ListenerSettings listener) {
    if (!service) {
      service = std::make_unique<SmtpService>(
          SmtpDoors{reactor, *intake, &authenticator, &directory, &events, resolver, lists.get()},
          settings);
    }
    listener.address = *SocketAddress::parse("127.0.0.1:0");
    if (!listener.context) {
      listener.tls = ListenerTls::none;
    }
    const auto address = service->listen(std::move(listener));
    EXPECT_TRUE(address.has_value());
    return *address;
  }
  SocketAddress start_submission() {
    return start({.door = flow::Door::submission, .auth_without_tls = true});
  }

  // Says the commands one after another; the replies.
  std::vector<std::string> converse(SocketAddress to, std::vector<std::string> commands) {
    std::vector<std::string> replies;
    simulation->run(run_conversation(to, std::move(commands), &replies));
    return replies;
  }
  engine::Task<void> run_conversation(SocketAddress to, std::vector<std::string> commands,
                                      std::vector<std::string>* replies) {
    Client client(reactor, to);
    EXPECT_TRUE(co_await client.connect());
    replies->push_back(co_await client.hear());
    for (std::string& command : commands) {
      replies->push_back(co_await client.ask(std::move(command)));
    }
  }

  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  engine::Reactor& reactor = simulation->reactor(0);
  std::shared_ptr<store::Store::MemoryDisk> disk = store::Store::make_memory_disk();
  std::unique_ptr<store::Store> store = store::Store::open_memory(disk, *simulation);
  RecordedEvents events;
  RecordedFeed feed;
  OnlyLocal directory;
  flow::StoredCredentials credentials{store->accounts(0)};
  policy::Authenticator authenticator{
      reactor, credentials, "secret", {.throttle = {}, .unknown_cost = cheap_hash}};
  std::unique_ptr<flow::Intake> intake;  // after what it stands on
  SmtpSettings settings;
  net::Resolver* resolver = nullptr;
  std::unique_ptr<flow::ListDesk> lists;
  std::unique_ptr<SmtpService> service;
};

inline const std::string login =
    "AUTH PLAIN " + encode_base64(std::string("\0user@example.org\0pencil", 24));
inline const std::string message = "From: user@example.org\r\nSubject: hi\r\n\r\nbody\r\n.";

}  // namespace postrider::smtp
