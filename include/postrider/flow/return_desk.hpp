#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/report/recognition.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/flow/return_ledger.hpp>

namespace postrider::flow {

// A message that has come to us.
struct ReturnedMail {
  std::string_view octets;   // its beginning; reports are short. Until the task ends
  std::string reverse_path;  // empty: the null path, as reports have it (RFC 3464 2)
  WallTime now{};
};

struct ReturnFinding {
  std::vector<Event> events;  // one a recipient that something is said of
  std::string sender;         // of the message that it is about; empty: not known
};

inline constexpr std::size_t return_events_max = 20;  // of one message
// Of one message, that are looked at: what a report says stands before the message it returns, and
// what a stranger writes may not keep a core busy.
inline constexpr std::size_t return_octets_max = 128 * 1024;

// Recognises what comes back, finds the message that it is about, and says so in events.
// Bounces are believed from the null reverse-path only; complaints and automatic answers from any.
// All of it only where a token or an envelope id of ours vouches for it.
// Shard: one a core. Cost: one read of the store, one pass over the octets.
class ReturnDesk {
 public:
  // Both outlive it.
  ReturnDesk(OwnAddresses& addresses, ReturnLedger& ledger)
      : addresses_(addresses), ledger_(ledger) {}

  void set_rules(report::BounceRules rules) { rules_ = std::move(rules); }
  [[nodiscard]] const OwnAddresses& addresses() const { return addresses_; }
  [[nodiscard]] ReturnLedger& ledger() { return ledger_; }

  // To an address that address_for() has made.
  [[nodiscard]] engine::Task<ReturnFinding> judge(SentTo about, ReturnedMail mail);
  // To a mailbox: nothing, unless it is a report with an envelope id or a return address of ours in
  // it.
  [[nodiscard]] engine::Task<ReturnFinding> judge_other(ReturnedMail mail);
  // Whether judge_other() may find something. Cost: a look at the header.
  [[nodiscard]] static bool may_be_report(const ReturnedMail& mail);

 private:
  struct Cause {
    MessageId message;
    std::optional<SentMessage> sent;
    std::string recipient;  // empty: as the report says
  };
  [[nodiscard]] engine::Task<Cause> find_cause(SentTo about, bool is_recipient_known);
  [[nodiscard]] std::vector<Event> tell(const report::Recognized& found, const Cause& cause,
                                        const ReturnedMail& mail) const;

  OwnAddresses& addresses_;
  ReturnLedger& ledger_;
  report::BounceRules rules_ = report::BounceRules::built_in();
};

}  // namespace postrider::flow
