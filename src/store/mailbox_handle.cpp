#include "mailbox_handle.hpp"

#include "mail_body.hpp"
#include "point_read.hpp"

#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/engine/run_on.hpp>

namespace postrider::store {
namespace {

// Larger bodies are hashed and compressed on the pool: above, it would be felt by who waits for a
// line on this core.
constexpr std::size_t octets_on_core = 16 * 1024;
constexpr std::size_t ids_max = 20'000;  // kept; then all are forgotten

}  // namespace

std::string_view describe(MailError error) {
  switch (error) {
    case MailError::not_found:
      return "no such account, mailbox or message";
    case MailError::exists:
      return "a mailbox of that name exists";
    case MailError::over_quota:
      return "over quota";
    case MailError::invalid:
      return "a name or value that can't be kept";
    case MailError::full:
      return "the disk has too little free space";
    case MailError::io:
      return "the disk failed; nothing is accepted until a restart";
    case MailError::corrupt:
      return "a record can't be read";
    case MailError::closed:
      return "the store is shutting down";
  }
  return "unknown";
}

// The owner's end of a watch. The home core hears of its end by a message: what it sends until then
// finds no listener.
class Watch final : public MailboxWatch {
 public:
  Watch(MailboxHandle& handle, MailAccountId account, MailboxId mailbox, WatcherId id)
      : handle_(handle), account_(account), mailbox_(mailbox), id_(id) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    handle_.listeners_.erase(id_.number);
    MailCores& shared = handle_.shared_;
    const auto home =
        static_cast<CoreId>(static_cast<std::uint64_t>(account_) % shared.cores.count());
    shared.cores.post(handle_.reactor(), home,
                      [home = shared.handles[home], account = account_, mailbox = mailbox_,
                       id = id_] { home->home().forget(account, mailbox, id); });
  }

 private:
  MailboxHandle& handle_;
  MailAccountId account_;
  MailboxId mailbox_;
  WatcherId id_;
};

MailboxHandle::MailboxHandle(std::shared_ptr<CorePort> port, const Kv& kv, std::string secret,
                             MailCores& shared)
    : port_(std::move(port)),
      kv_(kv),
      secret_(std::move(secret)),
      shared_(shared),
      home_(port_, kv, shared_.first_mailboxes, shared_.usages,
            [this](WatcherId watcher, std::shared_ptr<const MailboxUpdate> update) {
              shared_.cores.post(reactor(), watcher.core,
                                 [to = shared_.handles[watcher.core], number = watcher.number,
                                  update = std::move(update)] { to->tell(number, update); });
            }),
      making_(port_->reactor(), 1) {}

void MailboxHandle::tell(std::uint64_t watch, const std::shared_ptr<const MailboxUpdate>& update) {
  if (const auto found = listeners_.find(watch); found != listeners_.end()) {
    found->second->on_update(update);
  }
}

engine::Task<MailResult<MailAccountId>> MailboxHandle::find_account(std::string name) {
  const std::string key = to_lower(name);
  if (const auto known = ids_.find(key); known != ids_.end()) {
    co_return known->second;
  }
  const auto record = co_await read_value(reactor(), kv_, Family::mail_name, key);
  if (!record) {
    co_return failure(mail_error(record.error()));
  }
  const auto id = decode_account_id(key, *record);
  if (!id) {
    co_return failure(MailError::corrupt);
  }
  if (ids_.size() >= ids_max) {
    ids_.clear();
  }
  ids_.emplace(key, *id);
  co_return *id;
}

engine::Task<MailResult<MailAccountId>> MailboxHandle::open_account(std::string name) {
  name = to_lower(name);
  auto found = co_await find_account(name);
  if (found || found.error() != MailError::not_found) {
    co_return found;
  }
  if (name.empty() || name.size() > mailbox_name_octets_max) {
    co_return failure(MailError::invalid);
  }
  co_return co_await engine::run_on<MailResult<MailAccountId>>(
      shared_.cores, reactor(), 0,
      [directory = shared_.handles[0], name = std::move(name)]() mutable {
        return directory->make_account(std::move(name));
      });
}

