#include "../instrumented.hpp"
#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include <postrider/base/random.hpp>

// Random work on the twin, a power cut at a random instant, and a checker that compares what was
// promised with what is there. One seed is one schedule.
namespace postrider::store {
namespace {

using std::chrono::microseconds;

struct Sent {
  std::string octets;
  std::uint32_t deliveries = 1;
  bool acknowledged = false;
  std::optional<DeliveryId> cause;  // a report: of this delivery's end
};

struct Delivering {
  bool handed_over = false;    // the peer has it: from here a second attempt is a duplicate
  bool end_submitted = false;  // settle() was called to end it
  bool end_durable = false;    // and it stood in a synced write when it returned
};

// What the outside has seen, which no crash of ours undoes.
struct Outside {
  std::map<MessageId, Sent> sent;
  std::map<DeliveryId, Delivering> deliveries;
};

struct Schedule {
  explicit Schedule(std::uint64_t seed_value)
      : seed(seed_value), random(seed_value), twin(seed_value, 2) {
    faults(twin.disk()).sync_latency = microseconds(20 + random.below(2000));
    faults(twin.disk()).cores_write = seed % 3 == 0;
  }
  std::uint64_t seed;
  SeededRandom random;
  Twin twin;
  Outside outside;
  std::vector<std::string> losses;

