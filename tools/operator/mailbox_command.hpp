#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <string>

namespace postrider::tools {

enum class MailboxVerb : std::uint8_t {
  list,
  complete,
  export_mail,
  verify,
  repair,
  put_back,  // what repair has set aside
  expunged,
  undelete,
  index,
};

struct MailboxCommand {
  MailboxVerb verb = MailboxVerb::list;
  std::string account;
  std::string maildir;  // export_mail: one of the two; the folder must not hold mail yet
  std::string mbox;     // "-": to standard output
  std::string mailbox;  // by name; empty: all
  std::uint64_t uid = 0;
  bool rebuild = false;    // index: from nothing
  bool puts_back = false;  // repair: put_back rather
  bool json = false;
};

// Care for an account's mailboxes. What is exported is the message octet for octet, with the trace
// fields that its delivery put in front: Maildir++ with the flags in the names, or mboxrd with the
// line ends of the machine.
[[nodiscard]] int run_mailbox_command(const MailboxCommand& command, ControlTransport& control,
                                      const Terminal& terminal);

}  // namespace postrider::tools
