#pragma once

#include "client_facts.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/smtp/server_session.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/policy/account_rate.hpp>
#include <postrider/policy/rate_limiter.hpp>
#include <postrider/service/smtp/smtp_service.hpp>

namespace postrider::smtp {

// What the conversations of one core share.
struct ServiceCore {
  ServiceCore(SmtpDoors given, SmtpSettings wanted, engine::Gate& its_gate)
      : doors(given),
        settings(std::move(wanted)),
        gate(its_gate),
        message_rate(settings.messages_per_account, 50'000),
        peer_message_rate(settings.messages_per_peer, 50'000),
        unknown_recipient_rate(settings.unknown_recipients_per_peer, 50'000) {}
  SmtpDoors doors;
  SmtpSettings settings;
  engine::Gate& gate;  // of the reception
  policy::AccountRate message_rate;
  policy::RateLimiter peer_message_rate;       // of inbound mail, by address
  policy::RateLimiter unknown_recipient_rate;  // by address
  SmtpCounters counters;
};

// What the connections of one listener share; counted, since a reload replaces it under those that
// live on.
struct ListenerFacts {
  ListenerSettings settings;
  ServerRules rules;
};

// One connection: asks the session what to do, and does it.
class Conversation {
 public:
  Conversation(ServiceCore& core, std::shared_ptr<const ListenerFacts> listener,
               std::unique_ptr<engine::Stream> stream);
  [[nodiscard]] engine::Task<void> run();

 private:
  [[nodiscard]] engine::Until within(Duration duration) const;
  [[nodiscard]] engine::Task<bool> secure();
  [[nodiscard]] engine::Task<bool> read();
  [[nodiscard]] engine::Task<bool> perform(ServerStep step);
  [[nodiscard]] engine::Task<void> load_verifier();
  [[nodiscard]] engine::Task<void> authenticate();
  [[nodiscard]] engine::Task<void> check_sender();
  [[nodiscard]] engine::Task<void> check_recipient();
  [[nodiscard]] bool is_trusted() const;
  void learn_client();
  void change_client();
  [[nodiscard]] std::optional<Reply> judge_sender();
  [[nodiscard]] std::vector<policy::DnsListing> listings() const;
  [[nodiscard]] engine::Task<void> look_up_names();
  [[nodiscard]] engine::Task<std::optional<Reply>> judge_by_lists();
  [[nodiscard]] engine::Task<std::optional<Reply>> judge_recipient(const Path& path);
  [[nodiscard]] engine::Task<Reply> slow_down_guessing(Reply refusal);
  [[nodiscard]] engine::Task<std::optional<Reply>> check_hosted(const Path& path);
  // What the filters that listen say (conversation_filters.cpp).
  [[nodiscard]] engine::Task<std::optional<Reply>> ask_filters_of_sender();
  [[nodiscard]] engine::Task<std::optional<Reply>> ask_filters_of_recipient();
  void open_message();
  [[nodiscard]] engine::Task<void> append_body();
  [[nodiscard]] engine::Task<void> commit();
  [[nodiscard]] flow::Conversation conversation_facts() const;
  [[nodiscard]] flow::Event event_of(flow::EventKind kind) const;
  void tell_refusals();
  void tell_refusal(ServerRefusal refusal);

  ServiceCore& core_;
  std::shared_ptr<const ListenerFacts> listener_;
  net::Connection connection_;
  SocketAddress peer_;
  MonoTime deadline_;       // of the whole connection
  MonoTime line_deadline_;  // of the line that has begun
  std::optional<ServerSession> session_;
  std::string_view input_;
  std::string tls_;  // for Received and the log
  policy::Identity identity_;
  std::shared_ptr<ClientFacts> client_;  // counted: its lookups may outlive the connection
  // What names this transaction's sender, the HELO and the client's name; nullopt: not asked yet.
  std::optional<std::vector<policy::DnsListing>> name_listings_;
  std::uint32_t unknown_recipients_ = 0;
  std::unique_ptr<flow::FilterSession> filters_;  // made at the first MAIL; null: none listen
  bool has_filters_ = false;                      // that has been found out
  std::unique_ptr<flow::IncomingMessage> message_;
  std::uint32_t refusals_told_ = 0;
  bool closing_ = false;  // the gate closes, and the session finishes its transaction
};

}  // namespace postrider::smtp
