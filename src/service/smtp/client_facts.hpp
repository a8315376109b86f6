#pragma once

#include <memory>
#include <string>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/list_desk.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/client_name.hpp>
#include <postrider/policy/dns_list.hpp>

namespace postrider::smtp {

// What DNS says of a client, asked while it says EHLO: nobody waits for it but who needs it, and
// never longer than the limit from the start.
class ClientFacts {
 public:
  ClientFacts(engine::Reactor& reactor, MonoTime deadline) : told_(reactor), deadline_(deadline) {}

  // Begins to ask. The lookups may outlive the connection: they hold what they need, and a Pass of
  // the gate under which the resolver and the desk (nullptr: no lists are asked) are alive.
  static std::shared_ptr<ClientFacts> ask(engine::Reactor& reactor, net::Resolver& resolver,
                                          engine::Gate& gate, IpAddress address,
                                          flow::ListDesk* lists, Duration limit);
  // A name that a trusted proxy has found out.
  void set_name(std::string name);

  // Waits until all is known, or the limit has passed.
  [[nodiscard]] engine::Task<void> wait(engine::CancelToken cancel);
  [[nodiscard]] const policy::ClientName& client() const { return client_; }
  [[nodiscard]] const std::vector<policy::DnsListing>& listings() const { return listings_; }

 private:
  static engine::Task<void> run(std::shared_ptr<ClientFacts> self, net::Resolver& resolver,
                                engine::Gate::Pass pass, engine::CancelToken closing,
                                IpAddress address, flow::ListDesk* lists);

  engine::Event told_;
  MonoTime deadline_;
  policy::ClientName client_;
  bool is_named_ = false;  // by a proxy
  std::vector<policy::DnsListing> listings_;
};

}  // namespace postrider::smtp
