#include "conversation.hpp"

#include <string>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/service/pop3/pop3_service.hpp>

namespace postrider::pop3 {
namespace {

SessionRules rules_for(const ListenerSettings& listener, const SessionRules& general) {
  SessionRules rules = general;
  rules.offer_stls = listener.tls == flow::ListenerTls::starttls;
  rules.auth_without_tls = listener.auth_without_tls;
  return rules;
}

std::string refusal(flow::TurnedAway why) {
  switch (why) {
    case flow::TurnedAway::full:
      return "-ERR [SYS/TEMP] Too many connections: try again later\r\n";
    case flow::TurnedAway::too_many_of_peer:
      return "-ERR [SYS/TEMP] Too many connections from your address\r\n";
    case flow::TurnedAway::too_often:
      return "-ERR [SYS/TEMP] Connecting too often: try again later\r\n";
    case flow::TurnedAway::stranger:
      return "-ERR [SYS/PERM] Not for you\r\n";
  }
  return {};
}

}  // namespace

struct Pop3Service::Impl {
  Impl(Pop3Doors given, Pop3Settings wanted)
      : doors(given),
        settings(std::move(wanted)),
        reception(doors.reactor, settings.limits,
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
    Conversation conversation(doors, settings, reception.gate(), std::move(listener),
                              std::move(stream));
    co_await conversation.run();
  }

  Pop3Doors doors;
  Pop3Settings settings;
  std::vector<std::shared_ptr<const ListenerFacts>> facts;  // by listener
  flow::Reception reception;
};

Pop3Service::Pop3Service(Pop3Doors doors, Pop3Settings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

Pop3Service::~Pop3Service() = default;

engine::IoResult<SocketAddress> Pop3Service::listen(ListenerSettings listener) {
  check(listener.tls == flow::ListenerTls::none || listener.context.has_value(),
        "a listener with TLS has a context");
  flow::ReceptionListener place{.address = listener.address, .proxy_from = listener.proxy_from};
  const SessionRules rules = rules_for(listener, impl_->settings.rules);
  impl_->facts.push_back(
      std::make_shared<const ListenerFacts>(ListenerFacts{std::move(listener), rules}));
  return impl_->reception.listen(std::move(place), impl_->facts.size() - 1);
}

void Pop3Service::set_tls(std::size_t listener, const net::TlsContext& context) {
  auto& facts = impl_->facts.at(listener);
  ListenerFacts changed = *facts;
  check(changed.settings.context.has_value(), "a listener without TLS gets no context");
  changed.settings.context = context;
  facts = std::make_shared<const ListenerFacts>(std::move(changed));
}

engine::Task<void> Pop3Service::stop(MonoTime patience) {
  return impl_->reception.stop(patience);
}

const flow::ReceptionCounters& Pop3Service::counters() const {
  return impl_->reception.counters();
}

}  // namespace postrider::pop3
