#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/store/fact_store.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

struct DigestSettings {
  Duration every{};  // at most one a user in that time; 0: none are sent
  std::string hostname;
  std::string from;                      // address
  std::string url;                       // of /v1/my/quarantine as users see it; empty: none
  std::string postmaster;                // whom users ask
  std::vector<std::string> withheld_by;  // as in UserSettings
  Duration max_age{};                    // as in QuarantineSettings
};

// Tells each user by mail what has been held back for him since he was last told. What a mail told
// is written in the batch that makes the mail exist: each message is told once, whatever happens.
//
// Limits: listed_max messages are named in one mail, further ones counted; index_max are looked at
// in one pass, in order of arrival. Cost: a walk of the queue each `every`, an hour at most.
// Shard: the core of the doors.
class QuarantineDigest {
 public:
  static constexpr std::size_t listed_max = 100;
  static constexpr std::size_t index_max = 100'000;

  // All of it outlives this.
  struct Doors {
    engine::Reactor& reactor;
    store::QueueStore& queue;
    store::FactStore& facts;
    std::function<flow::Intake*()> intake;  // the one of now: a reload replaces it
  };
  QuarantineDigest(Doors doors, DigestSettings settings);

  // Looks now, and again after each while.
  void start();
  // Ends when it has.
  [[nodiscard]] engine::Task<void> stop();
  // From the next pass on.
  void set(DigestSettings settings) { settings_ = std::move(settings); }
  // Once, whoever's time it is; how many mails were sent.
  [[nodiscard]] engine::Task<std::uint64_t> sweep();

 private:
  using Held = std::map<std::string, std::vector<MessageId>, std::less<>>;  // by account
  engine::Task<void> run(engine::Gate::Pass pass);
  engine::Task<bool> tell(std::string account, std::vector<MessageId> held);
  engine::Task<bool> send(std::string account, std::vector<MessageId> fresh, std::string told);
  engine::Task<void> forget(const Held& held);

  Doors doors_;
  DigestSettings settings_;
  engine::Gate gate_;
};

}  // namespace postrider::control
