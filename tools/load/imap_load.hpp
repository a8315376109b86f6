#pragma once

#include "load_message.hpp"
#include "mailbox_load.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::tools {

// The literal that a line of a response ends in (RFC 9051 4.3): its octets follow. nullopt: none.
[[nodiscard]] std::optional<std::uint64_t> literal_at_end(std::string_view line);

// IMAP (RFC 9051): any answer but OK fails the operation.
class ImapLoad final : public MailboxLoad {
 public:
  // `number`: of the session, from 1: what "{n}" in the user's name stands for.
  ImapLoad(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor,
           std::uint64_t number);

 private:
  engine::Task<Done> greet() override;
  engine::Task<Done> log_in() override;
  std::string say(std::string text) override;
  engine::Task<Done> hear(std::string tag) override;
  [[nodiscard]] std::string made(const std::string& command, LoadId id) override;

  LoadMessage message_;
  std::string login_;
  std::uint64_t tags_ = 0;
};

}  // namespace postrider::tools
