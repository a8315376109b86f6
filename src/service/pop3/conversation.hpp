#pragma once

#include "mail_reader.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/pop3/session.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/service/pop3/pop3_service.hpp>

namespace postrider::pop3 {

// What the connections of one listener share; counted, since a reload replaces it under those that
// live on.
struct ListenerFacts {
  ListenerSettings settings;
  SessionRules rules;
};

// One connection: asks the session what to do, and does it.
class Conversation {
 public:
  Conversation(Pop3Doors doors, const Pop3Settings& settings, engine::Gate& gate,
               std::shared_ptr<const ListenerFacts> listener,
               std::unique_ptr<engine::Stream> stream);
  [[nodiscard]] engine::Task<void> run();

 private:
  [[nodiscard]] engine::Until within(Duration duration) const;
  [[nodiscard]] engine::Task<bool> secure();
  [[nodiscard]] engine::Task<bool> read();
  [[nodiscard]] engine::Task<bool> perform(Step step);
  [[nodiscard]] engine::Task<void> load_verifier();
  [[nodiscard]] engine::Task<void> authenticate();
  [[nodiscard]] engine::Task<void> open();
  [[nodiscard]] engine::Task<void> load_sizes();
  // False: it broke off within a message, and the connection can't go on.
  [[nodiscard]] engine::Task<bool> send_message();
  [[nodiscard]] engine::Task<bool> send_body(const MailReader::Mail& mail,
                                             class MessageWriter& writer);
  [[nodiscard]] engine::Task<void> remove();

  Pop3Doors doors_;
  const Pop3Settings& settings_;
  engine::Gate& gate_;
  std::shared_ptr<const ListenerFacts> listener_;
  net::Connection connection_;
  SocketAddress peer_;
  std::optional<Session> session_;
  std::string_view input_;
  std::string tls_;  // for the log
  store::MailAccountId account_ = store::MailAccountId::none;
  MailReader mails_;
};

}  // namespace postrider::pop3
