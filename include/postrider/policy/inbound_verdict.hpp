#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/policy/evidence.hpp>
#include <postrider/policy/sender_auth.hpp>

namespace postrider::policy {

enum class Judging : std::uint8_t {
  off,      // not looked at
  tag,      // found out and written down, and nothing follows from it
  enforce,  // what the sender's domain asks for is done
};

// How mail from strangers is judged.
struct InboundRules {
  Judging spf = Judging::tag;
  Judging dmarc = Judging::enforce;
  // Domains whose ARC seals are believed: what DMARC condemns is taken if each hand since the first
  // is one of them, and the first found that DMARC passed (RFC 8617). In lower case.
  std::vector<std::string> arc_trusted;
};

enum class InboundAction : std::uint8_t { accept, junk, quarantine, reject };

struct InboundVerdict {
  InboundAction action = InboundAction::accept;
  std::string enhanced;  // of a rejection: "5.7.1"
  std::string reason;    // one line for people; empty: nothing is wrong
  friend bool operator==(const InboundVerdict&, const InboundVerdict&) = default;
};

// Does a chain of trusted hands say that the message was its author's when the first had it?
[[nodiscard]] bool is_vouched_for(const SenderAuthResult& found, const arc::Chain& chain,
                                  const std::vector<std::string>& trusted);

// What follows from what was found out. DNS that did not answer is never held against a message.
// RFC 9989 knows no sampling (pct=) any more; t=y makes the domain's wish one step milder, which
// the disposition of the outcome says already.
[[nodiscard]] InboundVerdict judge_inbound(const SenderAuthResult& found, const Evidence& evidence,
                                           const InboundRules& rules);

}  // namespace postrider::policy
