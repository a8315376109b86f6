// Mailboxes made, named, removed, subscribed to (RFC 9051 6.3.4 to 6.3.8).
#include "command_table.hpp"
#include "mailbox_names.hpp"
#include "sharing.hpp"

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

// The nearest mailbox above a name that there is (RFC 4314 4). nullptr: none.
const store::Mailbox* nearest_above(const std::vector<store::Mailbox>& all, std::string_view name) {
  for (std::string_view above = parent_of(name); !above.empty(); above = parent_of(above)) {
    const auto found = std::ranges::find(all, above, &store::Mailbox::name);
    if (found != all.end()) {
      return &*found;
    }
  }
  return nullptr;
}

// Whether a mailbox of that name may be made. nullopt: it may.
std::optional<Status> barred_from(const Client& client, const MailboxPlace& place,
                                  const std::vector<store::Mailbox>& all) {
  const bool is_reserved = place.name == other_users || stands_below(place.name, other_users);
  if (place.is_own && is_reserved) {
    return refused("CANNOT", "That is where the mailboxes of others stand");
  }
  const store::Mailbox* above = nearest_above(all, place.name);
  if (above == nullptr) {
    return place.is_own ? std::nullopt : std::optional(refusal_of(MailError::not_found));
  }
  return lacking(rights_in(client, place, *above), {Right::create});
}

// Makes one with what it has from the mailbox above it.
engine::Task<store::MailResult<store::Mailbox>> make(Client& client, MailboxPlace place,
                                                     store::SpecialUse use, std::string access) {
  auto made = co_await client.store().create(place.account, place.name, use);
  if (!made) {
    co_return made;
  }
  const auto inherited =
      co_await inherit_access(client, std::move(place), *made, std::move(access));
  if (!inherited) {
    co_return failure(inherited.error());
  }
  co_return made;
}

// RFC 9051 6.3.4: those above it are made, too.
engine::Task<store::MailResult<void>> make_parents(Client& client, MailboxPlace place,
                                                   std::string access) {
  std::vector<std::string> missing;
  for (std::string_view above = parent_of(place.name); !above.empty(); above = parent_of(above)) {
    missing.emplace_back(above);
  }
  while (!missing.empty()) {
    place.name = missing.back();
    const auto made = co_await make(client, place, store::SpecialUse::none, access);
    if (!made && made.error() != MailError::exists) {
      co_return failure(made.error());
    }
    missing.pop_back();
  }
  co_return store::MailResult<void>{};
}

std::string access_of(const store::Mailbox* mailbox) {
  return mailbox == nullptr ? std::string() : mailbox->access;
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
  const auto moved =
      co_await client.store().copy(client.account, store::MailboxId::inbox,
                                   inbox->view.messages.members(), made->id, /*move=*/true, {});
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
  const auto place = co_await find_place(client, arguments.mailbox);
  if (!place) {
    co_return place.error();
  }
  const auto all = co_await client.store().list(place->account);
  if (!all) {
    co_return refusal_of(all.error());
  }
  if (auto refusal = barred_from(client, *place, *all)) {
    co_return *std::move(refusal);
  }
  if (std::ranges::find(*all, place->name, &store::Mailbox::name) != all->end()) {
    co_return refusal_of(MailError::exists);
  }
  if (use != SpecialUse::none && !place->is_own) {
    co_return refused("USEATTR", "What it is used for is its owner's to say");
  }
  if (use != SpecialUse::none &&
      std::ranges::find(*all, to_store_use(use), &store::Mailbox::special_use) != all->end()) {
    co_return refused("USEATTR", "Another mailbox has that use");
  }
  const std::string access = access_of(nearest_above(*all, place->name));
  if (const auto parents = co_await make_parents(client, *place, access); !parents) {
    co_return refusal_of_name(parents.error());
  }
  const auto made = co_await make(client, *place, to_store_use(use), access);
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
  const auto found = co_await find_mailbox(client, arguments.mailbox, {Right::remove});
  if (!found) {
    co_return found.error();
  }
  const MailboxPlace& place = found->place;
  if (is_inbox(place.name)) {
    co_return refused("CANNOT", "INBOX can't be deleted");
  }
  if (const auto removed = co_await client.store().remove(place.account, found->row.id); !removed) {
    co_return refusal_of(removed.error());
  }
  // (void): a share that is left over says nothing.
  (void)co_await forget_shares(client, *found);
  if (client.selected && client.selected->is(place.account, found->row.id)) {
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
  const auto from = co_await find_mailbox(client, arguments.from, {Right::remove});
  if (!from) {
    co_return from.error();
  }
  const auto to = co_await find_place(client, arguments.to);
  if (!to) {
    co_return to.error();
  }
  const bool takes_inbox = is_inbox(from->place.name);
  if (from->place.account != to->account || (takes_inbox && !to->is_own)) {
    co_return refused("CANNOT", "A mailbox stays with its owner");
  }
  if (stands_below(to->name, from->place.name) && !takes_inbox) {
    co_return refused("CANNOT", "A mailbox can't stand below itself");
  }
  const auto all = co_await client.store().list(to->account);
  if (!all) {
    co_return refusal_of(all.error());
  }
  if (auto refusal = barred_from(client, *to, *all)) {
    co_return *std::move(refusal);
  }
  if (std::ranges::find(*all, to->name, &store::Mailbox::name) != all->end()) {
    co_return refusal_of(MailError::exists);
  }
  const std::string access = access_of(nearest_above(*all, to->name));
  if (const auto parents = co_await make_parents(client, *to, access); !parents) {
    co_return refusal_of_name(parents.error());
  }
  if (takes_inbox) {
    co_return co_await move_out_of_inbox(client, command, to->name);
  }
  const auto renamed = co_await client.store().rename(to->account, from->row.id, to->name);
  co_return renamed ? completed(command) : refusal_of_name(renamed.error());
}

// A name of one's own need not have a mailbox (RFC 9051 6.3.8); one of another's must be there to
// be looked up (RFC 4314 4).
engine::Task<Status> run_subscribe(Client& client, const Command& command) {
  std::string name = std::get<MailboxArguments>(command.arguments).mailbox;
  const bool yes = command.verb == Verb::subscribe;
  const auto place = co_await find_place(client, name);
  if (!place && yes) {
    co_return place.error();
  }
  if (place && !place->is_own && yes) {
    const auto found = co_await find_mailbox(client, name, {Right::lookup});
    if (!found) {
      co_return found.error();
    }
  }
  if (place) {
    name = name_for_client(place->owner, place->name, place->is_own);
  }
  const auto done = co_await client.store().subscribe(client.account, std::move(name), yes);
  co_return done ? completed(command) : refusal_of_name(done.error());
}

}  // namespace postrider::imap
