#include <algorithm>
#include <utility>

#include <postrider/flow/list_desk.hpp>

namespace postrider::flow {
namespace {

// Of proper answers, before a list is called sound again: one that is asked too often may answer
// now and then.
constexpr Duration recovery = std::chrono::hours(1);

}  // namespace

ListDesk::ListDesk(Doors doors, ListSettings settings)
    : doors_(doors), settings_(std::move(settings)) {
  const auto add = [this](const std::string& zone) {
    if (std::ranges::find(counters_, zone, &ListCounters::zone) == counters_.end()) {
      counters_.push_back({.zone = zone});
    }
  };
  for (const policy::DnsList& list : settings_.addresses) {
    add(list.zone);
  }
  for (const policy::DomainList& list : settings_.domains) {
    add(list.list.zone);
  }
}

bool ListDesk::asks_for(policy::NameRole role) const {
  return std::ranges::any_of(settings_.domains, [role](const policy::DomainList& list) {
    return std::ranges::find(list.roles, role) != list.roles.end();
  });
}

engine::Task<std::vector<policy::DnsListing>> ListDesk::of_client(IpAddress address,
                                                                  engine::Until until) {
  auto answers =
      co_await policy::look_up_lists(doors_.resolver, settings_.addresses, address, until);
  count(answers);
  co_return policy::listings_of(std::move(answers));
}

engine::Task<std::vector<policy::DnsListing>> ListDesk::of_names(
    std::vector<policy::ListedName> names, engine::Until until) {
  auto answers = co_await policy::look_up_names(doors_.resolver, settings_.domains,
                                                std::move(names), settings_.suffixes, until);
  count(answers);
  co_return policy::listings_of(std::move(answers));
}

void ListDesk::count(const std::vector<policy::DnsListAnswer>& answers) {
  for (const policy::DnsListAnswer& answer : answers) {
    const auto at = std::ranges::find(counters_, answer.listing.zone, &ListCounters::zone);
    if (at == counters_.end()) {
      continue;
    }
    ++at->asked;
    switch (answer.state) {
      case policy::DnsListState::silent:
        ++at->silent;
        break;
      case policy::DnsListState::faulty:
        note_fault(*at, answer.listing.answer);
        break;
      case policy::DnsListState::listed:
        ++at->listed;
        note_verdict(*at);
        break;
      case policy::DnsListState::clean:
        note_verdict(*at);
        break;
    }
  }
}

void ListDesk::note_fault(ListCounters& counters, const std::string& answer) {
  ++counters.faulty;
  last_faults_[counters.zone] = doors_.reactor.now();
  if (!std::exchange(counters.is_faulty, true)) {
    tell(counters.zone,
         "answers " + answer +
             ", which is no verdict: it lists nobody while it does; see what its operators say of "
             "this code (asked too often, or through a public resolver), or take it out");
  }
}

void ListDesk::note_verdict(ListCounters& counters) {
  if (counters.is_faulty && doors_.reactor.now() - last_faults_[counters.zone] >= recovery) {
    counters.is_faulty = false;
    tell(counters.zone, "gives verdicts again");
  }
}

void ListDesk::tell(const std::string& zone, std::string text) {
  Event event;
  event.kind = EventKind::dns_list;
  event.time = doors_.reactor.wall_now();
  event.text = zone + " " + std::move(text);
  doors_.events.emit(std::move(event));
}

}  // namespace postrider::flow
