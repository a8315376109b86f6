#pragma once

#include "mailbox_command.hpp"

namespace postrider::tools {

// Memory: one slice of a message, whatever there is.
[[nodiscard]] int export_mailboxes(const MailboxCommand& command, ControlTransport& control,
                                   const Terminal& terminal);

}  // namespace postrider::tools
