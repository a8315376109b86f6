#pragma once

#include "host_memory.hpp"
#include "item.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

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

// The addresses of a target in the order in which one attempt tries them: hosts by preference, each
// host's addresses as the resolver orders them; those that failed a while ago come last of all. A
// host is looked up when its turn comes.
class HostWalk {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    const HostMemory& memory;
    net::AddressFamilies families;
    Duration dns_timeout;
  };
  HostWalk(Doors doors, std::shared_ptr<const Target> target)
      : doors_(doors), target_(std::move(target)) {}

  // nullopt: no more.
  [[nodiscard]] engine::Task<std::optional<Candidate>> next(engine::CancelToken cancel);
  // Why a host had no address, for people; empty if each had one.
  [[nodiscard]] const std::string& dns_problem() const { return dns_problem_; }
  // A lookup failed for now, so that nothing permanent can be said.
  [[nodiscard]] bool is_dns_temporary() const { return dns_temporary_; }

 private:
  [[nodiscard]] engine::Task<void> look_up(policy::NextHop hop, engine::CancelToken cancel);

  Doors doors_;
  std::shared_ptr<const Target> target_;
  std::size_t next_hop_ = 0;
  std::deque<Candidate> ready_;
  std::deque<Candidate> later_;
  std::string dns_problem_;
  bool dns_temporary_ = false;
};

}  // namespace postrider::delivery
