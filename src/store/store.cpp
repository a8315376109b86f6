#include "committer_simulated.hpp"
#include "committer_thread.hpp"
#include "memory_kv.hpp"
#include "record_seal.hpp"
#include "rocks_kv.hpp"
#include "store_impl.hpp"

#include <algorithm>
#include <pthread.h>
#include <signal.h>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/random.hpp>

namespace postrider::store {
namespace {

// Counts the envelopes that stand before the cursor's end, as it was when it was made.
void count_envelopes(KvCursor& cursor, Status& status, const std::stop_token& stop) {
  constexpr std::uint64_t step = 1024;
  std::uint64_t count = 0;
  for (; cursor.is_valid() && !stop.stop_requested(); cursor.next()) {
    if (++count % step == 0) {
      status.open_at_start.store(count, std::memory_order_relaxed);
    }
  }
  status.open_at_start.store(count, std::memory_order_relaxed);
}

}  // namespace

StoreImpl::StoreImpl(std::unique_ptr<Kv> kv, const StoreSettings& settings, engine::Cores& cores)
    : kv_(std::move(kv)), mail_cores_{cores, {}, 0, {}} {
  SystemRandom random;
  start_ = load_start_state(*kv_, random);
  auto committer = std::make_unique<CommitterThread>(*kv_, status_, limits(settings));
  auto* thread = committer.get();
  door_ = std::move(committer);
  make_handles(settings, cores);
  counter_ =
      std::jthread([this, accounts = kv_->walk(Family::mail_account, {}),
                    cursor = kv_->walk(Family::env, {})](const std::stop_token& stop) mutable {
        pthread_setname_np(pthread_self(), "queue-count");
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are core 0's
        mail_cores_.usages.count(*kv_, *accounts, stop);
        accounts.reset();
        count_envelopes(*cursor, status_, stop);
        cursor.reset();  // it pins what it sees
      });
  thread->start(cores, ports_);
  sweep_staged();
}

StoreImpl::StoreImpl(std::shared_ptr<MemoryDisk> disk, const StoreSettings& settings,
                     engine::Simulation& simulation)
    : kv_(std::make_unique<MemoryKv>(disk)),
      is_simulated_(true),
      mail_cores_{simulation, {}, 0, {}} {
  start_ = load_start_state(*kv_, simulation.reactor(0).random());
  auto committer = std::make_unique<CommitterSimulated>(*kv_, status_, limits(settings),
                                                        std::move(disk), simulation);
  auto* simulated = committer.get();
  door_ = std::move(committer);
  make_handles(settings, simulation);
  mail_cores_.usages.count(*kv_, *kv_->walk(Family::mail_account, {}), std::stop_token());
  count_envelopes(*kv_->walk(Family::env, {}), status_, std::stop_token());
  simulated->start(ports_);
  sweep_staged();
}

// The twin just stops, as a killed process does: what was not closed in order is the disk's affair.
StoreImpl::~StoreImpl() {
  if (!is_simulated_) {
    close();
  }
  for (const auto& port : ports_) {
    port->detach();
  }
}

Committer::Limits StoreImpl::limits(const StoreSettings& settings) {
  return {.group_bytes = settings.group_bytes, .min_free_disk_bytes = settings.min_free_disk_bytes};
}

void StoreImpl::make_handles(const StoreSettings& settings, engine::Cores& cores) {
  const auto last = kv_->last_key(Family::mail_account);
  mail_cores_.last_account = last ? parse_be(*last) : 0;
  mail_cores_.first_mailboxes = settings.first_mailboxes;
  const std::uint64_t share = settings.pending_bytes / std::max<CoreId>(cores.count(), 1);
  for (CoreId core = 0; core < cores.count(); ++core) {
    const auto port = std::make_shared<CorePort>(cores.reactor(core), *door_, share);
    ports_.push_back(port);
    queues_.push_back(
        std::make_unique<QueueHandle>(port, *kv_, status_, start_.largest_id, start_.begun));
    mailboxes_.push_back(std::make_unique<MailboxHandle>(port, *kv_, start_.secret, mail_cores_));
    mail_cores_.handles.push_back(mailboxes_.back().get());
    accounts_.push_back(
        std::make_unique<AccountHandle>(port, *kv_, start_.secret, *mailboxes_.back()));
    facts_.push_back(std::make_unique<FactHandle>(port, *kv_));
    upkeeps_.push_back(
        std::make_unique<UpkeepHandle>(port, *kv_, *mailboxes_.back(), settings.directory));
  }
}

void StoreImpl::sweep_staged() {
  kill_point("store.open.before_sweep");
  for (const MessageId id : std::exchange(start_.staged, {})) {
    auto request = std::make_unique<Request>();
    request->work = AbandonWork{id};
    (void)door_->submit(request);  // refused if closed already: the next start does it
  }
}

void StoreImpl::close() {
  if (status_.closed.exchange(true)) {
    return;
  }
  counter_.request_stop();
  door_->close();
  if (counter_.joinable()) {
    counter_.join();
  }
  if (status_.failed) {
    return;
  }
  MessageId largest = start_.largest_id;
  for (const auto& queue : queues_) {
    largest = std::max(largest, queue->largest_id());
  }
  save_largest_id(*kv_, largest);
}

std::unique_ptr<Store> open_on(std::unique_ptr<Kv> kv, const StoreSettings& settings,
                               engine::Cores& cores) {
  return std::make_unique<StoreImpl>(std::move(kv), settings, cores);
}

std::unique_ptr<Store> Store::open(const StoreSettings& settings, engine::Cores& cores) {
  kill_point("store.open.begin");
  auto kv = open_rocks({.directory = settings.directory,
                        .cache_bytes = settings.cache_bytes,
                        .write_buffer_bytes = settings.write_buffer_bytes,
                        .max_wal_bytes = settings.max_wal_bytes});
  kill_point("store.open.database_open");
  return open_on(std::move(kv), settings, cores);
}

std::unique_ptr<Store> Store::open_memory(std::shared_ptr<MemoryDisk> disk,
                                          engine::Simulation& simulation,
                                          const StoreSettings& settings) {
  return std::make_unique<StoreImpl>(std::move(disk), settings, simulation);
}

std::string_view describe(StoreError error) {
  switch (error) {
    case StoreError::not_found:
      return "not found";
    case StoreError::full:
      return "the disk has too little free space";
    case StoreError::io:
      return "the disk failed; nothing is accepted until a restart";
    case StoreError::corrupt:
      return "the record can't be read and was set aside";
    case StoreError::conflict:
      return "it exists already, or has changed";
    case StoreError::closed:
      return "the store is shutting down";
  }
  return "unknown";
}

}  // namespace postrider::store
