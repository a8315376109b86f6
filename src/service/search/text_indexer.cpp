#include "catching_up.hpp"
#include "index_database.hpp"
#include "index_memory.hpp"
#include "index_place.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/service/search/text_indexer.hpp>

namespace postrider::search {

using store::MailAccountId;

struct TextIndexer::Impl {
  // Hears of an account's changes.
  class Watcher final : public store::MailboxListener {
   public:
    Watcher(Impl& impl, MailAccountId account) : impl_(impl), account_(account) {}
    void on_update(const std::shared_ptr<const store::MailboxUpdate>& update) override {
      const bool is_about_words =
          !update->inserted.empty() || !update->expunged.empty() || update->is_gone;
      if (is_about_words) {
        impl_.schedule(account_, impl_.settings.delay);
      }
    }

   private:
    Impl& impl_;
    MailAccountId account_;
  };
  struct Watched {
    std::unique_ptr<Watcher> listener;
    std::unique_ptr<store::MailboxWatch> watch;  // ends first
    std::uint64_t used = 0;
    std::string owner;  // as the last who asked said
  };
  struct Job {
    MonoTime due{};
    std::string owner;      // empty: as the index has it
    bool makes_it = false;  // else only one that exists is brought up to date
    bool follows = false;   // its changes from now on, too
    bool begins_anew = false;
  };

  Impl(IndexerDoors given, IndexerSettings wanted)
      : doors(given), settings(std::move(wanted)), gate(given.reactor), woken(given.reactor) {}

  [[nodiscard]] std::string place(MailAccountId account) const {
    return index_place(settings.directory, account);
  }

  Job& schedule(MailAccountId account, Duration delay) {
    const MonoTime due = doors.reactor.now() + delay;
    const auto [at, is_new] = jobs.try_emplace(account);
    Job& job = at->second;
    if (is_new || due < job.due) {
      queue.erase({job.due, account});
      job.due = due;
      queue.emplace(due, account);
      woken.pulse();
    }
    return job;
  }

  engine::Task<void> run(engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    MonoTime next_sweep = doors.reactor.now();
    while (!gate.is_closed()) {
      if (next_sweep <= doors.reactor.now()) {
        co_await sweep();
        next_sweep = doors.reactor.now() + settings.sweep;
      }
      const MonoTime due = queue.empty() ? next_sweep : std::min(next_sweep, queue.begin()->first);
      if (due > doors.reactor.now()) {
        (void)co_await woken.wait({due, gate.closing()});  // or something else is due
        continue;
      }
      const MailAccountId account = queue.begin()->second;
      queue.erase(queue.begin());
      Job job = std::move(jobs.extract(account).mapped());
      busy = account;
      co_await work(account, std::move(job));
      busy.reset();
    }
  }

  engine::Task<void> work(MailAccountId account, Job job) {
    const CatchUpOrder order{.directory = place(account),
                             .account = account,
                             .owner = job.owner,
                             .makes_it = job.makes_it,
                             .begins_anew = job.begins_anew,
                             .limits = {.text_octets = settings.text_octets_max}};
    // Before it is looked at, so that nothing that comes meanwhile is missed.
    if (job.makes_it) {
      co_await watch(account, job.owner);
    }
    const CatchUpEnd end = co_await catch_up(doors, order, gate);
    switch (end) {
      case CatchUpEnd::done:
        if (job.follows && !watched.contains(account)) {
          co_await watch(account, job.owner);
          schedule(account, {});  // what came before it did
        }
        break;
      case CatchUpEnd::none:
      case CatchUpEnd::account_gone:
        watched.erase(account);
        break;
      case CatchUpEnd::damaged: {
        // One that was made a moment ago: the disk is not as it should be.
        Job& again = schedule(account, job.begins_anew ? settings.retry : Duration{});
        again.makes_it = again.begins_anew = true;
        again.owner = job.owner;
        break;
      }
      case CatchUpEnd::failed: {
        Job& again = schedule(account, settings.retry);
        again.makes_it |= job.makes_it;
        again.follows |= job.follows;
        again.owner = job.owner;
        break;
      }
    }
  }

