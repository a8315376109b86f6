#pragma once

#include "mail_source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace postrider::tools {

enum class MboxForm : std::uint8_t {
  mboxrd,  // ">" was put before each line of ">"s and "From ": one is taken away
  mboxo,   // before "From " alone: of what is quoted twice nothing is taken away
};

// One folder, INBOX. A message begins at a line "From ... 10:00:00 ..." at the start or after a
// blank line. Flags from Status, X-Status and X-Keywords, the UID from X-UID, which end a header as
// mail programs and `mailbox export` write them, and are taken away with that. Lines get CRLF. Read
// line by line, in memory is one message. Throws std::runtime_error if it can't be opened.
[[nodiscard]] std::unique_ptr<MailSource> open_mbox(const std::string& path, MboxForm form);

}  // namespace postrider::tools
