#pragma once

#include "host_memory.hpp"
#include "item.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::delivery {

// One address to try.
struct Candidate {
  std::string host;
  SocketAddress address;
};

// The addresses of a target in the order in which one attempt tries them: hosts by preference,
// drawn among equals, each host's addresses as the resolver orders them; those that failed a while
// ago, or whose family the site refuses, come last of all. A host is looked up when its turn comes.
class HostWalk {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    HostMemory& memory;
    const FamilyMemory& families_refused;
    net::AddressFamilies families;
    Duration dns_timeout;
    Duration probe_time;  // within which a host that failed once has shown how it is
  };
  HostWalk(Doors doors, std::shared_ptr<const Target> target);

  // nullopt: no more.
  [[nodiscard]] engine::Task<std::optional<Candidate>> next(engine::CancelToken cancel);
  // Further addresses of the same host that would come next: to be raced with it.
  [[nodiscard]] std::vector<Candidate> rest_of(const Candidate& candidate) const;
  // It has been tried.
  void drop(const SocketAddress& address);
  // Why a host had no address, for people; empty if each had one.
  [[nodiscard]] const std::string& dns_problem() const { return dns_problem_; }
  // What a message is deferred with when no host had an address: 4.7.5 where DNSSEC forbids one.
  [[nodiscard]] smtp::EnhancedCode dns_code() const {
    return dns_bogus_ ? smtp::EnhancedCode{4, 7, 5} : smtp::EnhancedCode{4, 4, 3};
  }
  // A lookup failed for now, so that nothing permanent can be said.
  [[nodiscard]] bool is_dns_temporary() const { return dns_temporary_; }

 private:
  [[nodiscard]] engine::Task<void> look_up(policy::NextHop hop, engine::CancelToken cancel);

  Doors doors_;
  std::shared_ptr<const Target> target_;
  std::vector<policy::NextHop> hops_;
  std::size_t next_hop_ = 0;
  std::deque<Candidate> ready_;
  std::deque<Candidate> later_;
  std::string dns_problem_;
  bool dns_temporary_ = false;
  bool dns_bogus_ = false;
};

}  // namespace postrider::delivery
