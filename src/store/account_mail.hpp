#pragma once

#include "kv.hpp"
#include "mail_codec.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include <postrider/engine/sync.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

class DomainUsage;

struct MailboxState {
  Mailbox row;
  std::map<std::uint32_t, MailPage> pages;  // those that were asked for; an empty one is not stored
  bool has_all_pages = false;

  [[nodiscard]] bool has(Uid uid) const;  // its page has been loaded
  [[nodiscard]] bool is_seen(Uid uid) const;
};

// What an account's home core knows of its mail: counters, rows and the pages in use, as the next
// batch will find them.
struct AccountMail {
  AccountMail(engine::Reactor& reactor, MailAccountId account)
      : id(account), lock(reactor, 1), settled(reactor) {
    settled.set();
  }
  // The one that is listed; nullptr: none.
  [[nodiscard]] MailboxState* find(MailboxId mailbox);
  [[nodiscard]] MailboxState* find(std::string_view name);

  MailAccountId id;
  MailAccount record;
  std::map<MailboxId, MailboxState> boxes;
  engine::Semaphore lock;         // one call at a time puts a batch together
  std::uint32_t outstanding = 0;  // batches sent and not yet durable
  engine::Event settled;          // set while there is none
  // What its domain's sum has of it, if it is one of the directory's; nullptr: not loaded yet.
  DomainUsage* domain = nullptr;
  MailUsage counted;
  bool is_counted = false;
  std::uint32_t users = 0;  // calls that hold it
  std::uint64_t last_use = 0;
};

// Reads of the seam on any thread. Each says not_found, corrupt or io.
[[nodiscard]] MailResult<void> load_account(const Kv& kv, AccountMail& account);
// Who may do what with its mailboxes, whose rows are there. Damaged ones are passed over if they
// are named.
[[nodiscard]] MailResult<void> load_access(const Kv& kv, AccountMail& account,
                                           const std::vector<std::string>& passed_over = {});
// The page of `uid`; an empty one if none is stored.
[[nodiscard]] MailResult<MailPage> load_page(const KvReader& kv, MailAccountId account,
                                             MailboxId mailbox, std::uint32_t number);
[[nodiscard]] MailResult<std::map<std::uint32_t, MailPage>> load_pages(const Kv& kv,
                                                                       MailAccountId account,
                                                                       MailboxId mailbox);
[[nodiscard]] MailError mail_error(KvError error);
[[nodiscard]] MailError mail_error(StoreError error);

// A name that a mailbox may have: UTF-8 without controls, no empty level; "INBOX" in that case.
[[nodiscard]] std::optional<std::string> normal_mailbox_name(std::string_view name);
// Sorted, unique without regard to case; nullopt: too many or too long.
[[nodiscard]] std::optional<std::vector<std::string>> normal_keywords(
    std::vector<std::string> keywords);

}  // namespace postrider::store
