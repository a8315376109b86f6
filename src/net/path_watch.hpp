#pragma once

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

// What the checks of the path to the servers share; part of ResolverShared.
struct PathWatch {
  explicit PathWatch(engine::Reactor& reactor) : ended(reactor) {}
  DnssecStatus status;
  bool is_checking = false;
  engine::Event ended;  // pulsed at the end of a check
  MonoTime checked{};
  bool was_conclusive = false;  // of the last check: somebody answered
};

}  // namespace postrider::net
