#include "faulty_kv.hpp"
#include "store/rocks_kv.hpp"
#include "store/store_impl.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>

// A bare producer on the real engine and the real store, made to be killed. It tells on stdout, one
// line and one write each, first what it found and then each promise the moment it is made:
//
//   open ID/N CHECKSUM      found: an open delivery and the checksum of its octets
//   begun ID/N ATTEMPT      found: an attempt that was open when the last process ended
//   aside ID                found: in quarantine
//   ready                   all that was found has been told
//   ack ID N CHECKSUM       commit() has returned: N deliveries
//   sent ID/N               the peer has it: from here a second attempt is a duplicate
//   ending ID/N             settle() is about to be called to end it
//   ended ID/N              settle() has returned
//   done                    an orderly end
namespace postrider::store {
namespace {

struct Options {
  std::string directory;
  std::uint64_t seed = 1;
  FaultyKv::Faults faults;
};

void tell(std::string line) {
  line += '\n';
  // One write of one short line to a pipe is whole, whenever we are killed.
  check(::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
        "nobody reads what the producer tells");
}

std::string name(DeliveryId id) {
  return id.message.text() + "/" + std::to_string(id.number);
}

class Producer {
 public:
  Producer(engine::Engine& engine, Store& store, const Options& options)
      : engine_(engine),
        store_(store),
        seed_(options.seed),
        delivers_(!options.faults.acknowledge_early) {}

  engine::Task<void> run(engine::Reactor& reactor) {
    if (reactor.core() != 0) {
      co_return;  // core 0 tells it to begin
    }
    co_await tell_what_is_found();
    tell("ready");
    for (CoreId core = 0; core < engine_.count(); ++core) {
      engine_.post(reactor, core, [this, core] {
        engine::Reactor& target = engine_.reactor(core);
        target.spawn(work_on(target));
      });
    }
  }

 private:
  static constexpr int workers = 4;
  static constexpr int rounds = 12;

  engine::Task<void> work_on(engine::Reactor& reactor) {
    const CoreId core = reactor.core();
    SeededRandom random(seed_ * 31 + core);
    if (core == 0) {
      co_await sweep_up(random);
    }
    engine::Gate gate(reactor);
    for (int worker = 0; worker < workers; ++worker) {
      reactor.spawn(work(core, random.next_u64(), gate.enter()));
    }
    co_await gate.drain(mono_never);
    if (ended_.fetch_add(1) + 1 == engine_.count()) {
      co_await leave_unsynced(store_.queue(core), random);
      engine_.stop();
    }
  }

  engine::Task<void> tell_what_is_found() {
    QueueStore& queue = store_.queue(0);
    const auto begun = co_await queue.open_attempts();
    for (const JournalEntry& entry : *begun) {
      tell("begun " + name(entry.delivery) + " " + std::to_string(entry.attempt));
    }
    const auto open = co_await queue.scan({.limit = 1'000'000});
    check(open.has_value(), "the queue can't be scanned");
    for (const StoredDelivery& delivery : *open) {
      const std::string sum = co_await checksum(queue, *delivery.envelope);
      tell("open " + name({delivery.envelope->id, delivery.number}) + " " + sum);
      found_.push_back({delivery.envelope->id, delivery.number});
    }
    const auto aside = co_await queue.quarantined();
    check(aside.has_value(), "the quarantine can't be read");
    for (const QuarantinedEntry& entry : *aside) {
      tell("aside " + entry.id.text());
    }
  }

  static engine::Task<std::string> checksum(QueueStore& queue, const Envelope& envelope) {
    std::string octets;
    for (std::uint32_t chunk = 0; chunk < std::max(1U, envelope.body_chunks); ++chunk) {
      const auto read = co_await queue.read_chunk(envelope.id, chunk);
      octets += read ? read->view() : std::string_view("<missing>");
    }
    co_return checksum_of(octets);
  }
  static std::string checksum_of(std::string_view octets) {
    return std::to_string(XXH3_64bits(octets.data(), octets.size()));
  }

