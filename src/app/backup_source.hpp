#pragma once

#include "mail_source.hpp"

#include <memory>
#include <string>

namespace postrider::app {

// An account's mail in a backup, for the operator's commands. Throws std::runtime_error if the
// backup can't be opened or has no such account.
[[nodiscard]] std::unique_ptr<tools::MailSource> open_backup_source(const std::string& directory,
                                                                    const std::string& account);

}  // namespace postrider::app
