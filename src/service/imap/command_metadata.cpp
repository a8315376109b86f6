// GETMETADATA and SETMETADATA (RFC 5464 4.2, 4.3).
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "mailbox_names.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

using store::MailError;

constexpr std::string_view private_prefix = "/private";
constexpr std::string_view shared_prefix = "/shared";
// RFC 6154 4: what LIST says of the mailbox.
constexpr std::string_view special_use_entry = "/private/specialuse";
// RFC 5464 3.2.1.1: whom to ask about the server.
constexpr std::string_view admin_entry = "/shared/admin";

// Where the annotations stand: of a mailbox, or of the server.
struct Annotated {
  std::optional<FoundMailbox> mailbox;  // nullopt: the server
};

// RFC 5464 3.3: who may look it up and do anything with its messages.
engine::Task<Permitted<Annotated>> find_annotated(Client& client, std::string mailbox) {
  if (mailbox.empty()) {
    co_return Annotated{};
  }
  auto found = co_await find_mailbox(client, std::move(mailbox), {Right::lookup});
  if (!found) {
    co_return failure(std::move(found.error()));
  }
  constexpr Rights one_of = {Right::read, Right::seen, Right::write, Right::insert, Right::post};
  if (!found->rights.has_any(one_of)) {
    co_return failure(*lacking({Right::lookup}, one_of));
  }
  co_return Annotated{*std::move(found)};
}

bool is_private(std::string_view entry) {
  return entry.starts_with(private_prefix);
}

// The account whose record it is.
store::MailAccountId account_of(const Client& client, const Annotated& where,
                                std::string_view entry) {
  if (where.mailbox) {
    return where.mailbox->place.account;
  }
  return is_private(entry) ? client.account : store::MailAccountId::none;
}

// "/private/comment" is "/comment", held by the client's account.
store::EntryName name_of(const Client& client, const Annotated& where, std::string_view entry) {
  const std::string_view prefix = is_private(entry) ? private_prefix : shared_prefix;
  return {.kind = store::EntryKind::annotation,
          .mailbox = where.mailbox ? where.mailbox->row.id : store::MailboxId::none,
          .holder = is_private(entry) ? client.account : store::MailAccountId::none,
          .name = std::string(entry.substr(prefix.size()))};
}

// What nobody has set: the server knows it.
std::optional<std::string> known_value(const Client& client, const Annotated& where,
                                       std::string_view entry) {
  if (entry == special_use_entry && where.mailbox && where.mailbox->place.is_own &&
      where.mailbox->row.special_use != store::SpecialUse::none) {
    return std::string(name_of(to_special_use(where.mailbox->row.special_use)));
  }
  const std::string& user = client.session->identity();
  if (entry == admin_entry && !where.mailbox && user.contains('@')) {
    return "mailto:postmaster" + user.substr(user.rfind('@'));  // RFC 5321 4.5.1: it is read
  }
  return std::nullopt;
}

using Values = std::map<std::string, std::optional<std::string>>;

engine::Task<store::MailResult<void>> get_one(Client& client, const Annotated& where,
                                              std::string entry, Values& out) {
  if (auto known = known_value(client, where, entry)) {
    out[entry] = std::move(known);
    co_return store::MailResult<void>{};
  }
  auto value = co_await client.store().find_entry(account_of(client, where, entry),
                                                  name_of(client, where, entry));
  if (!value && value.error() != MailError::not_found) {
    co_return failure(value.error());
  }
  out[entry] = value ? std::optional(*std::move(value)) : std::nullopt;
  co_return store::MailResult<void>{};
}

// Whether a depth of 1, or infinity, leads from one to the other (RFC 5464 4.2.2).
bool is_below(std::string_view entry, std::string_view top, std::uint32_t depth) {
  if (entry == top) {
    return true;
  }
  const bool below =
      entry.size() > top.size() && entry.starts_with(top) && entry[top.size()] == '/';
  return below && (depth > 1 || !entry.substr(top.size() + 1).contains('/'));
}

