#include "command_table.hpp"
#include "conversation.hpp"

#include <string>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/service/imap/imap_service.hpp>

namespace postrider::imap {
namespace {

ServerRules rules_for(const ListenerSettings& listener, const ServerRules& general) {
  ServerRules rules = general;
  rules.offer_starttls = listener.tls == flow::ListenerTls::starttls;
  rules.auth_without_tls = listener.auth_without_tls;
  rules.offered = rules.offered.without(CapabilitySet::all().without(served_capabilities()));
  return rules;
}

std::string refusal(flow::TurnedAway why) {
  switch (why) {
    case flow::TurnedAway::full:
      return "* BYE [UNAVAILABLE] Too many connections: try again later\r\n";
    case flow::TurnedAway::too_many_of_peer:
      return "* BYE [LIMIT] Too many connections from your address\r\n";
    case flow::TurnedAway::too_often:
      return "* BYE [LIMIT] Connecting too often: try again later\r\n";
    case flow::TurnedAway::stranger:
      return "* BYE [NOPERM] Not for you\r\n";
  }
  return {};
}

}  // namespace

struct ImapService::Impl {
  Impl(ImapDoors given, ImapSettings wanted)
      : settings(std::move(wanted)),
        shared(given, settings),
        reception(given.reactor, settings.limits,
                  {.converse =
                       [this](std::unique_ptr<engine::Stream> stream, std::size_t listener) {
                         return converse(std::move(stream), facts.at(listener));
                       },
                   .refuse =
                       [this](flow::TurnedAway why, std::size_t listener) {
                         const bool is_plain =
                             facts.at(listener)->settings.tls != flow::ListenerTls::implicit;
                         return is_plain ? refusal(why) : std::string();
                       }}) {}

  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream,
                              std::shared_ptr<const ListenerFacts> listener) {
    Conversation conversation(shared, reception.gate(), std::move(listener), std::move(stream));
    co_await conversation.run();
  }

  ImapSettings settings;
  ServiceShared shared;
  std::vector<std::shared_ptr<const ListenerFacts>> facts;  // by listener
  flow::Reception reception;
};

ImapService::ImapService(ImapDoors doors, ImapSettings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

ImapService::~ImapService() = default;

engine::IoResult<SocketAddress> ImapService::listen(ListenerSettings listener) {
  check(listener.tls == flow::ListenerTls::none || listener.context.has_value(),
        "a listener with TLS has a context");
  flow::ReceptionListener place{.address = listener.address, .proxy_from = listener.proxy_from};
  ServerRules rules = rules_for(listener, impl_->settings.rules);
  impl_->facts.push_back(
      std::make_shared<const ListenerFacts>(ListenerFacts{std::move(listener), std::move(rules)}));
  return impl_->reception.listen(std::move(place), impl_->facts.size() - 1);
}

void ImapService::set_tls(std::size_t listener, const net::TlsContext& context) {
  auto& facts = impl_->facts.at(listener);
  ListenerFacts changed = *facts;
  check(changed.settings.context.has_value(), "a listener without TLS gets no context");
  changed.settings.context = context;
  facts = std::make_shared<const ListenerFacts>(std::move(changed));
}

engine::Task<void> ImapService::stop(MonoTime patience) {
  return impl_->reception.stop(patience);
}

const flow::ReceptionCounters& ImapService::counters() const {
  return impl_->reception.counters();
}

}  // namespace postrider::imap
