#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// The mailboxes of an account as they stand now: one for all connections of a core that want to
// hear of it (RFC 5465), kept up by the store's watch.
// Memory: a name and a few numbers for each mailbox, once. Cost: of an update, what it changes.
class AccountNews final : public store::MailboxListener {
 public:
  class Listener {
   public:
    // `before`: the mailbox as it stood; nullptr: there was none. The account is at `update`.
    virtual void on_account_update(const store::MailboxUpdate& update,
                                   const store::Mailbox* before) = 0;

   protected:
    ~Listener() = default;
  };

  AccountNews() = default;
  AccountNews(const AccountNews&) = delete;
  AccountNews& operator=(const AccountNews&) = delete;

  // Once, with the answer to its watch().
  void begin(store::WatchedAccount watched);
  void on_update(const std::shared_ptr<const store::MailboxUpdate>& update) override;

  // Valid until the next turn.
  [[nodiscard]] const store::Mailbox* find(store::MailboxId mailbox) const;
  [[nodiscard]] const store::Mailbox* find(std::string_view name) const;
  [[nodiscard]] std::vector<store::MailboxId> mailboxes() const;  // in order of their names
  [[nodiscard]] bool is_subscribed(std::string_view name) const;
  [[nodiscard]] bool has_children(std::string_view name) const;

  void attach(Listener& listener) { listeners_.push_back(&listener); }
  void detach(Listener& listener) { std::erase(listeners_, &listener); }

 private:
  void put(const store::Mailbox& row);
  void take(const store::MailboxUpdate& update);

  std::unordered_map<store::MailboxId, store::Mailbox> mailboxes_;
  std::map<std::string, store::MailboxId, std::less<>> names_;
  std::set<std::string, std::less<>> subscriptions_;
  std::vector<Listener*> listeners_;
  bool has_begun_ = false;
  std::vector<std::shared_ptr<const store::MailboxUpdate>> early_;  // told before begin()
  std::unique_ptr<store::MailboxWatch> watch_;
};
// Held by its listeners together, since none of them knows who is last.
using AccountNewsRef = std::shared_ptr<AccountNews>;

// Those that are watched on this core.
class WatchedAccounts {
 public:
  explicit WatchedAccounts(store::MailboxStore& store) : store_(store) {}
  [[nodiscard]] engine::Task<store::MailResult<AccountNewsRef>> open(store::MailAccountId account);

 private:
  store::MailboxStore& store_;
  std::unordered_map<store::MailAccountId, std::weak_ptr<AccountNews>> open_;
  std::size_t sweep_at_ = 64;  // so many, and those that nobody watches any more are dropped
};

}  // namespace postrider::imap
