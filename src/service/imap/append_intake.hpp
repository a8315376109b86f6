#pragma once

#include "service_shared.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/mailbox_commands.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {

// The messages of one APPEND or REPLACE while they come in: each is rendered, hashed and compressed
// when it is whole, and kept until the command is.
// Limits: what all connections of the core hold together (ImapSettings::append_octets_max).
class AppendIntake {
 public:
  explicit AppendIntake(ServiceShared& shared) : shared_(shared) {}

  // Whether a message may come: nullopt, or why not.
  [[nodiscard]] engine::Task<std::optional<Status>> open(store::MailAccountId account,
                                                         std::string owner,
                                                         const AppendArguments& arguments,
                                                         engine::Until until);
  void append(std::string_view octets) { octets_ += octets; }
  // The message is whole; nullopt, or why it can't be taken.
  [[nodiscard]] engine::Task<std::optional<Status>> close();
  void drop();

  // The messages of the command, in their order.
  [[nodiscard]] std::vector<flow::PreparedMailRef> take();
  [[nodiscard]] store::MailboxId mailbox() const { return mailbox_; }
  [[nodiscard]] store::MailQuota quota() const { return quota_; }

 private:
  [[nodiscard]] engine::Task<std::optional<Status>> look_up(store::MailAccountId account,
                                                            std::string owner, std::string mailbox);

  ServiceShared& shared_;
  store::MailboxId mailbox_ = store::MailboxId::none;
  store::MailQuota quota_;
  store::MailUsage usage_;  // with the messages that have come
  std::string octets_;
  std::vector<flow::PreparedMailRef> whole_;
  std::vector<engine::Semaphore::Permit> permits_;
};

}  // namespace postrider::imap
