#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/report/bounce_rules.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/store/account_store.hpp>
#include <postrider/store/fact_store.hpp>

namespace postrider::flow {

// What has come back from one member of a mailing list.
struct MemberReturns {
  std::string member;  // address
  std::uint64_t count = 0;
  WallTime last{};
  std::string bounce_class;  // of the last, as are those below
  std::string enhanced;
  std::string text;
  friend bool operator==(const MemberReturns&, const MemberReturns&) = default;
};

//   returns = version:number count:number last:time class:text enhanced:text text:text   version =
//   1
[[nodiscard]] std::string encode_member_returns(const MemberReturns& returns);
// Without the member, which the record's name says.
[[nodiscard]] std::optional<MemberReturns> parse_member_returns(std::string_view octets);

// Posts to a list that failed for one of its members: refused by his host or given up by us, or
// come back later.
struct ListReturn {
  std::string list;  // address
  MemberReturns one;
  std::uint16_t code = 0;  // of the reply; 0: not known
};
// nullopt: it is none, or only a delay. `own_name`: our own report tells nothing new.
[[nodiscard]] std::optional<ListReturn> list_return_of(const Event& event,
                                                       std::string_view own_name);

// Counts them by member, for the operator to see whom a list does not reach any more. Gathered in
// memory and added to the store every write_every and at the end: a crash forgets what was gathered
// last. Kept for `lifetime` after the last.
//
// Limits: pending_max members are gathered at a time, further ones are not counted; only lists of
// the directory are. Shard: that of the reactor. drain() before it is destroyed.
class ListReturns {
 public:
  static constexpr Duration write_every = std::chrono::seconds(10);
  static constexpr Duration lifetime = std::chrono::days(30);
  static constexpr std::size_t pending_max = 10'000;
  static constexpr std::size_t shown_max = 10'000;

  // All of it outlives this.
  ListReturns(engine::Reactor& reactor, store::FactStore& facts, store::AccountStore& accounts);

  void set_rules(report::BounceRules rules) { rules_ = std::move(rules); }
  // Nobody waits for it.
  void note(ListReturn what);
  // Who has bounces, the last one first; at most shown_max.
  [[nodiscard]] engine::Task<std::vector<MemberReturns>> of(std::string list);
  // Writes what was gathered.
  [[nodiscard]] engine::Task<void> flush();
  // Removes what is too old. Out: how many members.
  [[nodiscard]] engine::Task<std::size_t> sweep(WallTime now);

  // Writes now and then, until drain(), which writes a last time.
  void start();
  [[nodiscard]] engine::Task<void> drain();

 private:
  using Key = std::pair<std::string, std::string>;  // list, member; lower case
  engine::Task<void> run(engine::Gate::Pass pass);
  struct Sum {
    bool is_known = true;             // false: the store does not answer
    std::optional<store::Fact> fact;  // nullopt: it is of no list
  };
  engine::Task<Sum> sum_of(Key key, MemberReturns more);

  engine::Reactor& reactor_;
  store::FactStore& facts_;
  store::AccountStore& accounts_;
  report::BounceRules rules_ = report::BounceRules::built_in();
  std::map<Key, MemberReturns> pending_;
  engine::Semaphore writing_;
  engine::Gate gate_;
};

// Passes events on, and tells of those that are returns to lists. Shard: one a core.
class ListReturnsTap final : public EventSink {
 public:
  // All of it outlives this. `own_name`: the hostname.
  ListReturnsTap(engine::Cores& cores, engine::Reactor& reactor, ListReturns& home,
                 CoreId home_core, std::string own_name, EventSink& next)
      : cores_(cores),
        reactor_(reactor),
        home_(home),
        home_core_(home_core),
        own_name_(std::move(own_name)),
        next_(next) {}
  void emit(Event event) override;
  engine::Task<void> written() override { return next_.written(); }

 private:
  engine::Cores& cores_;
  engine::Reactor& reactor_;
  ListReturns& home_;
  CoreId home_core_;
  std::string own_name_;
  EventSink& next_;
};

}  // namespace postrider::flow
