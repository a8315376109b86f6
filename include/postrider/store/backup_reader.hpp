#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/store/mailbox_records.hpp>

// A backup that Upkeep::back_up() made, or the store of a server that is stopped: read where it
// stands, without a change to it. No engine, no lock; calls block.
namespace postrider::store {

struct BackupReport {
  std::uint64_t accounts = 0;
  std::uint64_t messages = 0;  // in mailboxes
  std::uint64_t size_bytes = 0;
  std::uint64_t queued = 0;
  std::uint64_t records = 0;
  std::uint64_t findings = 0;
};
// Reads every record of every family, and each account as Upkeep::verify() does. `tell` hears of
// each finding. Throws std::runtime_error if it can't be opened.
[[nodiscard]] BackupReport check_backup(const std::string& directory,
                                        const std::function<void(std::string_view)>& tell);

class BackupReader {
 public:
  // Throws std::runtime_error with problem and remedy.
  [[nodiscard]] static std::unique_ptr<BackupReader> open(const std::string& directory);
  virtual ~BackupReader() = default;

  // False: the backup has no such account, or its records can't be read.
  [[nodiscard]] virtual bool find_account(std::string_view name) = 0;
  // Of the account that was found, in order of id; without those that had been removed.
  [[nodiscard]] virtual std::vector<Mailbox> mailboxes() = 0;
  struct Mail {
    Uid uid = 0;
    MailFacts facts;
    std::string octets;   // with the trace
    std::string problem;  // not empty: this one can't be read
  };
  // The first one after that UID which was not expunged; nullopt: there is none.
  [[nodiscard]] virtual std::optional<Mail> next(MailboxId mailbox, Uid after) = 0;
};

}  // namespace postrider::store
