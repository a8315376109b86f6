#pragma once

#include <functional>
#include <memory>
#include <string>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>

namespace postrider::flow {

// A server of the simulated network that serves one connection after the other by a coroutine.
class FakePeer {
 public:
  using Serve = std::function<engine::Task<void>(engine::Stream&)>;
  FakePeer(engine::Reactor& reactor, Serve serve) : reactor_(reactor), serve_(std::move(serve)) {
    listener_ = *reactor.listen({.address = *SocketAddress::parse("127.0.0.1:0")});
    address = listener_->local();
    reactor.spawn(run());
  }
  void stop() { stop_.cancel(); }
  engine::Until soon() { return {reactor_.now() + std::chrono::hours(1), stop_.token()}; }
  SocketAddress address;
  int connections = 0;

 private:
  engine::Task<void> run() {
    while (true) {
      auto stream = co_await listener_->accept({mono_never, stop_.token()});
      if (!stream) {
        co_return;
      }
      ++connections;
      co_await serve_(**stream);
    }
  }
  engine::Reactor& reactor_;
  Serve serve_;
  std::unique_ptr<engine::Listener> listener_;
  engine::CancelSource stop_;
};

}  // namespace postrider::flow