  // Most of what earlier lives left is delivered now, so that the queue stays short.
  engine::Task<void> sweep_up(SeededRandom& random) {
    for (const DeliveryId delivery : found_) {
      if (delivers_ && random.below(4) != 0) {
        co_await deliver(store_.queue(0), random, delivery);
      }
    }
  }

  engine::Task<void> work(CoreId core, std::uint64_t seed, engine::Gate::Pass pass) {
    SeededRandom random(seed);
    QueueStore& queue = store_.queue(core);
    for (int round = 0; round < rounds; ++round) {
      const auto deliveries = static_cast<std::uint32_t>(1 + random.below(3));
      const MessageId id = random.below(4) == 0 ? co_await submit_staged(queue, random, deliveries)
                                                : co_await submit(queue, random, deliveries);
      if (delivers_ && !id.is_null() && random.below(4) != 0) {
        for (std::uint32_t number = 0; number < deliveries; ++number) {
          co_await deliver(queue, random, {id, number});
        }
      }
      if (round % 4 == 3) {
        co_await change_account(core, random);
      }
    }
    (void)pass;  // held to the end
  }

  static std::string make_octets(SeededRandom& random, std::uint64_t size_max) {
    std::string octets(random.below(size_max), '\0');
    random.fill(std::as_writable_bytes(std::span(octets)));
    return octets;
  }
  static std::shared_ptr<Envelope> make_envelope(MessageId id, std::uint32_t deliveries) {
    auto envelope = std::make_shared<Envelope>();
    envelope->id = id;
    envelope->reverse_path = "producer@example.org";
    for (std::uint32_t i = 0; i < deliveries; ++i) {
      const std::string domain = "d" + std::to_string(i) + ".example";
      envelope->destinations.push_back({domain, {{"user@" + domain, {}, {}}}});
    }
    return envelope;
  }
  static void promise(MessageId id, std::uint32_t deliveries, std::string_view octets) {
    tell("ack " + id.text() + " " + std::to_string(deliveries) + " " + checksum_of(octets));
  }

  static engine::Task<MessageId> submit(QueueStore& queue, SeededRandom& random,
                                        std::uint32_t deliveries) {
    const MessageId id = queue.next_id();
    std::string octets = make_octets(random, 8000);
    auto envelope = make_envelope(id, deliveries);
    envelope->size_octets = octets.size();
    const SharedOctets shared(std::move(octets));
    if (!co_await queue.commit({std::move(envelope), shared})) {
      co_return MessageId();
    }
    promise(id, deliveries, shared.view());
    co_return id;
  }