  void lose(std::string what) { losses.push_back(std::move(what)); }
  std::string octets() {
    return std::string(random.below(300), static_cast<char>('a' + random.below(26)));
  }
};

NewMessage new_message(Schedule& schedule, MessageId id, std::string octets,
                       std::uint32_t deliveries) {
  std::vector<std::string> domains;
  for (std::uint32_t i = 0; i < deliveries; ++i) {
    domains.push_back("d" + std::to_string(i) + ".example");
  }
  schedule.outside.sent[id] = {.octets = octets, .deliveries = deliveries};
  return make_message(id, std::move(octets), std::move(domains));
}

engine::Task<MessageId> submit_small(Schedule& schedule, QueueStore& queue) {
  const MessageId id = queue.next_id();
  const auto deliveries = static_cast<std::uint32_t>(1 + schedule.random.below(3));
  const auto done = co_await queue.commit(new_message(schedule, id, schedule.octets(), deliveries));
  schedule.outside.sent[id].acknowledged = done.has_value();
  co_return done ? id : MessageId();
}

engine::Task<MessageId> submit_staged(Schedule& schedule, QueueStore& queue) {
  auto staged = queue.stage();
  const MessageId id = staged->id();
  const std::uint64_t chunks = 1 + schedule.random.below(3);
  std::string rest;
  for (std::uint64_t i = 0; i < chunks; ++i) {
    std::string chunk = schedule.octets();
    rest += chunk;
    if (!co_await staged->append(std::move(chunk)) || schedule.random.below(8) == 0) {
      co_return MessageId();  // the client went away
    }
  }
  const std::string first = schedule.octets();
  NewMessage message = new_message(schedule, id, first, 1);
  auto envelope = std::make_shared<Envelope>(*message.envelope);
  envelope->body_chunks = staged->chunks() + 1;
  envelope->size_octets = first.size() + rest.size();
  message.envelope = std::move(envelope);
  schedule.outside.sent[id].octets = first + rest;
  const auto done = co_await queue.commit(std::move(message), std::move(staged));
  schedule.outside.sent[id].acknowledged = done.has_value();
  co_return done ? id : MessageId();
}

// One delivery to its end, with a deferral or two before.
engine::Task<void> deliver(Schedule& schedule, QueueStore& queue, DeliveryId delivery) {
  Delivering& fate = schedule.outside.deliveries[delivery];
  for (std::uint32_t attempt = 1;; ++attempt) {
    if (!co_await queue.begin_attempt(delivery, attempt)) {
      co_return;
    }
    if (schedule.random.below(3) == 0) {
      const WallTime due = from_unix_millis(1'767'225'600'000 + attempt);
      if (!co_await queue.settle({delivery, deferred(due, attempt), std::nullopt})) {
        co_return;
      }
      continue;
    }
    break;
  }
  fate.handed_over = true;
  Settlement end{delivery, std::nullopt, std::nullopt};
  MessageId report;
  if (schedule.random.below(4) == 0) {
    report = queue.next_id();
    end.report = new_message(schedule, report, schedule.octets(), 1);
    schedule.outside.sent[report].cause = delivery;
  }
  fate.end_submitted = true;
  const auto settled = co_await queue.settle(std::move(end));
  if (settled && !report.is_null()) {
    schedule.outside.sent[report].acknowledged = true;
    fate.end_durable = true;
  }
}

engine::Task<void> work(Schedule& schedule, CoreId core) {
  QueueStore& queue = schedule.twin.queue(core);
  for (int i = 0; i < 20; ++i) {
    const bool is_staged = schedule.random.below(4) == 0;
    const MessageId id = is_staged ? co_await submit_staged(schedule, queue)
                                   : co_await submit_small(schedule, queue);
    if (id.is_null() || schedule.random.below(3) == 0) {
      continue;
    }
    const std::uint32_t deliveries = schedule.outside.sent[id].deliveries;
    for (std::uint32_t number = 0; number < deliveries; ++number) {
      co_await deliver(schedule, queue, {id, number});
    }
  }
}

// The records themselves: no chunk, marker or index entry may stand alone.
void check_records(Schedule& schedule) {
  const MemoryFamilies& disk = schedule.twin.disk().written;
  if (!disk[index(Family::stage)].empty() || !disk[index(Family::quarantine)].empty()) {
    schedule.lose("a staged message was not swept, or something was set aside");
  }
  const auto has_envelope = [&disk](const std::string& key) {
    return disk[index(Family::env)].contains(key.substr(0, 8));
  };
  for (const Family family : {Family::body, Family::state, Family::journal, Family::done}) {
    for (const auto& [key, value] : disk[index(family)]) {
      if (!has_envelope(key)) {
        schedule.lose("a record stands alone in " + std::string(family_names[index(family)]));
      }
    }
  }
  for (const auto& [key, value] : disk[index(Family::due)]) {
    if (!disk[index(Family::state)].contains(key.substr(8))) {
      schedule.lose("a due entry without its state");
    }
  }
}

void check_body(Schedule& schedule, MessageId id, const Envelope& envelope) {
  std::string all;
  for (std::uint32_t chunk = 0; chunk < std::max(1U, envelope.body_chunks); ++chunk) {
    const auto octets = schedule.twin.run(schedule.twin.queue().read_chunk(id, chunk));
    all += octets ? octets->view() : std::string_view("<missing>");
  }
  if (all != schedule.outside.sent[id].octets) {
    schedule.lose("the octets of " + id.text());
  }
}

std::set<DeliveryId> find_open(Schedule& schedule) {
  std::set<DeliveryId> open;
  MessageId previous;
  for (const StoredDelivery& delivery : schedule.twin.scan({.limit = 100'000})) {
    const MessageId id = delivery.envelope->id;
    open.insert({id, delivery.number});
    if (!schedule.outside.sent.contains(id)) {
      schedule.lose("a message that nobody sent: " + id.text());
    } else if (id != std::exchange(previous, id)) {
      check_body(schedule, id, *delivery.envelope);
    }
  }
  return open;
}

void check_promises(Schedule& schedule, const std::set<DeliveryId>& open) {
  Outside& outside = schedule.outside;
  std::set<DeliveryId> journal;
  const auto begun = schedule.twin.run(schedule.twin.queue().open_attempts());
  for (const JournalEntry& entry : *begun) {
    journal.insert(entry.delivery);
  }
  for (const auto& [id, sent] : outside.sent) {
    for (std::uint32_t number = 0; number < sent.deliveries; ++number) {
      const DeliveryId delivery{id, number};
      const bool is_open = open.contains(delivery);
      const Delivering fate = outside.deliveries[delivery];
      const std::string name = id.text() + "/" + std::to_string(number);
      if (sent.acknowledged && !is_open && !fate.end_submitted) {
        schedule.lose("acknowledged and lost: " + name);
      }
      if (is_open && fate.handed_over && !journal.contains(delivery)) {
        schedule.lose("a duplicate that the journal does not name: " + name);
      }
      if (is_open && fate.end_durable) {
        schedule.lose("settled durably and open again: " + name);
      }
    }
    const bool exists = open.contains({id, 0});
    if (sent.cause && !sent.acknowledged && exists == open.contains(*sent.cause)) {
      schedule.lose("a report without its cause, or the reverse: " + id.text());
    }
  }
}

// What has survived one cut is durable, whoever had heard of it, and is promised to the next.
void renew_promises(Outside& outside, const std::set<DeliveryId>& open) {
  for (auto& [id, sent] : outside.sent) {
    sent.acknowledged = true;
    sent.cause.reset();
    for (std::uint32_t number = 0; number < sent.deliveries; ++number) {
      const DeliveryId delivery{id, number};
      outside.deliveries[delivery] = {.end_submitted = !open.contains(delivery)};
    }
  }
}

// Three lives on one disk, each cut short.
std::vector<std::string> run_schedule(std::uint64_t seed, bool lying_disk) {
  Schedule schedule(seed);
  faults(schedule.twin.disk()).lie_about_syncs = lying_disk;
  for (int life = 0; life < 3; ++life) {
    for (CoreId core = 0; core < 2; ++core) {
      for (int worker = 0; worker < 3; ++worker) {
        schedule.twin.reactor(core).spawn(work(schedule, core));
      }
    }
    schedule.twin.simulation().run_for(microseconds(schedule.random.below(20'000)));
    schedule.twin.lose_power(schedule.random.below(4));
    schedule.twin.simulation().run_for(std::chrono::seconds(1));  // the sweep
    check_records(schedule);
    const std::set<DeliveryId> open = find_open(schedule);
    check_promises(schedule, open);
    if (!schedule.losses.empty()) {
      break;
    }
    renew_promises(schedule.outside, open);
  }
  return schedule.losses;
}

TEST(PowerCut, LosesNothingThatWasAcknowledged) {
  constexpr std::uint64_t schedules = is_instrumented ? 150 : 1500;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    const auto losses = run_schedule(seed, false);
    ASSERT_TRUE(losses.empty()) << "replay with run_schedule(" << seed << ", false): " << losses[0];
  }
}

TEST(PowerCut, TheCheckerSeesADiskThatLies) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    found += run_schedule(seed, true).empty() ? 0 : 1;
  }
  EXPECT_GT(found, 40U);
}

}  // namespace
}  // namespace postrider::store
