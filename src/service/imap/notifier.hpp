#pragma once

#include "account_news.hpp"
#include "mailbox_scope.hpp"
#include "shared_mailbox.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <postrider/codec/imap/command.hpp>
#include <postrider/codec/imap/notify.hpp>
#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {

// What one client wants to be told of, from its first NOTIFY on (RFC 5465), and what of it has
// happened and was not told. Mailboxes are told as they stand then, however often they have
// changed; the selected one is SelectedMailbox's business, by selected().
// Limits: so many mailboxes and names wait to be told; then the client hears of an overflow, and
// of nothing more (RFC 5465 5.8).
class Notifier final : private AccountNews::Listener {
 public:
  static constexpr std::size_t pending_max = 1000;

  // NOTIFY NONE: nothing is told.
  Notifier() = default;
  // NOTIFY SET. `listener` hears when there is something to tell.
  Notifier(AccountNewsRef account, const NotifyArguments& wanted, store::MailAccountId user,
           ChangeListener& listener);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  // Of the selected mailbox.
  struct Selected {
    bool places = false;  // MessageNew, MessageExpunge
    bool flags = false;
    bool delays_expunges = false;
    std::vector<FetchItem> new_items;
  };
  [[nodiscard]] const Selected& selected() const { return selected_; }

  struct Telling {
    std::optional<store::MailboxId> selected;  // of the account: its messages are not told here
    const Enabled& enabled;
    NameForm form;
  };
  // STATUS of a mailbox, if messages in it are to be told of (RFC 5465 3.1).
  void write_status(store::MailboxId mailbox, const Telling& how, std::string& out) const;
  [[nodiscard]] bool has_news() const {
    return overflowed_ || !changed_.empty() || !names_.empty() || !entries_.empty();
  }
  // STATUS, LIST and METADATA of all that has happened; NOTIFICATIONOVERFLOW.
  void tell(const Telling& how, std::string& out);

  // What a command of this client does itself is not told (RFC 5465 5). Around its execution.
  void begin_own(const Command& command);
  void end_own(bool succeeded);

 private:
  struct Group {
    MailboxScope scope;
    NotifyEvents events;
  };
  struct Changed {
    bool places = false;
    bool flags = false;
  };
  struct Own {
    enum class Kind : std::uint8_t { makes, removes, subscribes, fills };
    Kind kind{};
    std::string name;
    std::optional<store::MailboxId> withheld;  // filled, by whomever
  };

  void on_account_update(const store::MailboxUpdate& update, const store::Mailbox* before) override;
  void take_messages(const store::MailboxUpdate& update, const store::Mailbox& now,
                     const store::Mailbox* before);
  void take_name(const store::MailboxUpdate& update, const store::Mailbox* before);
  void take_entries(const store::MailboxUpdate& update, const store::Mailbox* now);
  [[nodiscard]] bool is_own(const store::MailboxUpdate& update, const store::Mailbox* before);
  // Whether a group that means the mailbox asks for it.
  [[nodiscard]] bool wants(std::string_view name, bool NotifyEvents::* event) const;
  void add_name(std::string name, std::optional<std::string> old_name);
  void check_pending();

  void tell_status(store::MailboxId mailbox, Changed changed, const Telling& how,
                   std::string& out) const;
  void tell_name(const std::string& name, const std::optional<std::string>& old_name,
                 const Telling& how, std::string& out) const;

  AccountNewsRef account_;  // nullptr: NONE
  store::MailAccountId user_ = store::MailAccountId::none;
  ChangeListener* listener_ = nullptr;
  std::vector<Group> groups_;
  Selected selected_;
  bool overflowed_ = false;
  std::map<store::MailboxId, Changed> changed_;
  std::vector<std::pair<std::string, std::optional<std::string>>> names_;  // and the old one
  std::map<store::MailboxId, std::set<std::string>> entries_;              // none: the server's
  std::optional<Own> own_;
};

}  // namespace postrider::imap