  static engine::Task<MessageId> submit_staged(QueueStore& queue, SeededRandom& random,
                                               std::uint32_t deliveries) {
    auto staged = queue.stage();
    const MessageId id = staged->id();
    std::string first = make_octets(random, 20'000);
    std::string all = first;
    const std::uint64_t chunks = 1 + random.below(4);
    for (std::uint64_t i = 0; i < chunks; ++i) {
      std::string chunk = make_octets(random, 60'000);
      all += chunk;
      if (!co_await staged->append(std::move(chunk)) || random.below(8) == 0) {
        co_return MessageId();  // the client went away
      }
    }
    auto envelope = make_envelope(id, deliveries);
    envelope->size_octets = all.size();
    envelope->body_chunks = staged->chunks() + 1;
    if (!co_await queue.commit({std::move(envelope), SharedOctets(std::move(first))},
                               std::move(staged))) {
      co_return MessageId();
    }
    promise(id, deliveries, all);
    co_return id;
  }

  static engine::Task<void> deliver(QueueStore& queue, SeededRandom& random, DeliveryId delivery) {
    if (!co_await queue.begin_attempt(delivery, 1)) {
      co_return;
    }
    if (random.below(3) == 0) {
      Progress progress;
      progress.attempts = 1;
      progress.next_due = from_unix_millis(1'800'000'000'000);
      if (!co_await queue.settle({delivery, progress, std::nullopt})) {
        co_return;
      }
    }
    // Without a settlement between, as after a crash: it overwrites, if it is there.
    if (!co_await queue.begin_attempt(delivery, 2)) {
      co_return;
    }
    tell("sent " + name(delivery));
    Settlement end{delivery, std::nullopt, std::nullopt};
    SharedOctets report;
    const MessageId report_id = queue.next_id();
    if (random.below(4) == 0) {
      report = SharedOctets(make_octets(random, 2000));
      auto envelope = make_envelope(report_id, 1);
      envelope->size_octets = report.view().size();
      end.report = NewMessage{std::move(envelope), report};
    }
    tell("ending " + name(delivery));
    if (!co_await queue.settle(std::move(end))) {
      co_return;
    }
    tell("ended " + name(delivery));
    if (report.has_value()) {
      promise(report_id, 1, report.view());
    }
  }

  // So that an orderly end has something to sync.
  static engine::Task<void> leave_unsynced(QueueStore& queue, SeededRandom& random) {
    const MessageId id = co_await submit(queue, random, 1);
    if (!id.is_null()) {
      // (void): a spoilt message is set aside instead.
      (void)co_await queue.settle({{id, 0}, Progress{}, std::nullopt});
    }
  }

  engine::Task<void> change_account(CoreId core, SeededRandom& random) {
    AccountStore& accounts = store_.accounts(core);
    const std::string account = "user" + std::to_string(random.below(4)) + "@example.org";
    // (void): several workers change the same few, and some are there already.
    (void)co_await accounts.save_account({.name = account}, true);
    if (random.below(2) == 0) {
      (void)co_await accounts.remove_account(account);
    }
  }

  engine::Engine& engine_;
  Store& store_;
  std::uint64_t seed_;
  bool delivers_;  // not with the planted bug: it is about acknowledged and lost
  std::vector<DeliveryId> found_;
  std::atomic<CoreId> ended_ = 0;
};

// Small buffers, so that flushes and compactions happen too.
std::unique_ptr<Store> open_store(const Options& options, engine::Engine& engine) {
  const StoreSettings settings{.directory = options.directory,
                               .cache_bytes = 8U << 20,
                               .write_buffer_bytes = 4U << 20,
                               .max_wal_bytes = 8U << 20};
  if (!options.faults.acknowledge_early && options.faults.spoil_one_in == 0) {
    return Store::open(settings, engine);
  }
  auto kv = open_rocks({.directory = settings.directory,
                        .cache_bytes = settings.cache_bytes,
                        .write_buffer_bytes = settings.write_buffer_bytes,
                        .max_wal_bytes = settings.max_wal_bytes});
  return open_on(std::make_unique<FaultyKv>(std::move(kv), options.faults), settings, engine);
}

int run(const Options& options) {
  arm_kill_points_from_environment();
  const auto engine = engine::Engine::create({.cores = 2, .pin = false});
  const auto store = open_store(options, *engine);
  Producer producer(*engine, *store, options);
  engine->run([&producer](engine::Reactor& reactor) { return producer.run(reactor); });
  store->close();
  tell("done");
  return 0;
}

}  // namespace
}  // namespace postrider::store

// usage: kill_producer DIRECTORY SEED [--acknowledge-early] [--spoil-one-in=N]
int main(int argc, char** argv) {
  using namespace postrider;
  store::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    constexpr std::string_view spoil = "--spoil-one-in=";
    if (argument == "--acknowledge-early") {
      options.faults.acknowledge_early = true;
    } else if (argument.starts_with(spoil)) {
      options.faults.spoil_one_in = parse_decimal(argument.substr(spoil.size())).value_or(0);
    } else if (options.directory.empty()) {
      options.directory = argument;
    } else {
      options.seed = parse_decimal(argument).value_or(1);
    }
  }
  try {
    return store::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kill_producer: %s\n", error.what());
    return 1;
  }
}
