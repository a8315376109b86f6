#pragma once

#include "service_shared.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/mailbox_commands.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {

struct Client;
struct FoundMailbox;

// The messages of one APPEND or REPLACE while they come in: each is rendered, hashed and compressed
// when it is whole, and kept until the command is.
// Limits: what all connections of the core hold together (ImapSettings::append_octets_max).
class AppendIntake {
 public:
  explicit AppendIntake(ServiceShared& shared);
  AppendIntake(const AppendIntake&) = delete;
  AppendIntake& operator=(const AppendIntake&) = delete;
  ~AppendIntake();

  // Whether a message may come: nullopt, or why not. `replaces`: REPLACE's, else nullopt.
  [[nodiscard]] engine::Task<std::optional<Status>> open(Client& client,
                                                         const AppendArguments& arguments,
                                                         std::optional<ReplaceArguments> replaces,
                                                         engine::Until until);
  void append(std::string_view octets) { octets_ += octets; }
  // The message is whole; nullopt, or why it can't be taken.
  [[nodiscard]] engine::Task<std::optional<Status>> close();
  void drop();

  // The messages of the command, in their order.
  [[nodiscard]] std::vector<flow::PreparedMailRef> take();
  // Where they go. After open().
  [[nodiscard]] const FoundMailbox& target() const { return *target_; }
  [[nodiscard]] store::MailQuota quota() const { return quota_; }
  // Of the selected mailbox, which REPLACE takes away; 0: none.
  [[nodiscard]] store::Uid replaced() const { return replaced_; }

 private:
  [[nodiscard]] engine::Task<std::optional<Status>> look_up(Client& client, std::string mailbox);
  [[nodiscard]] engine::Task<std::optional<Status>> look_up_replaced(Client& client,
                                                                     ReplaceArguments replaces);

  ServiceShared& shared_;
  std::unique_ptr<FoundMailbox> target_;
  store::Uid replaced_ = 0;
  store::MailQuota quota_;
  store::MailUsage usage_;  // with the messages that have come
  std::string octets_;
  std::vector<flow::PreparedMailRef> whole_;
  std::vector<engine::Semaphore::Permit> permits_;
};

}  // namespace postrider::imap
