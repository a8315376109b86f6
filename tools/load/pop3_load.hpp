#pragma once

#include "mailbox_load.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::tools {

// Whether "+OK" to this command is followed by lines up to a dot (RFC 1939 3, 5, 7).
[[nodiscard]] bool has_many_lines(std::string_view command);

// POP3 (RFC 1939): any answer but +OK fails the operation.
class Pop3Load final : public MailboxLoad {
 public:
  // `number`: as ImapLoad's.
  Pop3Load(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor,
           std::uint64_t number);

 private:
  engine::Task<Done> greet() override;
  engine::Task<Done> log_in() override;
  std::string say(std::string text) override;
  engine::Task<Done> hear(std::string said) override;
  engine::Task<Done> read_status();

  std::string username_;
};

}  // namespace postrider::tools
