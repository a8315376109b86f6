#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/codec/smtp/client_session.hpp>

namespace postrider::smtp {

// One AUTH exchange (RFC 4954 4) of a ClientSession.
struct ClientSession::Authentication {
  // The best mechanism that both sides know; null if there is none that may be used.
  [[nodiscard]] static std::unique_ptr<Authentication> choose(const ClientSettings& settings,
                                                              const Capabilities& capabilities,
                                                              const sasl::ChannelBindings& bindings,
                                                              bool password_may_show);
  Authentication(sasl::Mechanism chosen, const ClientSettings& settings,
                 const sasl::ChannelBindings& bindings)
      : mechanism(chosen),
        exchange(chosen, {settings.username, settings.password}, bindings, *settings.random) {}

  // Complete lines, as sent; empty: the credentials can't be used at all.
  [[nodiscard]] std::string first_line();
  // "*" gives up; the server then answers 501.
  [[nodiscard]] std::string on_challenge(std::string_view base64);

  sasl::Mechanism mechanism;
  sasl::ClientExchange exchange;
  std::optional<std::string> late_initial;  // base64, waits for the empty challenge
};

}  // namespace postrider::smtp
