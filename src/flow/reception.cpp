#include <optional>
#include <unordered_map>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/policy/rate_limiter.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t peers_remembered = 50'000;                  // for their rates
constexpr Duration accept_pause = std::chrono::milliseconds(50);  // out of descriptors
constexpr Duration courtesy_timeout = std::chrono::seconds(5);    // for a refusal to be sent

}  // namespace

struct Reception::Impl {
  Impl(engine::Reactor& given, ReceptionLimits wanted, Service what)
      : reactor(given),
        limits(wanted),
        service(std::move(what)),
        gate(given),
        rate(wanted.connections_per_peer, peers_remembered) {}

  // Counts the sessions of one peer while it lives.
  class Place {
   public:
    Place(Impl& impl, IpAddress peer) : impl_(impl), peer_(peer) {
      ++impl_.peers[peer_];
      ++impl_.counters.sessions;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      --impl_.counters.sessions;
      if (--impl_.peers[peer_] == 0) {
        impl_.peers.erase(peer_);
      }
    }

   private:
    Impl& impl_;
    IpAddress peer_;
  };

  std::optional<TurnedAway> judge(const IpAddress& peer) {
    if (counters.sessions >= limits.sessions) {
      return TurnedAway::full;
    }
    const auto held = peers.find(peer);
    if (held != peers.end() && held->second >= limits.sessions_per_peer) {
      return TurnedAway::too_many_of_peer;
    }
    if (!rate.admit(peer.text(), reactor.now())) {
      return TurnedAway::too_often;
    }
    return std::nullopt;
  }

  engine::Task<void> accept(std::unique_ptr<engine::Listener> listener, std::size_t number,
                            engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    while (true) {
      auto stream = co_await listener->accept({mono_never, gate.closing()});
      if (!stream) {
        if (gate.is_closed()) {
          co_return;
        }
        // Out of descriptors, or the peer has gone: never a busy loop.
        (void)co_await reactor.sleep_for(accept_pause, gate.closing());
        continue;
      }
      if (auto entered = gate.enter()) {
        reactor.spawn(receive(std::move(*stream), number, std::move(entered)));
      }
    }
  }

  engine::Task<void> receive(std::unique_ptr<engine::Stream> stream, std::size_t number,
                             engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    const IpAddress peer = stream->peer().ip;
    ++counters.connections;
    if (const auto why = judge(peer)) {
      ++counters.turned_away;
      const std::string text = service.refuse(*why, number);
      if (!text.empty()) {
        // Whether it arrives is the peer's affair.
        (void)co_await stream->send(text, {reactor.now() + courtesy_timeout, gate.killing()});
      }
      co_return;
    }
    const Place place(*this, peer);
    co_await service.converse(std::move(stream), number);
  }

  engine::Reactor& reactor;
  ReceptionLimits limits;
  Service service;
  engine::Gate gate;
  policy::RateLimiter rate;
  ReceptionCounters counters;
  std::unordered_map<IpAddress, std::uint32_t> peers;
  std::size_t listeners = 0;
};

Reception::Reception(engine::Reactor& reactor, ReceptionLimits limits, Service service)
    : impl_(std::make_unique<Impl>(reactor, limits, std::move(service))) {}

Reception::~Reception() {
  check(impl_->gate.inside() == 0, "a service is stopped before it dies");
}

engine::IoResult<SocketAddress> Reception::listen(const SocketAddress& address) {
  auto opened = impl_->reactor.listen({.address = address});
  if (!opened) {
    return failure(opened.error());
  }
  const SocketAddress local = (*opened)->local();
  impl_->reactor.spawn(impl_->accept(std::move(*opened), impl_->listeners++, impl_->gate.enter()));
  return local;
}

engine::Task<void> Reception::stop(MonoTime patience) {
  return impl_->gate.drain(patience);
}

engine::Gate& Reception::gate() {
  return impl_->gate;
}

const ReceptionCounters& Reception::counters() const {
  return impl_->counters;
}

}  // namespace postrider::flow
