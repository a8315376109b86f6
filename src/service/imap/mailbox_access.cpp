#include "mailbox_access.hpp"

#include "mailbox_names.hpp"
#include "replies.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {
namespace {

using store::MailError;

// "ada@example.org" and "a/b" of "Other Users/ada@example.org/a/b".
struct OthersName {
  std::string owner;
  std::string name;
};
std::optional<OthersName> split_name(std::string_view name) {
  if (!stands_below(name, other_users)) {
    return std::nullopt;
  }
  name.remove_prefix(other_users.size() + 1);
  const std::size_t at = name.find(hierarchy_separator);
  if (at == name.npos) {
    return std::nullopt;
  }
  auto inside = canonical_mailbox_name(name.substr(at + 1));
  if (!inside) {
    return std::nullopt;
  }
  return OthersName{to_lower(name.substr(0, at)), *std::move(inside)};
}

engine::Task<Permitted<FoundMailbox>> look_up(Client& client, MailboxPlace place) {
  auto all = co_await client.store().list(place.account);
  if (!all) {
    co_return failure(refusal_of(all.error()));
  }
  const auto found = std::ranges::find(*all, place.name, &store::Mailbox::name);
  if (found == all->end()) {
    co_return failure(refusal_of(MailError::not_found));
  }
  FoundMailbox out{std::move(place), std::move(*found), {}};
  out.rights = rights_in(client, out.place, out.row);
  out.row.name = name_for_client(out.place.owner, out.place.name, out.place.is_own);
  co_return out;
}

std::optional<store::MailboxId> number_in(std::string_view name) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return store::MailboxId{number};
}

// What is shared, by owner.
struct Shares {
  std::string owner;
  std::vector<store::MailboxId> mailboxes;
};
using SharesByOwner = std::map<store::MailAccountId, Shares>;

engine::Task<store::MailResult<void>> load_shares(Client& client, store::MailAccountId with,
                                                  SharesByOwner& out) {
  // Of one holder there are shares_max; of all together more than anybody reads aren't looked at.
  const auto entries = co_await client.store().entries(
      with, store::EntryKind::share, store::MailboxId::none, std::nullopt, store::shares_max);
  if (!entries) {
    co_return failure(entries.error());
  }
  for (const store::MailEntry& entry : *entries) {
    const auto mailbox = number_in(entry.name.name);
    if (mailbox && entry.name.holder != client.account) {
      Shares& shares = out[entry.name.holder];
      shares.owner = entry.value;
      shares.mailboxes.push_back(*mailbox);
    }
  }
  co_return store::MailResult<void>{};
}

}  // namespace

std::string name_for_client(std::string_view owner, std::string_view name, bool is_own) {
  std::string out;
  if (!is_own) {
    out.append(other_users).append(1, hierarchy_separator).append(owner);
    out += hierarchy_separator;
  }
  return out.append(name);
}

engine::Task<Permitted<MailboxPlace>> find_place(Client& client, std::string name) {
  const auto others = split_name(name);
  if (!others || others->owner == client.session->identity()) {
    std::string own = others ? std::string(others->name) : std::move(name);
    co_return MailboxPlace{client.account, client.session->identity(), std::move(own), true};
  }
  const auto account = co_await client.store().find_account(others->owner);
  if (!account) {
    co_return failure(refusal_of(account.error()));
  }
  co_return MailboxPlace{*account, others->owner, others->name, false};
}

engine::Task<Permitted<FoundMailbox>> find_mailbox(Client& client, std::string name,
                                                   Rights needed) {
  auto place = co_await find_place(client, std::move(name));
  if (!place) {
    co_return failure(std::move(place.error()));
  }
  auto found = co_await look_up(client, *std::move(place));
  if (!found) {
    co_return found;
  }
  if (auto refusal = lacking(found->rights, needed)) {
    co_return failure(*std::move(refusal));
  }
  co_return found;
}

engine::Task<Permitted<FoundMailbox>> find_target(Client& client, std::string name) {
  auto found = co_await find_mailbox(client, std::move(name), {Right::insert});
  if (!found && found.error().code == refusal_of(MailError::not_found).code) {
    co_return failure(refusal_of_target(MailError::not_found));
  }
  co_return found;
}

std::optional<Status> lacking(Rights rights, Rights needed) {
  if (rights.has_all(needed)) {
    return std::nullopt;
  }
  return rights.has(Right::lookup) ? refused("NOPERM", "You may not do that with this mailbox")
                                   : refusal_of(MailError::not_found);
}

std::optional<Status> barred(const SelectedMailbox& selected, Rights needed) {
  if (selected.rights().has_all(needed)) {
    return std::nullopt;
  }
  return selected.manner().examined ? refused("", "The mailbox is open to be read only")
                                    : refused("NOPERM", "You may not do that with this mailbox");
}

Rights rights_of(std::string_view access, std::string_view user, std::string_view owner) {
  return AccessList::parse(access).value_or(AccessList()).rights_of(user, owner);
}

Rights rights_in(const Client& client, const MailboxPlace& place, const store::Mailbox& row) {
  return rights_of(row.access, client.session->identity(), place.owner);
}

store::MailFlags permitted_flags(store::MailFlags flags, Rights rights) {
  constexpr std::uint8_t of_others =
      store::SystemFlag::all & ~(store::SystemFlag::seen | store::SystemFlag::deleted);
  std::uint8_t permitted = rights.has(Right::seen) ? store::SystemFlag::seen : 0;
  permitted |= rights.has(Right::delete_messages) ? store::SystemFlag::deleted : 0;
  permitted |= rights.has(Right::write) ? of_others : 0;
  flags.system &= permitted;
  if (!rights.has(Right::write)) {
    flags.keywords.clear();
  }
  return flags;
}

engine::Task<store::MailResult<std::vector<FoundMailbox>>> list_shared(Client& client) {
  SharesByOwner shares;
  for (const store::MailAccountId with : {client.account, store::MailAccountId::none}) {
    if (auto loaded = co_await load_shares(client, with, shares); !loaded) {
      co_return failure(loaded.error());
    }
  }
  std::vector<FoundMailbox> out;
  for (auto& [account, shared] : shares) {
    std::ranges::sort(shared.mailboxes);
    auto rows = co_await client.store().list(account);
    if (!rows && rows.error() == MailError::not_found) {
      continue;
    }
    if (!rows) {
      co_return failure(rows.error());
    }
    for (store::Mailbox& row : *rows) {
      if (!std::ranges::binary_search(shared.mailboxes, row.id)) {
        continue;
      }
      MailboxPlace place{account, shared.owner, row.name, false};
      const Rights rights = rights_in(client, place, row);
      if (rights.has(Right::lookup)) {
        row.name = name_for_client(shared.owner, row.name, false);
        row.special_use = store::SpecialUse::none;  // it is its owner's Sent, not the client's
        out.push_back({std::move(place), std::move(row), rights});
      }
    }
  }
  co_return out;
}

}  // namespace postrider::imap
