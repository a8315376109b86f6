#include "conversation.hpp"

#include <string>
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

std::string refusal(flow::TurnedAway why) {
  Reply reply;
  switch (why) {
    case flow::TurnedAway::full:
      reply = {421, {4, 3, 2}, "Too many connections: try again later"};
      break;
    case flow::TurnedAway::too_many_of_peer:
      reply = {421, {4, 7, 0}, "Too many connections from your address"};
      break;
    case flow::TurnedAway::too_often:
      reply = {421, {4, 7, 0}, "Connecting too often: try again later"};
      break;
    case flow::TurnedAway::stranger:  // LMTP
      reply = {554, {5, 7, 1}, "Not for you: mail for us comes in by SMTP"};
      break;
  }
  std::string out;
  encode_reply(reply, out);
  return out;
}

}  // namespace

struct SmtpService::Impl {
  Impl(SmtpDoors doors, SmtpSettings settings)
      : reception(doors.reactor, settings.limits,
                  {.converse =
                       [this](std::unique_ptr<engine::Stream> stream, std::size_t listener) {
                         return converse(std::move(stream), facts.at(listener));
                       },
                   .refuse =
                       [this](flow::TurnedAway why, std::size_t listener) {
                         const bool is_plain =
                             facts.at(listener)->settings.tls != ListenerTls::implicit;
                         return is_plain ? refusal(why) : std::string();
                       }}),
        core(doors, std::move(settings), reception.gate()) {}

  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream,
                              std::shared_ptr<const ListenerFacts> listener) {
    Conversation conversation(core, std::move(listener), std::move(stream));
    co_await conversation.run();
  }

  std::vector<std::shared_ptr<const ListenerFacts>> facts;  // by listener
  flow::Reception reception;
  ServiceCore core;
};

SmtpService::SmtpService(SmtpDoors doors, SmtpSettings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

SmtpService::~SmtpService() = default;

engine::IoResult<SocketAddress> SmtpService::listen(ListenerSettings listener) {
  check(listener.tls == ListenerTls::none || listener.context.has_value(),
        "a listener with TLS has a context");
  const ServiceCore& core = impl_->core;
  const ServerRules rules =
      rules_for(listener, core.settings.rules, core.doors.authenticator != nullptr);
  flow::ReceptionListener place{.address = listener.address,
                                .unix_path = listener.unix_path,
                                .unix_mode = listener.unix_mode,
                                .proxy_from = listener.proxy_from,
                                .named = listener.allow,
                                .only_named = listener.door == flow::Door::lmtp};
  impl_->facts.push_back(
      std::make_shared<const ListenerFacts>(ListenerFacts{std::move(listener), rules}));
  return impl_->reception.listen(std::move(place), impl_->facts.size() - 1);
}

void SmtpService::set_tls(std::size_t listener, const net::TlsContext& context) {
  auto& facts = impl_->facts.at(listener);
  ListenerFacts changed = *facts;
  check(changed.settings.context.has_value(), "a listener without TLS gets no context");
  changed.settings.context = context;
  facts = std::make_shared<const ListenerFacts>(std::move(changed));
}

engine::Task<void> SmtpService::stop(MonoTime patience) {
  return impl_->reception.stop(patience);
}

const SmtpCounters& SmtpService::counters() const {
  return impl_->core.counters;
}

const flow::ReceptionCounters& SmtpService::reception() const {
  return impl_->reception.counters();
}

}  // namespace postrider::smtp
