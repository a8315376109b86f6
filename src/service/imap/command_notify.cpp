// NOTIFY (RFC 5465).
#include "command_table.hpp"
#include "telling.hpp"

#include <memory>
#include <utility>

namespace postrider::imap {

engine::Task<Status> run_notify(Client& client, const Command& command) {
  const auto& arguments = std::get<NotifyArguments>(command.arguments);
  AccountNewsRef account;
  if (!arguments.groups.empty()) {
    auto opened = co_await client.shared.accounts.open(client.account);
    if (!opened) {
      co_return refusal_of(opened.error());
    }
    account = *std::move(opened);
  }
  // RFC 5465 3.1: what has gathered in the selected mailbox is told first, whatever was asked for
  // before.
  tell_of_account(client);
  if (client.selected) {
    co_await claim_recent(client);
    client.selected->tell({}, client.enabled(), client.out());
  }
  if (account == nullptr) {
    client.notifier = std::make_unique<Notifier>();
    co_return completed(command);
  }
  client.notifier = std::make_unique<Notifier>(account, arguments, client.account, client.changes);
  if (arguments.status) {
    for (const store::MailboxId mailbox : account->mailboxes()) {
      client.notifier->write_status(mailbox, telling_of(client), client.out());
      if (!co_await client.wire.flush_if_large()) {
        break;
      }
    }
  }
  co_return completed(command);
}

}  // namespace postrider::imap
