#include <algorithm>
#include <functional>
#include <utility>

#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/list_returns.hpp>
#include <postrider/flow/onward_message.hpp>

namespace postrider::flow {

namespace {

constexpr std::uint64_t format = 1;
constexpr std::size_t page = 256;
constexpr std::size_t text_octets_max = 200;
constexpr store::FactKind kind = store::FactKind::list_returns;

// No address has a blank outside of quotes, and a list of ours has no quotes.
std::string name_of(const std::string& list, const std::string& member) {
  return list + " " + member;
}

void merge(MemberReturns& sum, const MemberReturns& more) {
  sum.count += more.count;
  if (more.last >= sum.last) {
    sum.last = more.last;
    sum.bounce_class = more.bounce_class;
    sum.enhanced = more.enhanced;
    sum.text = more.text;
  }
}

}  // namespace

std::string encode_member_returns(const MemberReturns& returns) {
  FieldWriter out;
  out.number(format).number(returns.count).wall_time(returns.last);
  out.text(returns.bounce_class).text(returns.enhanced).text(returns.text);
  return out.take();
}

std::optional<MemberReturns> parse_member_returns(std::string_view octets) {
  FieldReader in(octets);
  if (in.number() != format) {
    return std::nullopt;
  }
  MemberReturns out;
  out.count = in.number();
  out.last = in.wall_time();
  out.bounce_class = in.text();
  out.enhanced = in.text();
  out.text = in.text();
  return in.is_sound() && in.is_at_end() ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<ListReturn> list_return_of(const Event& event, std::string_view own_name) {
  const bool is_ours = event.kind == EventKind::bounced || event.kind == EventKind::expired;
  const bool is_theirs = event.kind == EventKind::bounce_received && event.action != "delayed" &&
                         !equals_ignoring_case(event.remote, own_name);
  const auto list = is_ours || is_theirs ? list_of_bounces_address(event.from) : std::nullopt;
  if (!list || event.to.empty()) {
    return std::nullopt;
  }
  return ListReturn{to_lower(*list),
                    {.member = to_lower(event.to),
                     .count = 1,
                     .last = event.time,
                     .bounce_class = event.bounce_class,
                     .enhanced = event.enhanced,
                     .text = quoted_for_log(event.text, text_octets_max)},
                    event.code};
}

ListReturns::ListReturns(engine::Reactor& reactor, store::FactStore& facts,
                         store::AccountStore& accounts)
    : reactor_(reactor), facts_(facts), accounts_(accounts), writing_(reactor, 1), gate_(reactor) {}

void ListReturns::note(ListReturn what) {
  Key key{std::move(what.list), what.one.member};
  if (pending_.size() >= pending_max && !pending_.contains(key)) {
    return;
  }
  if (what.one.bounce_class.empty()) {
    const std::string reply = what.code == 0 ? "" : std::to_string(what.code);
    what.one.bounce_class =
        rules_.classify({.enhanced = what.one.enhanced, .reply = reply, .text = what.one.text});
  }
  merge(pending_[std::move(key)], what.one);
}

engine::Task<ListReturns::Sum> ListReturns::sum_of(Key key, MemberReturns more) {
  const auto list = co_await accounts_.load_alias(key.first);
  if (!list && list.error() != store::StoreError::not_found) {
    co_return Sum{.is_known = false, .fact = {}};
  }
  if (!list || list->kind != store::AliasKind::list) {
    co_return Sum{};  // an ordinary sender whose name looks like that
  }
  std::string name = name_of(key.first, key.second);
  const auto kept = co_await facts_.load(kind, name);
  if (!kept && kept.error() == store::StoreError::io) {
    co_return Sum{.is_known = false, .fact = {}};
  }
  auto sum = kept ? parse_member_returns(*kept).value_or(MemberReturns{}) : MemberReturns{};
  merge(sum, more);
  co_return Sum{.is_known = true, .fact = store::Fact{std::move(name), encode_member_returns(sum)}};
}

// What can't be written now is gathered again.
engine::Task<void> ListReturns::flush() {
  const auto turn = co_await writing_.acquire(1, {});
  auto left = std::exchange(pending_, {});
  while (!left.empty()) {
    std::vector<store::Fact> facts;
    std::map<Key, MemberReturns> taken;
    bool is_sound = true;
    while (!left.empty() && facts.size() < page && is_sound) {
      auto entry = left.extract(left.begin());
      Sum sum = co_await sum_of(entry.key(), entry.mapped());
      is_sound = sum.is_known;
      if (sum.fact) {
        facts.push_back(*std::move(sum.fact));
      }
      if (sum.fact || !sum.is_known) {
        taken.insert(std::move(entry));
      }
    }
    const bool is_written =
        is_sound && (facts.empty() || co_await facts_.save(kind, std::move(facts)));
    if (!is_written) {
      left.merge(taken);
      break;
    }
  }
  for (auto& [key, more] : left) {
    merge(pending_[key], more);
  }
}

engine::Task<std::vector<MemberReturns>> ListReturns::of(std::string list) {
  co_await flush();
  const std::string prefix = name_of(to_lower(list), "");
  std::vector<MemberReturns> out;
  std::string after = prefix;
  for (bool more = true; more && out.size() < shown_max;) {
    const auto facts = co_await facts_.list(kind, after, page);
    more = facts && facts->size() == page;
    for (const store::Fact& fact : facts ? *facts : std::vector<store::Fact>{}) {
      after = fact.name;
      if (!fact.name.starts_with(prefix)) {
        more = false;
        break;
      }
      if (auto returns = parse_member_returns(fact.value); returns && out.size() < shown_max) {
        returns->member = fact.name.substr(prefix.size());
        out.push_back(*std::move(returns));
      }
    }
  }
  std::ranges::stable_sort(out, std::ranges::greater{}, &MemberReturns::last);
  co_return out;
}

engine::Task<std::size_t> ListReturns::sweep(WallTime now) {
  const auto turn = co_await writing_.acquire(1, {});
  std::size_t removed = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto facts = co_await facts_.list(kind, after, page);
    if (!facts) {
      co_return removed;
    }
    more = facts->size() == page;
    std::vector<std::string> old;
    for (const store::Fact& fact : *facts) {
      after = fact.name;
      const auto returns = parse_member_returns(fact.value);
      if (!returns || now - returns->last > lifetime) {
        old.push_back(fact.name);
      }
    }
    removed += old.size();
    if (!old.empty() && !co_await facts_.remove(kind, std::move(old))) {
      co_return removed;
    }
  }
  co_return removed;
}

void ListReturns::start() {
  if (auto pass = gate_.enter()) {
    reactor_.spawn(run(std::move(pass)));
  }
}

engine::Task<void> ListReturns::run(engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  while (!gate_.is_closed()) {
    (void)co_await reactor_.sleep_for(write_every, gate_.closing());  // or we stop
    if (!pending_.empty()) {
      co_await flush();
    }
  }
}

engine::Task<void> ListReturns::drain() {
  co_await gate_.drain(mono_never);
  co_await flush();
}

void ListReturnsTap::emit(Event event) {
  if (auto found = list_return_of(event, own_name_)) {
    cores_.post(reactor_, home_core_, [&home = home_, what = *std::move(found)]() mutable {
      home.note(std::move(what));
    });
  }
  next_.emit(std::move(event));
}

}  // namespace postrider::flow
