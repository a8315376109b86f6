#pragma once

#include "../../store/mailbox_fixture.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/password_hash.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/service/imap/imap_service.hpp>

// The service on the simulated engine and the in-memory store, and clients that talk to it line by
// line.
namespace postrider::imap {

struct RecordedEvents final : flow::EventSink {
  std::vector<flow::Event> events;
  void emit(flow::Event event) override { events.push_back(std::move(event)); }
};

class ImapWorld : public testing::Test {
 public:
  static constexpr Argon2Cost cheap_hash{.memory_kib = 64, .passes = 1, .lanes = 1};

  ImapWorld() {
    add_account("ada@example.org");
    add_account("bob@example.org");
  }
  ~ImapWorld() override {
    if (service) {
      twin().simulation().run(service->stop(reactor().now() + std::chrono::seconds(1)));
      service.reset();
    }
  }

  store::Twin& twin() { return world.twin; }
  engine::Reactor& reactor() { return world.twin.reactor(); }
  template <class T>
  T run(engine::Task<T> task) {
    return world.twin.run(std::move(task));
  }
  void pass(Duration time) { world.twin.simulation().run_for(time); }

  void add_account(const std::string& name) {
    SeededRandom random(1);
    store::Account account;
    account.name = name;
    account.password_hash = hash_password("pencil", random, cheap_hash);
    EXPECT_TRUE(run(world.twin.accounts().save_account(account, true)));
  }

  // Before the first client comes.
  ImapSettings settings;
  void start() {
    settings.rules.hostname = "mail.example.org";
    service = std::make_unique<ImapService>(
        ImapDoors{reactor(), authenticator, world.boxes(), directory, &events, text_index, trainer},
        settings);
    const auto listening = service->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                            .tls = flow::ListenerTls::none,
                                            .auth_without_tls = true});
    ASSERT_TRUE(listening.has_value());
    address = *listening;
  }

  // As delivery files it.
  store::Uid deliver(std::string text, store::MailFlags flags = {},
                     store::MailboxId mailbox = store::MailboxId::inbox,
                     std::string trace = "Return-Path: <bob@example.org>\r\n") {
    flow::MailFiling filing(reactor(), world.boxes());
    auto mail = run(filing.prepare(SharedOctets(std::move(text))));
    flow::FilingOrder order{.account = "ada@example.org", .mailbox = mailbox};
    order.flags = std::move(flags);
    order.internal_date = reactor().wall_now();
    order.trace = std::move(trace);
    const auto filed = run(filing.file(std::move(mail), std::move(order)));
    return filed ? filed->uid : 0;
  }

  store::MailWorld world;
  RecordedEvents events;
  flow::Directory* directory = nullptr;
  flow::TextIndex* text_index = nullptr;
  flow::JunkTrainer* trainer = nullptr;
  flow::StoredCredentials credentials{world.twin.accounts()};
  policy::Authenticator authenticator{
      reactor(), credentials, "secret", {.throttle = {}, .unknown_cost = cheap_hash}};
  std::unique_ptr<ImapService> service;
  SocketAddress address;
};

// A client that says one thing at a time. Lines end in CRLF on the wire and in LF here.
class ImapClient {
 public:
  explicit ImapClient(ImapWorld& world) : world_(world) {
    if (!world.service) {
      world.start();
    }
    auto connected =
        world.run(world.reactor().connect({.to = world.address, .source = {}}, soon()));
    EXPECT_TRUE(connected.has_value());
    stream_ = std::move(*connected);
    greeting = hear("\r\n");
  }

  // Octets as they are.
  void send(std::string octets) { EXPECT_TRUE(world_.run(send_all(std::move(octets)))); }
  // All that is heard up to and with `end`, or until the connection ends.
  std::string hear(std::string end) {
    std::string heard;
    std::string out;
    do {
      heard = world_.run(receive_until(end));
      out = plain(heard);
    } while (out.empty() && !heard.empty());
    return out;
  }
  // All until the server closes.
  std::string hear_all() { return hear({}); }
  // What has come so far, without a wait.
  std::string hear_now() {
    world_.pass(std::chrono::milliseconds(100));
    return plain(world_.run(receive_ready()));
  }

