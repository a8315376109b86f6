// Mailboxes made, named, removed, subscribed to (RFC 9051 6.3.4 to 6.3.8).
#include "command_table.hpp"
#include "mailbox_names.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

using store::MailError;

// Of mailboxes and their number, OVERQUOTA is a limit (RFC 5530 3).
Status refusal_of_name(MailError error) {
  return error == MailError::over_quota ? refused("LIMIT", "There are too many of them")
                                        : refusal_of(error);
}

// RFC 9051 6.3.4: those above it are made, too.
engine::Task<store::MailResult<void>> make_parents(Client& client, std::string name) {
  std::vector<std::string> missing;
  for (std::string_view above = parent_of(name); !above.empty(); above = parent_of(above)) {
    missing.emplace_back(above);
  }
  while (!missing.empty()) {
    const auto made =
        co_await client.store().create(client.account, missing.back(), store::SpecialUse::none);
    if (!made && made.error() != MailError::exists) {
      co_return failure(made.error());
    }
    missing.pop_back();
  }
  co_return store::MailResult<void>{};
}

bool is_inbox(std::string_view name) {
  return name == "INBOX";
}

// RFC 9051 6.3.6: the messages go, INBOX stays, and what stands below it is left where it is.
engine::Task<Status> move_out_of_inbox(Client& client, const Command& command, std::string to) {
  const auto made = co_await client.store().create(client.account, to, store::SpecialUse::none);
  if (!made) {
    co_return refusal_of_name(made.error());
  }
  const auto inbox = co_await client.store().open(client.account, store::MailboxId::inbox, nullptr);
  if (!inbox) {
    co_return refusal_of(inbox.error());
  }
  std::vector<store::Uid> uids;
  const store::UidSet& messages = inbox->view.messages;
  for (auto uid = messages.first(); uid; uid = messages.at_or_after(*uid + 1)) {
    uids.push_back(*uid);
  }
  const auto moved = co_await client.store().copy(client.account, store::MailboxId::inbox,
                                                  std::move(uids), made->id, /*move=*/true, {});
  co_return moved ? completed(command) : refusal_of(moved.error());
}

}  // namespace

engine::Task<Status> run_create(Client& client, const Command& command) {
  const auto& arguments = std::get<CreateArguments>(command.arguments);
  if (arguments.uses.size() > 1) {
    co_return refused("USEATTR", "A mailbox has one use");
  }
  const SpecialUse use = arguments.uses.empty() ? SpecialUse::none : arguments.uses.front();
  if (use == SpecialUse::all || use == SpecialUse::flagged) {
    co_return refused("USEATTR", "There are no mailboxes that show those of others");
  }
  const auto all = co_await client.store().list(client.account);
  if (!all) {
    co_return refusal_of(all.error());
  }
  if (std::ranges::find(*all, arguments.mailbox, &store::Mailbox::name) != all->end()) {
    co_return refusal_of(MailError::exists);
  }
  if (use != SpecialUse::none &&
      std::ranges::find(*all, to_store_use(use), &store::Mailbox::special_use) != all->end()) {
    co_return refused("USEATTR", "Another mailbox has that use");
  }
  if (const auto parents = co_await make_parents(client, arguments.mailbox); !parents) {
    co_return refusal_of_name(parents.error());
  }
  const auto made =
      co_await client.store().create(client.account, arguments.mailbox, to_store_use(use));
  if (!made) {
    co_return refusal_of_name(made.error());
  }
  Status status = completed(command);
  if (client.session->offers(Capability::object_id)) {
    status.code = mailbox_id_code(object_id(made->id));
  }
  co_return status;
}

engine::Task<Status> run_delete(Client& client, const Command& command) {
  const auto& arguments = std::get<MailboxArguments>(command.arguments);
  if (is_inbox(arguments.mailbox)) {
    co_return refused("CANNOT", "INBOX can't be deleted");
  }
  const auto mailbox = co_await find_mailbox(client.store(), client.account, arguments.mailbox);
  if (!mailbox) {
    co_return refusal_of(mailbox.error());
  }
  if (const auto removed = co_await client.store().remove(client.account, mailbox->id); !removed) {
    co_return refusal_of(removed.error());
  }
  if (client.selected && client.selected->id() == mailbox->id) {
    client.selected.reset();  // the session must not look at what is gone
    encode_status("*", {Status::Kind::ok, "CLOSED", "The selected mailbox is gone"}, client.out());
  }
  co_return completed(command);
}

engine::Task<Status> run_rename(Client& client, const Command& command) {
  const auto& arguments = std::get<RenameArguments>(command.arguments);
  if (is_inbox(arguments.to)) {
    co_return refusal_of(MailError::exists);
  }
  const auto mailbox = co_await find_mailbox(client.store(), client.account, arguments.from);
  if (!mailbox) {
    co_return refusal_of(mailbox.error());
  }
  if (stands_below(arguments.to, arguments.from) && !is_inbox(arguments.from)) {
    co_return refused("CANNOT", "A mailbox can't stand below itself");
  }
  const auto target = co_await find_mailbox(client.store(), client.account, arguments.to);
  if (target || target.error() != MailError::not_found) {
    co_return target ? refusal_of(MailError::exists) : refusal_of(target.error());
  }
  if (const auto parents = co_await make_parents(client, arguments.to); !parents) {
    co_return refusal_of_name(parents.error());
  }
  if (is_inbox(arguments.from)) {
    co_return co_await move_out_of_inbox(client, command, arguments.to);
  }
  const auto renamed = co_await client.store().rename(client.account, mailbox->id, arguments.to);
  co_return renamed ? completed(command) : refusal_of_name(renamed.error());
}

engine::Task<Status> run_subscribe(Client& client, const Command& command) {
  const auto& arguments = std::get<MailboxArguments>(command.arguments);
  const auto done = co_await client.store().subscribe(client.account, arguments.mailbox,
                                                      command.verb == Verb::subscribe);
  co_return done ? completed(command) : refusal_of_name(done.error());
}

}  // namespace postrider::imap
