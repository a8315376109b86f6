// SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 3).
#include "command_table.hpp"
#include "sharing.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

using store::MailError;

// As the list has it. nullopt: no name that anybody could have.
std::optional<std::string> canonical_identifier(std::string_view text) {
  const bool has_control =
      std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (text.empty() || text == "-" || text.size() > identifier_octets_max || has_control ||
      !is_utf8(text)) {
    return std::nullopt;
  }
  return to_lower(text);
}

std::string_view name_in(std::string_view identifier) {
  return identifier.starts_with('-') ? identifier.substr(1) : identifier;
}

// Whether there is an account of that name. The directory knows; without one, the store does.
engine::Task<store::MailResult<bool>> is_known(Client& client, std::string name) {
  if (name == anyone) {
    co_return true;
  }
  if (flow::Directory* const directory = client.shared.doors.directory; directory != nullptr) {
    const auto owner = co_await directory->owner(std::move(name));
    if (!owner && owner.error() == flow::AddressFailure::unavailable) {
      co_return failure(MailError::io);
    }
    co_return owner.has_value() || owner.error() == flow::AddressFailure::disabled;
  }
  const auto account = co_await client.store().find_account(std::move(name));
  if (!account && account.error() != MailError::not_found) {
    co_return failure(account.error());
  }
  co_return account.has_value();
}

Status refusal_of_change(MailError error) {
  if (error == MailError::over_quota) {
    return refused("LIMIT", "As many mailboxes are shared with them as can be");
  }
  if (error == MailError::exists) {
    return refused("INUSE", "Somebody else changes these rights: try again");
  }
  return refusal_of(error);
}

// The list with one change; the refusal is the answer.
using Changed = Permitted<AccessList>;
Changed change(const FoundMailbox& found, const AclArguments& arguments,
               const std::string& identifier, bool is_removed) {
  auto list = AccessList::parse(found.row.access);
  if (!list) {
    return failure(refusal_of(MailError::corrupt));
  }
  const std::string& owner = found.place.owner;
  const Rights given = parse_rights(arguments.rights).value_or(Rights());
  Rights rights = is_removed ? Rights() : given;
  if (!is_removed && arguments.change == AclArguments::Change::add) {
    rights = list->entry_of(identifier, owner).with(given);
  } else if (!is_removed && arguments.change == AclArguments::Change::remove) {
    rights = list->entry_of(identifier, owner).without(given);
  }
  if (!list->set(identifier, rights, owner)) {
    return failure(refused("LIMIT", "A mailbox has 128 such entries at most"));
  }
  return *std::move(list);
}

}  // namespace

engine::Task<Status> run_set_acl(Client& client, const Command& command) {
  const auto& arguments = std::get<AclArguments>(command.arguments);
  const bool is_removed = command.verb == Verb::delete_acl;
  const auto identifier = canonical_identifier(arguments.identifier);
  if (!identifier) {
    co_return bad("That is no identifier");  // RFC 4314 3
  }
  const auto found = co_await find_mailbox(client, arguments.mailbox, {Right::administer});
  if (!found) {
    co_return found.error();
  }
  // Its name could not stand in the name of a shared mailbox.
  if (!is_removed && found->place.owner.contains(hierarchy_separator)) {
    co_return refused("CANNOT", "An account with a slash in its name can't share");
  }
  auto list = change(*found, arguments, *identifier, is_removed);
  if (!list) {
    co_return list.error();
  }
  if (!is_removed) {
    const auto known = co_await is_known(client, std::string(name_in(*identifier)));
    if (!known || !*known) {
      co_return known ? refused("NONEXISTENT", "There is no account of that name")
                      : refusal_of(known.error());
    }
  }
  const auto saved = co_await save_access(client, *found, *std::move(list));
  co_return saved ? completed(command) : refusal_of_change(saved.error());
}

engine::Task<Status> run_get_acl(Client& client, const Command& command) {
  const auto& arguments = std::get<AclArguments>(command.arguments);
  const auto found = co_await find_mailbox(client, arguments.mailbox, {Right::administer});
  if (!found) {
    co_return found.error();
  }
  const auto list = AccessList::parse(found->row.access);
  if (!list) {
    co_return refusal_of(MailError::corrupt);
  }
  std::vector<std::pair<std::string, std::string>> told;
  for (const auto& [identifier, rights] : list->told(found->place.owner)) {
    told.emplace_back(identifier, encode_told_rights(rights));
  }
  encode_acl(found->row.name, client.name_form(), told, client.out());
  co_return completed(command);
}

// Every right can be granted by itself, but for those that the owner has anyway.
engine::Task<Status> run_list_rights(Client& client, const Command& command) {
  const auto& arguments = std::get<AclArguments>(command.arguments);
  const auto identifier = canonical_identifier(arguments.identifier);
  if (!identifier) {
    co_return bad("That is no identifier");
  }
  const auto found = co_await find_mailbox(client, arguments.mailbox, {Right::administer});
  if (!found) {
    co_return found.error();
  }
  const bool is_owner = *identifier == found->place.owner;
  const Rights required = is_owner ? AccessList::kept_by_owner() : Rights();
  std::vector<std::string> optional;
  for (const char right : encode_told_rights(Rights::all().without(required))) {
    optional.emplace_back(1, right);
  }
  // The identifier as the client wrote it (RFC 4314 3.4).
  encode_list_rights(found->row.name, client.name_form(), arguments.identifier,
                     encode_rights(required), optional, client.out());
  co_return completed(command);
}

engine::Task<Status> run_my_rights(Client& client, const Command& command) {
  const auto& arguments = std::get<AclArguments>(command.arguments);
  const auto found = co_await find_mailbox(client, arguments.mailbox, {});
  if (!found) {
    co_return found.error();
  }
  constexpr Rights one_of = {Right::lookup, Right::read,   Right::insert,
                             Right::create, Right::remove, Right::administer};
  if (!found->rights.has_any(one_of)) {
    co_return refusal_of(MailError::not_found);
  }
  encode_my_rights(found->row.name, client.name_form(), encode_told_rights(found->rights),
                   client.out());
  co_return completed(command);
}

}  // namespace postrider::imap
