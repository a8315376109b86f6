#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/door.hpp>

namespace postrider::flow {

struct Conversation;

enum class FilterKind : std::uint8_t {
  clamav,  // clamd's INSTREAM
  rspamd,  // its HTTP protocol
  milter,  // version 6
};
[[nodiscard]] constexpr std::string_view name_of(FilterKind kind) {
  switch (kind) {
    case FilterKind::clamav:
      return "clamav";
    case FilterKind::rspamd:
      return "rspamd";
    case FilterKind::milter:
      return "milter";
  }
  return "";
}

// What becomes of a message that a filter speaks against.
enum class FilterAction : std::uint8_t {
  reject,      // 550 5.7.1, or in the filter's own words
  quarantine,  // held in the queue
  junk,        // filed as junk; what leaves is only tagged
  tag,         // with a remark in its header and in the log
};
// What becomes of one that a filter could not look at.
enum class WhenDown : std::uint8_t {
  tempfail,  // 451 4.7.1
  accept,    // with a remark in its header and in the log
};

// One link of the chain. All links of a door look at a message in order, once it has come whole:
// each sees what those before it have changed.
struct FilterSettings {
  std::string name;  // in remarks and events
  FilterKind kind = FilterKind::clamav;
  SocketAddress address;
  std::string unix_path;  // in place of the address; empty: none
  std::vector<Door> doors{Door::inbound, Door::submission};
  // For all that clamd and rspamd do about a message; of a milter: for each answer.
  Duration timeout{std::chrono::seconds(60)};
  WhenDown when_down = WhenDown::tempfail;
  std::uint64_t octets_max = 0;  // larger messages go by it, with a remark; 0: none do
  FilterAction on_reject = FilterAction::reject;  // a virus; what rspamd or a milter rejects
  FilterAction on_spam = FilterAction::junk;      // rspamd's "add header", "rewrite subject"
  bool adds_headers = true;                       // rspamd: X-Spam-Flag, -Score and -Status
  bool rewrites_subject = true;                   // rspamd: where it says so
  [[nodiscard]] bool is_at(Door door) const;
  friend bool operator==(const FilterSettings&, const FilterSettings&) = default;
};

// What one filter has done on this core.
struct FilterCounters {
  std::uint64_t messages = 0;     // looked at
  std::uint64_t condemned = 0;    // spoken against, whatever became of them
  std::uint64_t failures = 0;     // messages, senders and recipients that it said nothing of
  std::uint64_t passed_over = 0;  // messages that went by it: too large, or failed and accepted
  bool is_down = false;           // by the last that was asked
  std::string last_failure;
  // Those of another core: down is what one of them calls so.
  void add(const FilterCounters& other) {
    messages += other.messages;
    condemned += other.condemned;
    failures += other.failures;
    passed_over += other.passed_over;
    is_down = is_down || other.is_down;
    if (!other.last_failure.empty()) {
      last_failure = other.last_failure;
    }
  }
};

// What a peer hears of a filter that refuses its sender or recipient.
struct FilterRefusal {
  std::uint16_t code = 550;
  std::string enhanced = "5.7.1";
  std::string text;
};

// What the filters that listen to the conversation (milters) know of one connection.
// Shard: the core of its intake, which outlives it.
class FilterSession {
 public:
  virtual ~FilterSession() = default;
  // MAIL. In: the path in <>, then its parameters, as they were given. Ends the transaction before.
  virtual engine::Task<std::optional<FilterRefusal>> check_sender(
      const Conversation& conversation, std::vector<std::string> mail) = 0;
  // RCPT that is accepted so far.
  virtual engine::Task<std::optional<FilterRefusal>> check_recipient(
      std::vector<std::string> rcpt) = 0;
};

}  // namespace postrider::flow
