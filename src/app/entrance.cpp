#include "entrance.hpp"

#include "settings.hpp"

#include <utility>

#include <postrider/engine/when_all.hpp>

namespace postrider::app {

namespace {

smtp::ListenerSettings smtp_listener(const ListenerConfig& from,
                                     std::optional<net::TlsContext> context) {
  smtp::ListenerSettings settings;
  settings.door = from.door;
  settings.address = from.address;
  settings.unix_path = from.socket.string();
  settings.tls = from.tls;
  settings.allow = from.allow;
  settings.proxy_from = from.proxy_from;
  settings.xclient_from = from.xclient_from;
  settings.auth_without_tls = from.plain_auth;
  settings.context = std::move(context);
  return settings;
}

// Of a service that shows mailboxes to their owners.
template <class Settings>
Settings mailbox_listener(const ListenerConfig& from, std::optional<net::TlsContext> context) {
  return {.address = from.address,
          .proxy_from = from.proxy_from,
          .tls = from.tls,
          .auth_without_tls = from.plain_auth,
          .context = std::move(context)};
}

flow::ListSettings asked_lists(const EntranceDoors& doors, const Config& config) {
  flow::ListSettings settings = list_settings(config);
  settings.suffixes = doors.suffixes;
  return settings;
}

}  // namespace

Entrance::Entrance(const EntranceDoors& doors, const Config& config, CoreId cores)
    : lists_({.reactor = doors.reactor, .resolver = doors.resolver, .events = doors.events},
             asked_lists(doors, config)),
      intake_(flow::make_intake({.reactor = doors.reactor,
                                 .queue = doors.queue,
                                 .events = doors.events,
                                 .signer = &doors.signer,
                                 .directory = &doors.directory,
                                 .resolver = &doors.resolver,
                                 .dmarc = &doors.dmarc,
                                 .lists = &lists_,
                                 .greylist = doors.greylist},
                                intake_settings(config, cores))),
      smtp_{smtp::SmtpService({.reactor = doors.reactor,
                               .intake = *intake_,
                               .authenticator = &doors.authenticator,
                               .directory = &doors.directory,
                               .events = &doors.events,
                               .resolver = &doors.resolver,
                               .lists = &lists_},
                              smtp_settings(config, cores))},
      pop3_{pop3::Pop3Service({.reactor = doors.reactor,
                               .authenticator = doors.authenticator,
                               .mailboxes = doors.mailboxes,
                               .events = &doors.events},
                              pop3_settings(config, cores))},
      imap_{imap::ImapService({.reactor = doors.reactor,
                               .authenticator = doors.authenticator,
                               .mailboxes = doors.mailboxes,
                               .directory = &doors.directory,
                               .events = &doors.events,
                               .text_index = doors.text_index,
                               .trainer = &doors.trainer},
                              imap_settings(config, cores))},
      http_{control::UserService({.reactor = doors.reactor,
                                  .queue = doors.queue,
                                  .live = doors.live,
                                  .authenticator = doors.authenticator,
                                  .events = &doors.events},
                                 user_settings(config))} {}

engine::IoResult<SocketAddress> Entrance::listen(const ListenerConfig& listener,
                                                 std::optional<net::TlsContext> context) {
  switch (listener.protocol) {
    case Protocol::smtp:
      return listen_at(smtp_, smtp_listener(listener, std::move(context)));
    case Protocol::pop3:
      return listen_at(pop3_,
                       mailbox_listener<pop3::ListenerSettings>(listener, std::move(context)));
    case Protocol::imap:
      return listen_at(imap_,
                       mailbox_listener<imap::ListenerSettings>(listener, std::move(context)));
    case Protocol::http:
      return listen_at(
          http_, mailbox_listener<control::UserListenerSettings>(listener, std::move(context)));
  }
  std::unreachable();
}

template <class Service, class Settings>
engine::IoResult<SocketAddress> Entrance::listen_at(Part<Service>& part, Settings settings) {
  listeners_.emplace_back(
      [&service = part.service, number = part.listeners](const net::TlsContext& context) {
        service.set_tls(number, context);
      });
  ++part.listeners;
  return part.service.listen(std::move(settings));
}

void Entrance::leave_out_listener() {
  listeners_.emplace_back();
}

void Entrance::set_tls(std::size_t listener, const net::TlsContext& context) {
  if (const auto& set = listeners_.at(listener)) {
    set(context);
  }
}

engine::Task<void> Entrance::stop(MonoTime patience) {
  std::vector<engine::Task<void>> stops;
  stops.push_back(smtp_.service.stop(patience));
  stops.push_back(pop3_.service.stop(patience));
  stops.push_back(imap_.service.stop(patience));
  stops.push_back(http_.service.stop(patience));
  return engine::when_all(std::move(stops));
}

}  // namespace postrider::app
