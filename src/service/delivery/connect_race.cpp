#include "connect_race.hpp"

#include <utility>

#include <postrider/engine/sync.hpp>

namespace postrider::delivery {

namespace {

// Shared by the race and its runners, since a killed simulation ends them in any order.
struct Race {
  Race(engine::Reactor& on, std::size_t runners, engine::CancelToken cancel)
      : reactor(on), changed(on), over(cancel) {
    result.runners.resize(runners);
  }
  engine::Reactor& reactor;
  engine::Event changed;
  engine::CancelSource over;
  std::size_t running = 0;
  RaceResult result;
};

engine::Task<void> run(std::shared_ptr<Race> race, std::size_t index, engine::ConnectOptions to,
                       MonoTime deadline) {
  auto stream = co_await race->reactor.connect(to, {deadline, race->over.token()});
  --race->running;
  RaceResult& result = race->result;
  if (stream && !result.stream) {
    result.stream = std::move(*stream);
    result.winner = index;
  } else if (!stream && !result.stream) {
    result.runners[index].error = stream.error();
  }
  race->changed.set();
}

engine::Task<RaceResult> connect_one(engine::Reactor& reactor, RaceOrder order,
                                     engine::CancelToken cancel) {
  RaceResult result;
  result.runners.resize(1);
  result.runners[0].begun = true;
  auto stream = co_await reactor.connect(order.to.front(), {reactor.now() + order.timeout, cancel});
  if (stream) {
    result.stream = std::move(*stream);
  } else {
    result.runners[0].error = stream.error();
  }
  co_return result;
}

}  // namespace

engine::Task<RaceResult> race_connects(engine::Reactor& reactor, RaceOrder order,
                                       engine::CancelToken cancel) {
  if (order.to.size() == 1) {
    co_return co_await connect_one(reactor, std::move(order), cancel);
  }
  const auto race = std::make_shared<Race>(reactor, order.to.size(), cancel);
  std::size_t next = 0;
  MonoTime next_start = reactor.now();
  std::size_t running_before = 0;
  while (!race->result.stream && !race->over.is_cancelled()) {
    const bool one_has_failed = race->running < running_before;
    if (next < order.to.size() && (one_has_failed || reactor.now() >= next_start)) {
      race->result.runners[next].begun = true;
      ++race->running;
      reactor.spawn(run(race, next, order.to[next], reactor.now() + order.timeout));
      ++next;
      next_start = reactor.now() + connect_stagger;
    }
    running_before = race->running;
    if (race->running == 0) {
      break;
    }
    race->changed.reset();
    const MonoTime until = next < order.to.size() ? next_start : mono_never;
    (void)co_await race->changed.wait(
        {until, race->over.token()});  // whatever ended it is looked at
  }
  race->over.cancel();
  while (race->running > 0) {
    race->changed.reset();
    (void)co_await race->changed.wait({mono_never, {}});  // a cancelled connect ends at once
  }
  co_return std::move(race->result);
}

}  // namespace postrider::delivery