engine::Task<MailResult<MailAccountId>> MailboxHandle::make_account(std::string name) {
  const auto turn = co_await making_.acquire(1, engine::Until{});  // its holders' waits are bounded
  if (!turn) {
    co_return failure(MailError::closed);
  }
  auto found = co_await find_account(name);  // somebody was faster
  if (found || found.error() != MailError::not_found) {
    co_return found;
  }
  const MailAccountId id{++shared_.last_account};
  const auto made = co_await at_home<void>(
      id, [id, name](MailHome& home) { return home.make_account(id, name); });
  if (!made) {
    co_return failure(made.error());
  }
  co_return id;
}

engine::Task<MailResult<MailUsage>> MailboxHandle::domain_usage(std::string domain) {
  if (!co_await shared_.usages.counted(reactor())) {
    co_return failure(MailError::corrupt);
  }
  DomainUsage*& usage = domains_[domain];
  if (usage == nullptr) {
    usage = &shared_.usages.of(domain);
  }
  co_return usage->now();
}

engine::Task<void> MailboxHandle::recount(std::string name) {
  if (const auto id = co_await find_account(std::move(name))) {
    // (void): one that can't be loaded has left the sum; its repair looks at the directory.
    (void)co_await at_home<void>(*id, [id = *id](MailHome& home) { return home.recount(id); });
  }
}

engine::Task<MailResult<MailUsage>> MailboxHandle::usage(MailAccountId account) {
  return at_home<MailUsage>(account, [account](MailHome& home) { return home.usage(account); });
}

engine::Task<MailResult<std::vector<Mailbox>>> MailboxHandle::list(MailAccountId account) {
  return at_home<std::vector<Mailbox>>(account,
                                       [account](MailHome& home) { return home.list(account); });
}

engine::Task<MailResult<Mailbox>> MailboxHandle::create(MailAccountId account, std::string name,
                                                        SpecialUse use) {
  return at_home<Mailbox>(account, [account, name = std::move(name), use](MailHome& home) mutable {
    return home.create(account, std::move(name), use);
  });
}

engine::Task<MailResult<std::vector<Mailbox>>> MailboxHandle::complete(MailAccountId account) {
  return at_home<std::vector<Mailbox>>(
      account, [account](MailHome& home) { return home.complete(account); });
}

engine::Task<MailResult<void>> MailboxHandle::rename(MailAccountId account, MailboxId mailbox,
                                                     std::string name) {
  return at_home<void>(account, [account, mailbox, name = std::move(name)](MailHome& home) mutable {
    return home.rename(account, mailbox, std::move(name));
  });
}

engine::Task<MailResult<void>> MailboxHandle::remove(MailAccountId account, MailboxId mailbox) {
  return at_home<void>(
      account, [account, mailbox](MailHome& home) { return home.remove(account, mailbox); });
}

engine::Task<MailResult<std::vector<std::string>>> MailboxHandle::subscriptions(
    MailAccountId account) {
  return at_home<std::vector<std::string>>(
      account, [account](MailHome& home) { return home.subscriptions(account); });
}

engine::Task<MailResult<void>> MailboxHandle::subscribe(MailAccountId account, std::string name,
                                                        bool yes) {
  return at_home<void>(account, [account, name = std::move(name), yes](MailHome& home) mutable {
    return home.subscribe(account, std::move(name), yes);
  });
}

engine::Task<MailResult<void>> MailboxHandle::set_entries(MailAccountId account,
                                                          std::vector<EntryChange> changes) {
  return at_home<void>(account, [account, changes = std::move(changes)](MailHome& home) mutable {
    return home.set_entries(account, std::move(changes));
  });
}

engine::Task<std::shared_ptr<const MailBody>> MailboxHandle::prepare(SharedOctets octets) {
  const WallTime now = reactor().wall_now();
  std::shared_ptr<const MailBody> body;
  const auto make = [this, &octets, &body, now](Read how) {
    const BlobHash hash = hash_body(secret_, octets.view());
    const auto found = find_body(kv_, hash, how);
    if (found || found.error() != KvError::would_block) {
      body = make_body(found, new_name(hash, now), octets.view());
    }
  };
  if (octets.view().size() <= octets_on_core) {
    make(Read::cached);
  }
  if (body == nullptr) {
    co_await off_core(reactor(), [&make] { make(Read::any); });
  }
  co_return body;
}

