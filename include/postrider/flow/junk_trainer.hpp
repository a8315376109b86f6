#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::flow {

// A filter that learns from what users sort (rspamd's controller).
struct TeacherSettings {
  std::string name;  // the filter's, in events
  SocketAddress address;
  std::string password;  // of the controller; empty: it asks for none
  Duration timeout{std::chrono::seconds(60)};
  std::uint64_t octets_max = 0;  // larger messages are passed over; 0: none
  friend bool operator==(const TeacherSettings&, const TeacherSettings&) = default;
};

enum class LessonKind : std::uint8_t { spam, ham };

// What a user has moved: messages as they stand now.
struct Lesson {
  LessonKind kind = LessonKind::spam;
  store::MailAccountId account = store::MailAccountId::none;
  std::string account_name;  // whose mail it is: for statistics that are kept per user
  store::MailboxId mailbox = store::MailboxId::none;
  std::vector<store::Uid> uids;
};
// By where they were and where they have been put. nullopt: that says nothing about junk. What goes
// from junk into the trash is not ham.
[[nodiscard]] std::optional<LessonKind> lesson_of(store::SpecialUse from, store::SpecialUse to);

namespace trainer_limits {
inline constexpr std::size_t waiting = 10'000;  // messages; what comes beyond is not learnt
inline constexpr unsigned tries = 3;            // of a message, while nobody answers
inline constexpr Duration pause = std::chrono::seconds(30);
}  // namespace trainer_limits

// Tells filters what users hold to be junk and what not, behind their backs: one message at a time,
// read when its turn comes. One that has been moved on or expunged by then still teaches, in the
// order in which things were said, unless it has been purged. What is still waiting at a stop is
// lost: lessons are worth no promise.
// Shard: one instance a core. The doors outlive it; drain() before it is destroyed.
class JunkTrainer {
 public:
  struct Doors {
    engine::Reactor& reactor;
    store::MailboxStore& mailboxes;
    EventSink* events = nullptr;  // nullptr: trouble goes unsaid
  };
  explicit JunkTrainer(Doors doors);
  JunkTrainer(const JunkTrainer&) = delete;
  JunkTrainer& operator=(const JunkTrainer&) = delete;

  // From the next message on.
  void set(std::vector<TeacherSettings> teachers);
  // Returns at once.
  void learn(Lesson lesson);
  [[nodiscard]] engine::Task<void> drain();

  // Of one filter, in the order of set(), which begins anew if they have changed.
  struct Counters {
    std::uint64_t learnt = 0;       // or known already
    std::uint64_t failures = 0;     // messages that it did not learn
    std::uint64_t passed_over = 0;  // too large
    bool is_down = false;           // by the last
    std::string last_failure;
    // Those of another core: down is what one of them calls so.
    void add(const Counters& other) {
      learnt += other.learnt;
      failures += other.failures;
      passed_over += other.passed_over;
      is_down = is_down || other.is_down;
      if (!other.last_failure.empty()) {
        last_failure = other.last_failure;
      }
    }
  };
  [[nodiscard]] const std::vector<Counters>& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // there were too many
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

 private:
  enum class Outcome : std::uint8_t { learnt, refused, unreachable };
  struct Answer {
    Outcome outcome = Outcome::learnt;
    std::string text;
  };
  [[nodiscard]] engine::Task<void> work(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> teach_all(const Lesson& lesson, store::Uid uid);
  [[nodiscard]] engine::Task<Answer> teach(const TeacherSettings& teacher, const Lesson& lesson,
                                           const store::MailRow& row, std::string trace);
  void note(const TeacherSettings& teacher, const Answer& answer);
  void tell(std::string text);

  Doors doors_;
  // Shared with the message that is being told: a reload may replace them meanwhile.
  std::shared_ptr<const std::vector<TeacherSettings>> teachers_;
  std::vector<Counters> counters_;
  std::deque<Lesson> lessons_;
  std::size_t waiting_ = 0;  // messages in them
  bool is_working_ = false;
  bool is_full_ = false;  // it was told
  std::uint64_t dropped_ = 0;
  engine::Gate gate_;
};

}  // namespace postrider::flow
