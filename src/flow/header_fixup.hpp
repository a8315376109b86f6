#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/flow/intake.hpp>

namespace postrider::flow {

// The From of a submitted message: exactly one field with at least one mailbox, all of whose
// addresses the account may use (RFC 6409 6.1 and 8.1; of a resent message: its Resent-From). Out:
// the domain of the first mailbox of From, A-labels; empty where none has to be there (relay,
// inbound) and none is.
[[nodiscard]] Result<std::string, IntakeError> check_from(const mime::HeaderSection& section,
                                                          const Conversation& conversation,
                                                          bool smtputf8);

struct FixUp {
  std::string hostname;
  MessageId id;
  WallTime now{};
  std::string single_recipient;  // for Received's "for"; empty: several
  bool smtputf8 = false;
  std::vector<std::string> findings;  // fields to stand above Received, the topmost last
  std::string authserv_id;  // whose Authentication-Results nobody else may add; empty: all may stay
};

// The field that says why a message was filed as junk, or held back.
inline constexpr std::string_view verdict_field = "X-Postrider-Verdict";

// What a submission server completes (RFC 6409 8.2, 8.3): Bcc goes, Date and Message-ID are added
// where they are missing. For filters, who see what is then signed; done twice it is done once.
[[nodiscard]] std::string complete_submission(const mime::HeaderSection& section,
                                              const FixUp& facts);

// The header section as it goes into the queue, with its blank line. All doors: Return-Path goes
// (RFC 5321 4.4), Received is added. Inbound and submission: what only we may say of a message goes
// where others have said it (RFC 8601 5). Submission is completed.
[[nodiscard]] std::string fix_up(const mime::HeaderSection& section,
                                 const Conversation& conversation, const FixUp& facts);

// RFC 5321 4.4, RFC 3848, RFC 8314 4.3.
[[nodiscard]] std::string received_field(const Conversation& conversation, const FixUp& facts);

}  // namespace postrider::flow
