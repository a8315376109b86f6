#pragma once

#include "client.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

// One connection: asks the session what to do, and does it.
class Conversation final : private ChangeListener {
 public:
  Conversation(ServiceShared& shared, engine::Gate& gate,
               std::shared_ptr<const ListenerFacts> listener,
               std::unique_ptr<engine::Stream> stream);
  [[nodiscard]] engine::Task<void> run();

 private:
  [[nodiscard]] engine::Until within(Duration duration) const;
  [[nodiscard]] engine::Task<bool> perform(ServerStep step);
  [[nodiscard]] engine::Task<bool> secure();
  [[nodiscard]] engine::Task<bool> read();
  [[nodiscard]] engine::Task<bool> receive();
  [[nodiscard]] engine::Task<void> load_verifier();
  [[nodiscard]] engine::Task<void> authenticate();
  [[nodiscard]] engine::Task<LoginAnswer> admit(sasl::LoginAnswer answer);
  [[nodiscard]] engine::Task<void> open_message();
  [[nodiscard]] engine::Task<void> close_message();
  [[nodiscard]] engine::Task<bool> execute();
  void tell_of_condstore();
  [[nodiscard]] bool may_still_look();
  void leave_if_gone();
  void leave_account();

  // While idling, and whenever it may be after NOTIFY: news are told at once.
  [[nodiscard]] bool pushes() const;
  [[nodiscard]] bool has_news() const;
  [[nodiscard]] engine::Task<void> tell_news();
  void on_mailbox_changed() override;
  [[nodiscard]] MonoTime next_keepalive();

  ServiceShared& shared_;
  engine::Gate& gate_;
  std::shared_ptr<const ListenerFacts> listener_;
  Client client_;
  SocketAddress peer_;
  std::string_view input_;
  std::string tls_;  // for the log
  MonoTime heard_;   // when the last octets came; before login: when it all began
  MonoTime keepalive_ = mono_never;
  bool stopping_ = false;
  bool condstore_ = false;                    // as it was before the command
  std::optional<engine::CancelSource> wake_;  // of a receive that news may end
};

}  // namespace postrider::imap