  // As it crosses the wire: what has come, and all until the end.
  std::string hear_octets_now() {
    world_.pass(std::chrono::milliseconds(100));
    return world_.run(receive_ready());
  }
  std::string hear_octets() { return world_.run(receive_until({})); }

  // What is answered to a command, with its tagged line as "OK ..." (its tag taken off).
  std::string say(const std::string& command) {
    const std::string tag = "t" + std::to_string(++tags_);
    const MonoTime began = world_.reactor().now();
    send(tag + " " + command + "\r\n");
    std::string heard = world_.run(receive_answer(tag));
    // Nothing waits for what never comes; wrong passwords are made to.
    if (!command.starts_with("LOGIN")) {
      EXPECT_LT(world_.reactor().now() - began, std::chrono::seconds(1)) << command;
    }
    heard = plain(std::move(heard));
    const std::size_t at = heard.starts_with(tag + " ") ? 0 : heard.find("\n" + tag + " ");
    if (at == heard.npos) {
      return heard;
    }
    heard.erase(at == 0 ? 0 : at + 1, tag.size() + 1);
    return heard;
  }
  void log_in(const std::string& name = "ada@example.org") {
    const std::string heard = say("LOGIN " + name + " pencil");
    EXPECT_TRUE(heard.starts_with("OK [CAPABILITY ")) << heard;
  }
  // Logged in, with INBOX open.
  std::string open(const std::string& mailbox = "INBOX") {
    log_in();
    return say("SELECT " + mailbox);
  }
  void hang_up() { stream_.reset(); }

  std::string greeting;
  // RECENT and \Recent are heard, too: to whom a message is new is the business of few tests.
  bool hears_recent = false;

 private:
  std::string plain(std::string heard) const {
    std::erase(heard, '\r');
    return hears_recent ? heard : without_recent(std::move(heard));
  }
  static std::string without_recent(std::string heard) {
    for (const std::string flag : {" \\Recent", "\\Recent ", "\\Recent"}) {
      for (auto at = heard.find(flag); at != heard.npos; at = heard.find(flag)) {
        heard.erase(at, flag.size());
      }
    }
    const std::string response = " RECENT\n";
    for (auto at = heard.find(response); at != heard.npos; at = heard.find(response)) {
      const auto line = heard.rfind('\n', at);
      const auto begin = line == heard.npos ? 0 : line + 1;
      heard.erase(begin, at + response.size() - begin);
    }
    return heard;
  }

  engine::Until soon() { return {world_.reactor().now() + std::chrono::hours(3), {}}; }

  engine::Task<bool> send_all(std::string octets) {
    co_return (co_await stream_->send(octets, soon())).has_value();
  }
  std::string take(std::size_t count) {
    std::string out = held_.substr(0, count);
    held_.erase(0, count);
    return out;
  }
  engine::Task<std::string> receive_until(std::string end) {
    while (true) {
      const std::size_t at = end.empty() ? held_.npos : held_.find(end);
      if (at != held_.npos) {
        co_return take(at + end.size());
      }
      const auto piece = co_await stream_->receive(soon());
      if (!piece) {
        co_return take(held_.size());
      }
      held_ += *piece;
    }
  }
  engine::Task<std::string> receive_answer(std::string tag) {
    while (true) {
      const std::size_t at = held_.starts_with(tag + " ") ? 0 : held_.find("\r\n" + tag + " ");
      const std::size_t end = at == held_.npos ? at : held_.find("\r\n", at == 0 ? 0 : at + 2);
      if (end != held_.npos) {
        co_return take(end + 2);
      }
      const auto piece = co_await stream_->receive(soon());
      if (!piece) {
        co_return take(held_.size());
      }
      held_ += *piece;
    }
  }
  engine::Task<std::string> receive_ready() {
    while (stream_->is_readable()) {
      const auto piece = co_await stream_->receive(soon());
      if (!piece) {
        break;
      }
      held_ += *piece;
    }
    co_return take(held_.size());
  }

  ImapWorld& world_;
  std::unique_ptr<engine::Stream> stream_;
  std::string held_;
  unsigned tags_ = 0;
};

}  // namespace postrider::imap
