#include "telling.hpp"

#include "fetch_items.hpp"

#include <cstdint>
#include <utility>

namespace postrider::imap {
namespace {

constexpr std::size_t slice = 50;

}  // namespace

engine::Task<void> claim_recent(Client& client) {
  SelectedMailbox& selected = *client.selected;
  // What comes meanwhile is told with the rest.
  while (selected.recent_known() < selected.shared().uid_next()) {
    const store::Uid end = selected.shared().uid_next();
    const auto from = co_await client.store().claim_recent(selected.account(), selected.id(), end,
                                                           !selected.is_read_only());
    if (!from) {
      co_return;
    }
    selected.add_recent(client.enabled().imap4rev2 ? end : *from, end);
  }
}

void tell_of_selected(Client& client, Moment moment, SelectedMailbox::Telling how) {
  if (client.notifier != nullptr) {
    const Notifier::Selected& wanted = client.notifier->selected();
    how.places = wanted.places || moment == Moment::own_expunge;
    how.flags = wanted.flags;
    how.uid |= how.flags;  // RFC 5465 5.1
    how.fetches_new = !wanted.new_items.empty();
    how.expunges &= moment != Moment::unasked || !wanted.delays_expunges;
  }
  client.selected->tell(how, client.enabled(), client.out());
}

Notifier::Telling telling_of(const Client& client) {
  const bool is_own = client.selected && client.selected->shared().account() == client.account;
  return {.selected = is_own ? std::optional(client.selected->id()) : std::nullopt,
          .enabled = client.enabled(),
          .form = client.name_form()};
}

void tell_of_account(Client& client) {
  if (client.notifier != nullptr && client.notifier->has_news()) {
    client.notifier->tell(telling_of(client), client.out());
  }
}

engine::Task<void> fetch_new(Client& client) {
  if (client.notifier == nullptr) {
    co_return;
  }
  SelectedMailbox& selected = *client.selected;
  const std::vector<FetchItem>& items = client.notifier->selected().new_items;
  if (items.empty()) {
    (void)selected.take_new(SIZE_MAX);  // a NOTIFY that came since does not ask for them any more
    co_return;
  }
  const store::MailAccountId account = selected.shared().account();
  // Nothing is marked as seen by it, whatever the items are.
  const FetchPlan plan = plan_fetch({.uid = true, .items = items});
  for (auto uids = selected.take_new(slice); !uids.empty(); uids = selected.take_new(slice)) {
    auto rows = co_await client.store().facts(account, selected.id(), std::move(uids));
    if (!rows) {
      co_return;
    }
    for (store::MailRow& row : *rows) {
      const std::uint32_t number = selected.number_of(row.uid);
      StoredMessage message(client.store(), account, selected.id(), std::move(row));
      // (void): one that can't be read is fetched by who misses it, and told what is wrong then.
      (void)co_await write_message(client, plan, number, message, /*seen_now=*/false);
      if (!co_await client.wire.flush_if_large()) {
        co_return;
      }
    }
  }
}

}  // namespace postrider::imap