  engine::Task<void> watch(MailAccountId account, std::string owner) {
    if (const auto at = watched.find(account); at != watched.end()) {
      at->second.used = ++uses;
      at->second.owner = owner.empty() ? at->second.owner : std::move(owner);
      co_return;
    }
    auto listener = std::make_unique<Watcher>(*this, account);
    auto opened = co_await doors.mailboxes.watch(account, listener.get());
    if (!opened) {
      co_return;  // catch_up() meets the same
    }
    if (watched.size() >= settings.watched_max) {
      watched.erase(
          std::ranges::min_element(watched, {}, [](const auto& one) { return one.second.used; }));
    }
    watched[account] = {std::move(listener), std::move(opened->watch), ++uses, std::move(owner)};
  }

  // What exists is looked at, in case that something changed while nobody followed it.
  engine::Task<void> sweep() {
    std::vector<MailAccountId> found;
    const auto list = [this, &found] {
      std::error_code error;
      std::filesystem::create_directories(settings.directory, error);
      std::filesystem::permissions(settings.directory, std::filesystem::perms::owner_all, error);
      for (std::filesystem::directory_iterator at(settings.directory, error), end;
           !error && at != end; at.increment(error)) {
        if (const auto account = account_of(at->path())) {
          found.push_back(*account);
        }
      }
    };
    (void)co_await doors.reactor.offload(list, {mono_never, gate.closing()});  // or the next time
    for (const MailAccountId account : found) {
      schedule(account, {});
    }
  }

  IndexMemory memory;
  IndexerDoors doors;
  IndexerSettings settings;
  engine::Gate gate;
  engine::Event woken;
  std::map<MailAccountId, Job> jobs;
  std::set<std::pair<MonoTime, MailAccountId>> queue;  // the jobs, by what is due first
  std::optional<MailAccountId> busy;
  std::uint64_t uses = 0;
  std::map<MailAccountId, Watched> watched;
};

TextIndexer::TextIndexer(IndexerDoors doors, IndexerSettings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

TextIndexer::~TextIndexer() = default;

void TextIndexer::start() {
  if (auto pass = impl_->gate.enter()) {
    impl_->doors.reactor.spawn(impl_->run(std::move(pass)));
  }
}

void TextIndexer::want(MailAccountId account, Asked asked) {
  if (impl_->gate.is_closed()) {
    return;
  }
  const auto at = impl_->watched.find(account);
  const bool is_followed = at != impl_->watched.end() && at->second.owner == asked.owner;
  if (is_followed && !asked.is_absent && !asked.is_damaged) {
    at->second.used = ++impl_->uses;
    return;  // it is up to date, or will be
  }
  auto& job = impl_->schedule(account, {});
  job.makes_it = job.follows = true;
  job.begins_anew |= asked.is_damaged;
  job.owner = std::move(asked.owner);
}

void TextIndexer::note_used(MailAccountId account) {
  if (impl_->gate.is_closed()) {
    return;
  }
  if (const auto at = impl_->watched.find(account); at != impl_->watched.end()) {
    at->second.used = ++impl_->uses;
    return;
  }
  impl_->schedule(account, {}).follows = true;
}

engine::Task<void> TextIndexer::rebuild(MailAccountId account, std::string owner) {
  auto& job = impl_->schedule(account, {});
  job.makes_it = job.follows = job.begins_anew = true;
  job.owner = std::move(owner);
  co_return;
}

engine::Task<std::optional<flow::TextIndexState>> TextIndexer::state(MailAccountId account) {
  const auto usage = co_await impl_->doors.mailboxes.usage(account);
  if (!usage) {
    co_return std::nullopt;
  }
  flow::TextIndexState out;
  out.messages = usage->messages;
  IndexResult<IndexContents> contents = failure(IndexError::absent);
  const auto look = [place = impl_->place(account), &contents, &out] {
    contents = read_index(place);
    out.size_bytes = index_bytes(place);
  };
  (void)co_await impl_->doors.reactor.offload(look, engine::Until{});  // the pool's jobs end
  out.is_busy = impl_->busy == account || impl_->jobs.contains(account);
  if (contents) {
    out.exists = true;
    for (const auto& [id, mailbox] : contents->mailboxes) {
      out.indexed += mailbox.known.size();
      out.skipped += mailbox.skipped.size();
    }
  }
  co_return out;
}

IndexMemory& TextIndexer::memory() {
  return impl_->memory;
}

bool TextIndexer::is_idle() const {
  return !impl_->busy && impl_->jobs.empty();
}

engine::Task<void> TextIndexer::stop() {
  co_await impl_->gate.drain(mono_never);
  impl_->watched.clear();
}

}  // namespace postrider::search
