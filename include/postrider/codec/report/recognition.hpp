#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/report/bounce_rules.hpp>
#include <postrider/codec/report/dsn_parser.hpp>
#include <postrider/codec/report/feedback_report.hpp>

namespace postrider::report {

// What comes back to an address that mail was sent from.
enum class ReturnKind : std::uint8_t {
  ordinary,      // a message like others
  dsn,           // RFC 3464
  feedback,      // RFC 5965: somebody complained
  autoreply,     // RFC 3834: nobody read it yet
  plain_bounce,  // a failure told in words only, as some old and home-made programs do
};
[[nodiscard]] std::string_view name_of(ReturnKind kind);

// What became of one recipient.
struct ReturnedRecipient {
  std::string recipient;           // as it was delivered to; empty: not said
  std::string original_recipient;  // as it was sent to (ORCPT); empty: not said
  std::string action;              // "failed", "delayed", ...; "complained"
  std::string status;              // "5.1.1"; empty: not said
  std::string reply;               // "550"; empty: not said
  std::string remote_mta;
  std::string text;          // what the remote host said, or the program
  std::string bounce_class;  // by the rules; empty for what is no failure or delay
  bool is_permanent = false;
};

// What the message that caused it can be found by: the door for who keeps what was sent. All empty
// if the report does not say.
struct ReturnedMessage {
  std::string envelope_id;  // ENVID of ours, as it was sent
  std::string message_id;   // "left@right"
  std::string sender;       // its reverse-path
  std::string subject;      // decoded
};

struct Recognized {
  ReturnKind kind = ReturnKind::ordinary;
  std::string reason;         // what it was recognised by, for people
  std::string reporter;       // the host or program that reports; empty: not said
  std::string feedback_type;  // of `feedback`: "abuse"
  std::vector<ReturnedRecipient> recipients;
  ReturnedMessage original;
  // To which addresses it was sent (To, Delivered-To, X-Original-To), for who marks the addresses
  // mail is sent from (VERP).
  std::vector<std::string> sent_to;
};

// In: a whole message, with CRLF line ends. Cost: linear; texts are looked at no further than the
// limits in limits.hpp and bounce_rules.hpp. A report that says it is one but can't be read is a
// plain bounce at most.
[[nodiscard]] Recognized recognize(std::string_view message,
                                   const BounceRules& rules = BounceRules::built_in());

// "550" of "550 5.1.1 No such user", "421 4.7.0 ..."; empty: no reply.
[[nodiscard]] std::string_view reply_code_of(std::string_view text);
// "5.1.1" where it stands first behind the reply code; empty: none.
[[nodiscard]] std::string_view enhanced_code_of(std::string_view text);

}  // namespace postrider::report
