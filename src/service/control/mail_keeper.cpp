#include <utility>
#include <vector>

#include <postrider/service/control/mail_keeper.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t accounts_at_once = 256;
constexpr std::size_t mails_at_once = 256;  // in one commit, so that the owner waits for no more

}  // namespace

void MailKeeper::start() {
  if (auto pass = gate_.enter()) {
    reactor_.spawn(run(std::move(pass)));
  }
}

engine::Task<void> MailKeeper::stop() {
  return gate_.drain(mono_never);
}

engine::Task<void> MailKeeper::run(engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  while (!gate_.is_closed()) {
    (void)co_await sweep();  // what could not be done is met again
    (void)co_await reactor_.sleep_for(keeping_.check_every, gate_.closing());  // or we stop
  }
}

engine::Task<MailKeeper::Swept> MailKeeper::sweep() {
  Swept swept;
  store::MailAccountId last = store::MailAccountId::none;
  bool is_more = true;
  while (is_more && !gate_.is_closed()) {
    const auto accounts = co_await upkeep_.accounts(last, accounts_at_once);
    if (!accounts) {
      ++swept.failed;
      break;
    }
    for (const store::MailAccountId account : *accounts) {
      if (gate_.is_closed()) {
        break;
      }
      const bool done = co_await sweep_account(account, swept);
      swept.failed += done ? 0 : 1;
      last = account;
    }
    is_more = accounts->size() == accounts_at_once;
  }
  co_return swept;
}

engine::Task<bool> MailKeeper::sweep_account(store::MailAccountId account, Swept& swept) {
  const WallTime now = reactor_.wall_now();
  if (keeping_.trash > Duration{} || keeping_.junk > Duration{}) {
    const auto boxes = co_await mailboxes_.list(account);
    if (!boxes) {
      co_return false;
    }
    for (const store::Mailbox& box : *boxes) {
      const Duration keeps = box.special_use == store::SpecialUse::trash  ? keeping_.trash
                             : box.special_use == store::SpecialUse::junk ? keeping_.junk
                                                                          : Duration{};
      if (keeps <= Duration{} || box.counts.messages == 0) {
        continue;
      }
      const bool done = co_await expunge_old(account, box.id, now - keeps, swept);
      if (!done) {
        co_return false;
      }
    }
  }
  if (keeping_.undelete <= Duration{}) {
    co_return true;
  }
  co_return co_await forget_old(account, swept);
}

// UIDs ascend with the time at which messages came into the mailbox: the first that is young ends
// the search.
engine::Task<bool> MailKeeper::expunge_old(store::MailAccountId account, store::MailboxId mailbox,
                                           WallTime before, Swept& swept) {
  const auto opened = co_await mailboxes_.open(account, mailbox, nullptr);
  if (!opened) {
    co_return opened.error() == store::MailError::not_found;  // removed a moment ago
  }
  const store::UidSet& uids = opened->view.messages;
  auto next = uids.first();
  std::size_t look = 1;  // most of the time there is nothing to be done
  bool is_more = true;
  while (next && is_more && !gate_.is_closed()) {
    std::vector<store::Uid> some;
    for (; next && some.size() < look; next = uids.at_or_after(*next + 1)) {
      some.push_back(*next);
    }
    look = mails_at_once;
    const auto rows = co_await mailboxes_.facts(account, mailbox, some);
    if (!rows) {
      co_return false;
    }
    std::vector<store::Uid> old;
    for (const store::MailRow& row : *rows) {
      is_more = row.facts.saved < before;
      if (!is_more) {
        break;
      }
      old.push_back(row.uid);
    }
    if (old.empty()) {
      continue;
    }
    const auto done = co_await mailboxes_.expunge(account, mailbox, std::move(old), false);
    if (!done) {
      co_return false;
    }
    swept.expunged += done->uids.size();
  }
  co_return true;
}

engine::Task<bool> MailKeeper::forget_old(store::MailAccountId account, Swept& swept) {
  const WallTime before = reactor_.wall_now() - keeping_.undelete;
  for (std::size_t done = mails_at_once; done == mails_at_once && !gate_.is_closed();) {
    const auto purged = co_await mailboxes_.purge(account, before, mails_at_once);
    if (!purged) {
      co_return false;
    }
    done = *purged;
    swept.forgotten += done;
  }
  co_return true;
}

}  // namespace postrider::control
