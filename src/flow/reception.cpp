#include "proxied_stream.hpp"

#include <algorithm>
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

bool is_named(const std::vector<IpNetwork>& networks, const IpAddress& peer) {
  return std::ranges::any_of(networks,
                             [&peer](const IpNetwork& network) { return network.contains(peer); });
}

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

  std::optional<TurnedAway> judge(const IpAddress& peer, const ReceptionListener& listener) {
    if (counters.sessions >= limits.sessions) {
      return TurnedAway::full;
    }
    if (!listener.unix_path.empty() || is_named(listener.named, peer)) {
      return std::nullopt;
    }
    if (listener.only_named) {
      return TurnedAway::stranger;
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

  using Facts = std::shared_ptr<const ReceptionListener>;

  engine::Task<void> accept(std::unique_ptr<engine::Listener> listener, Facts facts,
                            std::size_t number, engine::Gate::Pass pass) {
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
        reactor.spawn(receive(std::move(*stream), facts, number, std::move(entered)));
      }
    }
  }

  engine::Task<void> receive(std::unique_ptr<engine::Stream> stream, Facts listener,
                             std::size_t number, engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    ++counters.connections;
    if (is_named(listener->proxy_from, stream->peer().ip)) {
      auto client = co_await read_proxy_header(
          std::move(stream), {reactor.now() + limits.proxy_timeout, gate.closing()});
      if (!client) {
        ++counters.proxy_failures;
        co_return;
      }
      stream = std::move(*client);
    }
    const IpAddress peer = stream->peer().ip;
    if (const auto why = judge(peer, *listener)) {
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
};

Reception::Reception(engine::Reactor& reactor, ReceptionLimits limits, Service service)
    : impl_(std::make_unique<Impl>(reactor, limits, std::move(service))) {}

Reception::~Reception() {
  check(impl_->gate.inside() == 0, "a service is stopped before it dies");
}

engine::IoResult<SocketAddress> Reception::listen(ReceptionListener listener, std::size_t number) {
  engine::Reactor& reactor = impl_->reactor;
  auto opened = listener.unix_path.empty()
                    ? reactor.listen({.address = listener.address})
                    : reactor.listen_unix(
                          {.path = listener.unix_path, .mode = listener.unix_mode, .shared = true});
  if (!opened) {
    return failure(opened.error());
  }
  const SocketAddress local = (*opened)->local();
  reactor.spawn(impl_->accept(std::move(*opened),
                              std::make_shared<const ReceptionListener>(std::move(listener)),
                              number, impl_->gate.enter()));
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
