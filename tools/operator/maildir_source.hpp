#pragma once

#include "mail_source.hpp"

#include <memory>
#include <string>

namespace postrider::tools {

// Maildir++: the folder itself is the inbox, ".Name.Sub" in it are the others. Flags and keywords
// from the files' names (keywords by dovecot-keywords), UIDs from dovecot-uidlist, dates from their
// times; names as `mailbox export` writes them down, else in modified UTF-7 or UTF-8. Lines that
// end in LF, as most programs keep them, get their CR. Throws std::runtime_error if it is no
// Maildir.
[[nodiscard]] std::unique_ptr<MailSource> open_maildir(const std::string& path);

}  // namespace postrider::tools
