#include "conversation.hpp"
#include "proxied_stream.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/service/smtp/smtp_service.hpp>

namespace postrider::smtp {
namespace {

ServerRules rules_for(const ListenerSettings& listener, const ServerRules& general,
                      bool can_authenticate) {
  ServerRules rules = general;
  rules.senders = listener.door == flow::Door::inbound ? Senders::anyone : Senders::trusted;
  rules.lmtp = listener.door == flow::Door::lmtp;
  rules.offer_starttls = listener.tls == ListenerTls::starttls;
  rules.offer_auth = can_authenticate && listener.door == flow::Door::submission;
  rules.auth_without_tls = listener.auth_without_tls;
  return rules;
}

}  // namespace

struct SmtpService::Impl {
  Impl(SmtpDoors doors, SmtpSettings settings) : core(doors, std::move(settings)) {}

  // Counts the sessions of one peer while it lives.
  class Place {
   public:
    Place(Impl& impl, IpAddress peer) : impl_(impl), peer_(peer) {
      ++impl_.peers[peer_];
      ++impl_.core.counters.sessions;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      --impl_.core.counters.sessions;
      if (--impl_.peers[peer_] == 0) {
        impl_.peers.erase(peer_);
      }
    }

   private:
    Impl& impl_;
    IpAddress peer_;
  };

  // Whom the operator has named may come as often as they like, as long as there is room at all.
  [[nodiscard]] std::optional<Reply> turn_away(const IpAddress& peer,
                                               const ListenerSettings& listener) {
    if (core.counters.sessions >= core.settings.sessions_max) {
      return Reply{421, {4, 3, 2}, "Too many connections: try again later"};
    }
    if (!listener.unix_path.empty() || is_named(listener.allow, peer)) {
      return std::nullopt;
    }
    if (listener.door == flow::Door::lmtp) {
      return Reply{554, {5, 7, 1}, "Not for you: mail for us comes in by SMTP"};
    }
    const auto held = peers.find(peer);
    if (held != peers.end() && held->second >= core.settings.sessions_per_peer_max) {
      return Reply{421, {4, 7, 0}, "Too many connections from your address"};
    }
    if (!core.connection_rate.admit(peer.text(), core.doors.reactor.now())) {
      return Reply{421, {4, 7, 0}, "Connecting too often: try again later"};
    }
    return std::nullopt;
  }

  engine::Task<void> accept(std::unique_ptr<engine::Listener> listener, std::size_t index,
                            engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    while (true) {
      auto stream = co_await listener->accept({mono_never, core.gate.closing()});
      if (!stream) {
        if (core.gate.is_closed()) {
          co_return;
        }
        // Out of descriptors, or the peer has gone: never a busy loop.
        (void)co_await core.doors.reactor.sleep_for(std::chrono::milliseconds(50),
                                                    core.gate.closing());
        continue;
      }
      if (auto entered = core.gate.enter()) {
        core.doors.reactor.spawn(converse(std::move(*stream), facts[index], std::move(entered)));
      }
    }
  }

  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream,
                              std::shared_ptr<const ListenerFacts> listener,
                              engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    ++core.counters.connections;
    if (is_named(listener->settings.proxy_from, stream->peer().ip)) {
      auto client = co_await read_proxy_header(
          std::move(stream),
          {core.doors.reactor.now() + core.settings.proxy_timeout, core.gate.closing()});
      if (!client) {
        ++core.counters.proxy_failures;
        co_return;
      }
      stream = std::move(*client);
    }
    const IpAddress peer = stream->peer().ip;
    if (const auto refusal = turn_away(peer, listener->settings)) {
      ++core.counters.turned_away;
      std::string out;
      encode_reply(*refusal, out);
      const engine::Until until{core.doors.reactor.now() + std::chrono::seconds(5),
                                core.gate.killing()};
      if (listener->settings.tls != ListenerTls::implicit) {
        (void)co_await stream->send(out, until);  // courtesy only
      }
      co_return;
    }
    const Place place(*this, peer);
    Conversation conversation(core, std::move(listener), std::move(stream));
    co_await conversation.run();
  }

  ServiceCore core;
  std::vector<std::shared_ptr<const ListenerFacts>> facts;  // by listener
  std::unordered_map<IpAddress, std::uint32_t> peers;
};

SmtpService::SmtpService(SmtpDoors doors, SmtpSettings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

SmtpService::~SmtpService() {
  check(impl_->core.gate.inside() == 0, "an SmtpService is stopped before it dies");
}

engine::IoResult<SocketAddress> SmtpService::listen(ListenerSettings listener) {
  check(listener.tls == ListenerTls::none || listener.context.has_value(),
        "a listener with TLS has a context");
  ServiceCore& core = impl_->core;
  auto opened = listener.unix_path.empty()
                    ? core.doors.reactor.listen({.address = listener.address})
                    : core.doors.reactor.listen_unix(
                          {.path = listener.unix_path, .mode = listener.unix_mode});
  if (!opened) {
    return failure(opened.error());
  }
  const SocketAddress address = (*opened)->local();
  const ServerRules rules =
      rules_for(listener, core.settings.rules, core.doors.authenticator != nullptr);
  impl_->facts.push_back(
      std::make_shared<const ListenerFacts>(ListenerFacts{std::move(listener), rules}));
  core.doors.reactor.spawn(
      impl_->accept(std::move(*opened), impl_->facts.size() - 1, core.gate.enter()));
  return address;
}

void SmtpService::leave_out_listener() {
  impl_->facts.push_back(nullptr);
}

void SmtpService::set_tls(std::size_t listener, const net::TlsContext& context) {
  auto& facts = impl_->facts.at(listener);
  ListenerFacts changed = *facts;
  check(changed.settings.context.has_value(), "a listener without TLS gets no context");
  changed.settings.context = context;
  facts = std::make_shared<const ListenerFacts>(std::move(changed));
}

engine::Task<void> SmtpService::stop(MonoTime patience) {
  return impl_->core.gate.drain(patience);
}

const SmtpCounters& SmtpService::counters() const {
  return impl_->core.counters;
}

}  // namespace postrider::smtp
