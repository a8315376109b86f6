#pragma once

#include "load_message.hpp"
#include "load_session.hpp"
#include "load_settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/smtp/client_capabilities.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::tools {

// A generator's connection: less than the server's own SMTP client, since it only has to be cheap
// and to see every failure. Errors are words for people.
class LoadClient final : public LoadSession {
 public:
  // All outlive the client.
  LoadClient(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor)
      : settings_(settings), tls_(tls), reactor_(reactor), message_(settings, reactor.wall_now()) {}

  engine::Task<Result<void, std::string>> open() override;
  engine::Task<Result<void, std::string>> send(LoadId id) override;
  engine::Task<void> quit() override;
  [[nodiscard]] bool is_open() const override { return connection_.has_value(); }

 private:
  using Answer = Result<smtp::Reply, std::string>;
  engine::Task<Result<void, std::string>> open_conversation();
  engine::Task<Answer> ask(std::string_view command);  // flushes
  engine::Task<Answer> read_reply();
  engine::Task<Answer> hello();
  engine::Task<Answer> read_verdict();
  engine::Task<Result<void, std::string>> send_envelope(LoadId id);
  engine::Task<Result<void, std::string>> start_tls();
  [[nodiscard]] engine::Until patience() const { return {reactor_.now() + settings_.patience, {}}; }
  void drop();

  const LoadSettings& settings_;
  const net::TlsContext& tls_;
  engine::Reactor& reactor_;
  LoadMessage message_;
  std::optional<net::Connection> connection_;
  smtp::ReplyParser parser_;
  std::string_view unread_;
  smtp::Capabilities capabilities_;
};

}  // namespace postrider::tools
