#include "sharing.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postrider::imap {
namespace {

using store::MailError;

// Those who are granted something, but for the owner.
std::vector<std::string> sharers(const AccessList& list, const std::string& owner) {
  std::vector<std::string> out;
  for (const auto& [identifier, rights] : list.entries()) {
    if (!identifier.starts_with('-') && identifier != owner && !rights.is_empty()) {
      out.push_back(identifier);
    }
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> those_only_in(const std::vector<std::string>& a,
                                       const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

// Sets or removes what shows the mailbox to each of them.
engine::Task<store::MailResult<void>> show(Client& client, MailboxPlace place,
                                           store::MailboxId mailbox,
                                           std::vector<std::string> identifiers, bool yes) {
  for (const std::string& identifier : identifiers) {
    store::MailAccountId with = store::MailAccountId::none;
    if (identifier != anyone) {
      const auto account = co_await client.store().open_account(identifier);
      if (!account) {
        co_return failure(account.error());
      }
      with = *account;
    }
    std::vector<store::EntryChange> change(1);
    change[0].name = {.kind = store::EntryKind::share,
                      .mailbox = store::MailboxId::none,
                      .holder = place.account,
                      .name = std::to_string(static_cast<std::uint32_t>(mailbox))};
    if (yes) {
      change[0].value = place.owner;
    }
    const auto set = co_await client.store().set_entries(with, std::move(change));
    if (!set) {
      co_return failure(set.error());
    }
  }
  co_return store::MailResult<void>{};
}

}  // namespace

engine::Task<store::MailResult<void>> save_access(Client& client, FoundMailbox found,
                                                  AccessList list) {
  const AccessList old = AccessList::parse(found.row.access).value_or(AccessList());
  const auto before = sharers(old, found.place.owner);
  const auto after = sharers(list, found.place.owner);
  auto shown = co_await show(client, found.place, found.row.id, those_only_in(after, before), true);
  if (!shown) {
    co_return shown;
  }
  std::vector<store::EntryChange> change(1);
  change[0].name = {.kind = store::EntryKind::access, .mailbox = found.row.id, .name = {}};
  change[0].expected = found.row.access;
  std::string text = list.encode();
  if (!text.empty()) {
    change[0].value = std::move(text);
  }
  auto set = co_await client.store().set_entries(found.place.account, std::move(change));
  if (!set) {
    co_return set;
  }
  co_return co_await show(client, found.place, found.row.id, those_only_in(before, after), false);
}

engine::Task<store::MailResult<void>> inherit_access(Client& client, MailboxPlace place,
                                                     store::Mailbox made, std::string access) {
  auto list = AccessList::parse(access);
  if (!list || list->entries().empty()) {
    co_return store::MailResult<void>{};
  }
  co_return co_await save_access(client, {std::move(place), std::move(made), Rights::all()},
                                 *std::move(list));
}

engine::Task<store::MailResult<void>> forget_shares(Client& client, FoundMailbox found) {
  const auto list = AccessList::parse(found.row.access);
  if (!list) {
    co_return store::MailResult<void>{};
  }
  auto shown = sharers(*list, found.place.owner);
  co_return co_await show(client, std::move(found.place), found.row.id, std::move(shown), false);
}

}  // namespace postrider::imap
