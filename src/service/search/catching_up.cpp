#include "catching_up.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace postrider::search {
namespace {

using store::MailboxId;

CatchUpEnd end_of(IndexError error) {
  return error == IndexError::failed ? CatchUpEnd::failed : CatchUpEnd::damaged;
}

class CatchingUp {
 public:
  CatchingUp(const IndexerDoors& doors, CatchUpOrder order, engine::Gate& gate)
      : doors_(doors), order_(std::move(order)), gate_(gate) {}

  engine::Task<CatchUpEnd> run() {
    const auto contents = co_await contents_now();
    if (!contents) {
      const bool is_absent = contents.error() == IndexError::absent;
      co_return is_absent ? CatchUpEnd::none : end_of(contents.error());
    }
    const auto mailboxes = co_await doors_.mailboxes.list(order_.account);
    const bool has_gone = (!mailboxes && mailboxes.error() == store::MailError::not_found) ||
                          co_await is_owner_gone(contents->account);
    if (has_gone) {
      co_await on_pool([this] { remove_index(order_.directory); });
      co_return CatchUpEnd::account_gone;
    }
    if (!mailboxes) {
      co_return CatchUpEnd::failed;
    }
    if (!order_.owner.empty() && contents->account != order_.owner) {
      const auto named = co_await change({.account = {}, .gone = {}, .come = {}});
      if (!named) {
        co_return end_of(named.error());
      }
    }
    for (const auto& [id, mailbox] : contents->mailboxes) {
      if (std::ranges::find(*mailboxes, id, &store::Mailbox::id) == mailboxes->end()) {
        const auto left = co_await change({.account = {}, .mailbox = id, .gone = {}, .come = {}});
        if (!left) {
          co_return end_of(left.error());
        }
      }
    }
    for (const store::Mailbox& mailbox : *mailboxes) {
      const auto known = contents->mailboxes.find(mailbox.id);
      const CatchUpEnd end = co_await catch_up_with(
          mailbox, known == contents->mailboxes.end() ? IndexedMailbox() : known->second);
      if (end != CatchUpEnd::done || gate_.is_closed()) {
        co_return end;
      }
    }
    co_return CatchUpEnd::done;
  }

 private:
  engine::Task<bool> on_pool(engine::Work work) {
    co_return (co_await doors_.reactor.offload(std::move(work), engine::Until{})).has_value();
  }

  // What the index has, or an empty one if one is to be made.
  engine::Task<IndexResult<IndexContents>> contents_now() {
    IndexResult<IndexContents> contents = failure(IndexError::failed);
    const auto read = [this, &contents] {
      if (order_.begins_anew) {
        remove_index(order_.directory);
      }
      contents = read_index(order_.directory);
    };
    if (!co_await on_pool(read)) {
      co_return failure(IndexError::failed);
    }
    if (!contents && contents.error() == IndexError::absent && order_.makes_it) {
      co_return IndexContents{.account = order_.owner, .mailboxes = {}};
    }
    co_return contents;
  }

  // The account may be deleted, and its mail still be kept.
  engine::Task<bool> is_owner_gone(const std::string& owner) {
    if (doors_.accounts == nullptr || owner.empty()) {
      co_return false;
    }
    const auto account = co_await doors_.accounts->load_account(owner);
    co_return !account && account.error() == store::StoreError::not_found;
  }

  engine::Task<IndexResult<void>> change(IndexChange change) {
    IndexResult<void> done = failure(IndexError::failed);
    change.account = order_.owner;
    const auto work = [this, &change, &done] {
      done = change_index(order_.directory, std::move(change));
    };
    if (!co_await on_pool(work)) {
      co_return failure(IndexError::failed);
    }
    co_return done;
  }

  engine::Task<CatchUpEnd> catch_up_with(const store::Mailbox& row, IndexedMailbox known) {
    const bool is_empty = row.counts.messages == 0 && known.known.is_empty();
    if (is_empty && known.skipped.is_empty()) {
      co_return CatchUpEnd::done;
    }
    const auto opened = co_await doors_.mailboxes.open(order_.account, row.id, nullptr);
    if (!opened) {
      const bool has_gone = opened.error() == store::MailError::not_found;
      co_return has_gone ? CatchUpEnd::done : CatchUpEnd::failed;  // the next time
    }
    const store::UidSet& there = opened->view.messages;
    const std::uint32_t uid_validity = opened->view.mailbox.uid_validity;
    if (known.uid_validity != uid_validity) {
      known = {};
    }
    IndexChange first{
        .account = {}, .mailbox = row.id, .uid_validity = uid_validity, .gone = {}, .come = {}};
    for (const store::UidSet* set : {&known.known, &known.skipped}) {
      std::ranges::copy(set->without(there), std::back_inserter(first.gone));
    }
    std::vector<store::Uid> missing;
    std::ranges::copy_if(there.without(known.known), std::back_inserter(missing),
                         [&known](store::Uid uid) { return !known.skipped.contains(uid); });
    if (!first.gone.empty()) {
      if (const auto left = co_await change(std::move(first)); !left) {
        co_return end_of(left.error());
      }
    }
    co_return co_await add(row.id, uid_validity, std::move(missing));
  }

  engine::Task<CatchUpEnd> add(MailboxId mailbox, std::uint32_t uid_validity,
                               std::vector<store::Uid> missing) {
    while (!missing.empty() && !gate_.is_closed()) {
      auto batch =
          co_await read_texts(doors_.mailboxes, order_.account, mailbox, missing, order_.limits);
      if (!batch) {
        co_return CatchUpEnd::failed;
      }
      missing.erase(missing.begin(),
                    missing.begin() + static_cast<std::ptrdiff_t>(batch->looked_at));
      const auto come = co_await change({.account = {},
                                         .mailbox = mailbox,
                                         .uid_validity = uid_validity,
                                         .gone = {},
                                         .come = std::move(batch->texts)});
      if (!come) {
        co_return end_of(come.error());
      }
    }
    co_return CatchUpEnd::done;
  }

  const IndexerDoors& doors_;
  CatchUpOrder order_;
  engine::Gate& gate_;
};

}  // namespace

engine::Task<CatchUpEnd> catch_up(const IndexerDoors& doors, CatchUpOrder order,
                                  engine::Gate& gate) {
  CatchingUp work(doors, std::move(order), gate);
  co_return co_await work.run();
}

}  // namespace postrider::search