engine::Task<store::MailResult<void>> get_below(Client& client, const Annotated& where,
                                                std::string top, std::uint32_t depth, Values& out) {
  const store::EntryName any = name_of(client, where, top);
  const auto prefix = std::string(is_private(top) ? private_prefix : shared_prefix);
  auto entries = co_await client.store().entries(account_of(client, where, top), any.kind,
                                                 any.mailbox, any.holder, store::entries_max);
  if (!entries) {
    co_return failure(entries.error());
  }
  for (store::MailEntry& entry : *entries) {
    const std::string name = prefix + entry.name.name;
    if (is_below(name, top, depth)) {
      out[name] = std::move(entry.value);
    }
  }
  for (const std::string_view name : {special_use_entry, admin_entry}) {
    auto known = known_value(client, where, name);
    if (known && is_below(name, top, depth)) {
      out[std::string(name)] = std::move(known);
    }
  }
  co_return store::MailResult<void>{};
}

// nullopt: all of it may be set.
std::optional<Status> refuse_entry(const Annotated& where, const std::string& entry,
                                   const std::optional<std::string>& value) {
  if (value && value->size() > store::entry_value_octets_max) {
    return refused("METADATA " + number_code("MAXSIZE", store::entry_value_octets_max),
                   "The value is too long");
  }
  if (entry == special_use_entry) {
    return refused("CANNOT", "What a mailbox is used for is said by CREATE");
  }
  if (is_private(entry)) {
    return std::nullopt;
  }
  if (!where.mailbox) {
    return refused("NOPERM", "What all are told of the server isn't set by its users");
  }
  return lacking(where.mailbox->rights, {Right::write});  // all others will see it
}

}  // namespace

engine::Task<Status> run_get_metadata(Client& client, const Command& command) {
  const auto& arguments = std::get<GetMetadataArguments>(command.arguments);
  const auto where = co_await find_annotated(client, arguments.mailbox);
  if (!where) {
    co_return where.error();
  }
  Values values;
  for (const std::string& entry : arguments.entries) {
    const auto got = arguments.depth == 0
                         ? co_await get_one(client, *where, entry, values)
                         : co_await get_below(client, *where, entry, arguments.depth, values);
    if (!got) {
      co_return refusal_of(got.error());
    }
  }
  Status status = completed(command);
  std::size_t longest = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> told;
  for (auto& [entry, value] : values) {
    if (value && arguments.max_octets && value->size() > *arguments.max_octets) {
      longest = std::max(longest, value->size());  // RFC 5464 4.2.1
    } else {
      told.emplace_back(entry, std::move(value));
    }
  }
  if (!told.empty()) {
    const std::string name = where->mailbox ? where->mailbox->row.name : std::string();
    encode_metadata(name, client.name_form(), told, client.out());
  }
  if (longest > 0) {
    status.code = "METADATA " + number_code("LONGENTRIES", longest);
  }
  co_return status;
}

// RFC 5464 4.3: all of them or none.
engine::Task<Status> run_set_metadata(Client& client, const Command& command) {
  const auto& arguments = std::get<SetMetadataArguments>(command.arguments);
  const auto where = co_await find_annotated(client, arguments.mailbox);
  if (!where) {
    co_return where.error();
  }
  std::vector<store::EntryChange> changes;
  for (const auto& [entry, value] : arguments.entries) {
    if (auto refusal = refuse_entry(*where, entry, value)) {
      co_return *std::move(refusal);
    }
    changes.push_back({.name = name_of(client, *where, entry), .value = value, .expected = {}});
  }
  // One account: the server's shared ones have been refused.
  const store::MailAccountId account =
      where->mailbox ? where->mailbox->place.account : client.account;
  const auto set = co_await client.store().set_entries(account, std::move(changes));
  if (!set && set.error() == MailError::over_quota) {
    co_return refused("METADATA TOOMANY", "There are as many annotations as there may be");
  }
  co_return set ? completed(command) : refusal_of(set.error());
}

}  // namespace postrider::imap
