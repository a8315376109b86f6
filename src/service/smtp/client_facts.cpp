#include "client_facts.hpp"

#include <utility>

#include <postrider/engine/when_all.hpp>

namespace postrider::smtp {
namespace {

engine::Task<std::vector<policy::DnsListing>> look_up(flow::ListDesk* lists, IpAddress address,
                                                      engine::Until until) {
  if (lists == nullptr || !lists->asks_addresses()) {
    co_return std::vector<policy::DnsListing>{};
  }
  co_return co_await lists->of_client(address, until);
}

}  // namespace

std::shared_ptr<ClientFacts> ClientFacts::ask(engine::Reactor& reactor, net::Resolver& resolver,
                                              engine::Gate& gate, IpAddress address,
                                              flow::ListDesk* lists, Duration limit) {
  // Counted: the connection may end before the lookups do.
  auto facts = std::make_shared<ClientFacts>(reactor, reactor.now() + limit);
  if (auto pass = gate.enter()) {
    reactor.spawn(run(facts, resolver, std::move(pass), gate.closing(), address, lists));
  } else {
    facts->told_.set();
  }
  return facts;
}

engine::Task<void> ClientFacts::run(std::shared_ptr<ClientFacts> self, net::Resolver& resolver,
                                    engine::Gate::Pass pass, engine::CancelToken closing,
                                    IpAddress address, flow::ListDesk* lists) {
  const engine::Gate::Pass inside = std::move(pass);
  const engine::Until until{self->deadline_, closing};
  auto [name, listings] = co_await engine::when_all(policy::name_client(resolver, address, until),
                                                    look_up(lists, address, until));
  if (!self->is_named_) {
    self->client_ = std::move(name);
  }
  self->listings_ = std::move(listings);
  self->told_.set();
}

void ClientFacts::set_name(std::string name) {
  is_named_ = true;
  client_ = name.empty() ? policy::ClientName{policy::ClientNameStatus::none, {}}
                         : policy::ClientName{policy::ClientNameStatus::confirmed, std::move(name)};
}

engine::Task<void> ClientFacts::wait(engine::CancelToken cancel) {
  (void)co_await told_.wait({deadline_, cancel});  // what is not known by then is not known
}

}  // namespace postrider::smtp
