#include <utility>

#include <postrider/engine/run_on.hpp>
#include <postrider/flow/greylist_desk.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t batch = 512;  // records read or written at a time
constexpr int batches_max = 1000;   // of one writing: what comes meanwhile has its turn later

}  // namespace

GreylistHome::GreylistHome(engine::Reactor& reactor, store::FactStore& facts,
                           const policy::GreylistSettings& settings)
    : reactor_(reactor), facts_(facts), list_(settings), writing_(reactor, 1), gate_(reactor) {}

engine::Task<void> GreylistHome::load() {
  std::string after;
  while (true) {
    auto page = co_await facts_.list(store::FactKind::greylist, after, batch);
    if (!page) {
      co_return;  // what is not known is learnt anew
    }
    std::vector<std::string> over;
    const WallTime now = reactor_.wall_now();
    for (store::Fact& fact : *page) {
      after = fact.name;
      if (!list_.restore(fact.name, fact.value, now)) {
        over.push_back(std::move(fact.name));
      }
    }
    if (!over.empty()) {
      // (void): what stays is met again at the next start.
      (void)co_await facts_.remove(store::FactKind::greylist, std::move(over));
    }
    if (page->size() < batch) {
      co_return;
    }
  }
}

void GreylistHome::start() {
  if (auto pass = gate_.enter()) {
    reactor_.spawn(run(std::move(pass)));
  }
}

engine::Task<void> GreylistHome::drain() {
  gate_.close();
  co_await gate_.drain(mono_never);
  co_await write();
}

engine::Task<void> GreylistHome::run(engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  while (co_await reactor_.sleep_for(write_every, gate_.closing()) == engine::WaitEnd::elapsed) {
    list_.sweep(reactor_.wall_now());
    co_await write();
  }
}

engine::Task<void> GreylistHome::write() {
  const auto place = co_await writing_.acquire(1, {});
  for (int i = 0; i < batches_max; ++i) {
    const std::vector<policy::Greylist::Change> changes = list_.take_changes(batch);
    if (changes.empty()) {
      co_return;
    }
    std::vector<store::Fact> fresh;
    std::vector<std::string> gone;
    for (const policy::Greylist::Change& change : changes) {
      if (change.octets) {
        fresh.push_back({change.name, *change.octets});
      } else {
        gone.push_back(change.name);
      }
    }
    bool is_written = true;
    if (!fresh.empty()) {
      is_written = (co_await facts_.save(store::FactKind::greylist, std::move(fresh))).has_value();
    }
    if (is_written && !gone.empty()) {
      is_written = (co_await facts_.remove(store::FactKind::greylist, std::move(gone))).has_value();
    }
    if (!is_written) {
      list_.put_back(changes);
      co_return;  // the store's own counters say why
    }
  }
}

engine::Task<policy::GreylistDecision> GreylistDesk::ask(policy::GreylistSubject subject) {
  return engine::run_on<policy::GreylistDecision>(
      cores_, reactor_, home_.reactor().core(),
      [&home = home_, question = std::move(subject)]() -> engine::Task<policy::GreylistDecision> {
        return [](GreylistHome& at,
                  policy::GreylistSubject asked) -> engine::Task<policy::GreylistDecision> {
          co_return at.list().ask(asked, at.reactor().wall_now());
        }(home, question);
      });
}

void GreylistDesk::learn(IpAddress client, std::string proven_domain, bool is_good) {
  cores_.post(reactor_, home_.reactor().core(),
              [&home = home_, client, domain = std::move(proven_domain), is_good] {
                home.list().learn(client, domain, is_good, home.reactor().wall_now());
              });
}

}  // namespace postrider::flow