engine::Task<std::vector<BlobHash>> MailboxHandle::hash_bodies(SharedOctets octets,
                                                               std::vector<std::size_t> offsets) {
  std::vector<BlobHash> hashes;
  const auto hash_all = [this, &octets, &offsets, &hashes] {
    for (const std::size_t offset : offsets) {
      hashes.push_back(hash_body(secret_, octets.view().substr(offset)));
    }
  };
  if (octets.view().size() * offsets.size() <= octets_on_core) {
    hash_all();
  } else {
    co_await off_core(reactor(), hash_all);
  }
  co_return hashes;
}

engine::Task<MailResult<std::vector<InsertedMail>>> MailboxHandle::insert(MailAccountId account,
                                                                          MailInsert insert) {
  return at_home<std::vector<InsertedMail>>(
      account, [account, insert = std::move(insert)](MailHome& home) mutable {
        return home.insert(account, std::move(insert));
      });
}

engine::Task<MailResult<FlagsChanged>> MailboxHandle::change_flags(MailAccountId account,
                                                                   MailboxId mailbox,
                                                                   std::vector<Uid> uids,
                                                                   FlagChange change) {
  return at_home<FlagsChanged>(account, [account, mailbox, uids = std::move(uids),
                                         change = std::move(change)](MailHome& home) mutable {
    return home.change_flags(account, mailbox, std::move(uids), std::move(change));
  });
}

engine::Task<MailResult<MailboxStore::Expunged>> MailboxHandle::expunge(MailAccountId account,
                                                                        MailboxId mailbox,
                                                                        std::vector<Uid> uids,
                                                                        bool deleted_only) {
  return at_home<Expunged>(
      account, [account, mailbox, uids = std::move(uids), deleted_only](MailHome& home) mutable {
        return home.expunge(account, mailbox, std::move(uids), deleted_only);
      });
}

engine::Task<MailResult<Copied>> MailboxHandle::copy(MailAccountId account, MailboxId from,
                                                     std::vector<Uid> uids, MailboxId to, bool move,
                                                     MailQuota quota) {
  MailHome::CopyRequest request{from, std::move(uids), to, move, quota};
  return at_home<Copied>(account, [account, request = std::move(request)](MailHome& home) mutable {
    return home.copy(account, std::move(request));
  });
}

engine::Task<MailResult<OpenedMailbox>> MailboxHandle::open(MailAccountId account,
                                                            MailboxId mailbox,
                                                            MailboxListener* listener) {
  const WatcherId id{reactor().core(), ++last_watch_};
  OpenedMailbox opened;
  std::optional<WatcherId> watcher;
  if (listener != nullptr) {
    watcher = id;
    listeners_.emplace(id.number, listener);
    opened.watch = std::make_unique<Watch>(*this, account, mailbox, id);
  }
  auto view = co_await at_home<MailboxView>(account, [account, mailbox, watcher](MailHome& home) {
    return home.open(account, mailbox, watcher);
  });
  if (!view) {
    co_return failure(view.error());
  }
  opened.view = *std::move(view);
  co_return opened;
}

engine::Task<MailResult<WatchedAccount>> MailboxHandle::watch(MailAccountId account,
                                                              MailboxListener* listener) {
  const WatcherId id{reactor().core(), ++last_watch_};
  WatchedAccount watched;
  listeners_.emplace(id.number, listener);
  watched.watch = std::make_unique<Watch>(*this, account, MailboxId::none, id);
  auto view = co_await at_home<AccountView>(
      account, [account, id](MailHome& home) { return home.watch(account, id); });
  if (!view) {
    co_return failure(view.error());
  }
  watched.view = *std::move(view);
  co_return watched;
}

engine::Task<MailResult<Uid>> MailboxHandle::claim_recent(MailAccountId account, MailboxId mailbox,
                                                          Uid end, bool take) {
  return at_home<Uid>(account, [account, mailbox, end, take](MailHome& home) {
    return home.claim_recent(account, mailbox, end, take);
  });
}

engine::Task<MailResult<InsertedMail>> MailboxHandle::undelete(MailAccountId account,
                                                               MailboxId mailbox, Uid uid,
                                                               WallTime expunged) {
  const TrashKey trash{{account, mailbox, uid}, expunged};
  return at_home<InsertedMail>(
      account, [account, trash](MailHome& home) { return home.undelete(account, trash); });
}

engine::Task<MailResult<std::size_t>> MailboxHandle::purge(MailAccountId account, WallTime before,
                                                           std::size_t limit) {
  return at_home<std::size_t>(account, [account, before, limit](MailHome& home) {
    return home.purge(account, before, limit);
  });
}

}  // namespace postrider::store
