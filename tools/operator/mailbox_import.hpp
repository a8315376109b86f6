#pragma once

#include "answer.hpp"
#include "control_transport.hpp"
#include "mail_source.hpp"

#include <string>

namespace postrider::tools {

struct ImportMailCommand {
  std::string account;
  std::string from;       // "maildir", "mbox" or "mboxo"
  std::string path;       // of that
  std::string folder;     // the inbox of the source comes to this one, the others below it
  bool new_uids = false;  // even where nothing ever was
  bool json = false;
};

struct RestoreCommand {
  std::string account;
  std::string from;    // the backup
  std::string folder;  // that one alone; empty: all
  std::string prefix;  // "PREFIX/INBOX" and so on; empty: where they were
  bool json = false;
};

// Each message comes once: none of which the mailbox holds the same octets (as often). Exit code 1
// if any could not be read or taken; each is told.
[[nodiscard]] int run_import_mail_command(const ImportMailCommand& command,
                                          ControlTransport& control, const Terminal& terminal);
// `backup`: of command.from, at that account.
[[nodiscard]] int run_restore_command(const RestoreCommand& command, MailSource& backup,
                                      ControlTransport& control, const Terminal& terminal);

}  // namespace postrider::tools
