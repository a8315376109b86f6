#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include <postrider/codec/mime/header.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/store/store.hpp>

namespace postrider::flow {

struct RecordedEvents final : EventSink {
  std::vector<Event> events;
  void emit(Event event) override { events.push_back(std::move(event)); }
};

struct RecordedFeed final : store::QueueFeed {
  std::vector<store::QueueEntry> entries;
  void on_committed(store::QueueEntry entry) override { entries.push_back(std::move(entry)); }
};

// An intake over the in-memory store, in a simulation.
class IntakeFixture : public testing::Test {
 protected:
  IntakeFixture() {
    store->set_feed(0, feed);
    settings.hostname = "mail.example.org";
    conversation.peer = *SocketAddress::parse("192.0.2.7:4711");
    conversation.helo = "client.example";
    conversation.protocol = "ESMTPSA";
    conversation.tls = "TLSv1.3 TLS_AES_128_GCM_SHA256";
    conversation.account = "user@example.org";
    transaction.reverse_path = "user@example.org";
    transaction.recipients = {{"friend@Example.NET", "", {}}};
  }
  ~IntakeFixture() override {
    intake.reset();
    store->close();
    simulation->run_until_idle();
  }

  void make() {
    intake = make_intake({simulation->reactor(0), store->queue(0), events, signer}, settings);
  }

  // Appends the pieces and commits.
  Result<MessageId, IntakeError> send(const std::vector<std::string>& pieces) {
    if (!intake) {
      make();
    }
    std::optional<Result<MessageId, IntakeError>> out;
    simulation->run(run_send(&out, pieces));
    return *out;
  }
  Result<MessageId, IntakeError> send(const std::string& message) {
    return send(std::vector<std::string>{message});
  }
  engine::Task<void> run_send(std::optional<Result<MessageId, IntakeError>>* out,
                              std::vector<std::string> pieces) {
    auto message = intake->open(conversation, transaction);
    for (const std::string& piece : pieces) {
      if (auto appended = co_await message->append(piece); !appended) {
        *out = failure(appended.error());
        co_return;
      }
    }
    *out = co_await message->commit();
  }

  // The octets of a committed message, as delivery would read them.
  std::string read(MessageId id) {
    std::string out;
    simulation->run(run_read(&out, id));
    return out;
  }
  engine::Task<void> run_read(std::string* out, MessageId id) {
    auto envelope = co_await store->queue(0).load_envelope(id);
    EXPECT_TRUE(envelope.has_value());
    const std::uint32_t chunks = std::max(1U, (*envelope)->body_chunks);
    for (std::uint32_t n = 0; n < chunks; ++n) {
      auto chunk = co_await store->queue(0).read_chunk(id, n);
      EXPECT_TRUE(chunk.has_value()) << "chunk " << n;
      out->append(chunk ? chunk->view() : std::string_view());
    }
    EXPECT_EQ(out->size(), (*envelope)->size_octets);
  }

  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  std::shared_ptr<store::Store::MemoryDisk> disk = store::Store::make_memory_disk();
  std::unique_ptr<store::Store> store = store::Store::open_memory(disk, *simulation);
  RecordedEvents events;
  RecordedFeed feed;
  Signer* signer = nullptr;
  IntakeSettings settings;
  Conversation conversation;
  Transaction transaction;
  std::unique_ptr<Intake> intake;
};

}  // namespace postrider::flow
