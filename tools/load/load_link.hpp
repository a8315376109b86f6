#pragma once

#include "load_settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::tools {

// A connection that is read by lines and counted octets, as the mailbox protocols are. Whoever gets
// an error drops it. Limits: line_octets_max.
class LoadLink {
 public:
  static constexpr std::size_t line_octets_max = 1 << 20;
  template <class T>
  using Answer = Result<T, std::string>;

  // All outlive the link.
  LoadLink(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor)
      : settings_(settings), tls_(tls), reactor_(reactor) {}

  // With TLS from the first octet if the settings say so.
  engine::Task<Answer<void>> connect();
  engine::Task<Answer<void>> start_tls();
  void write(std::string_view octets) { connection_->write(octets); }
  // Sends what was written.
  engine::Task<Answer<void>> flush();
  // Without its line end. Valid until the next call.
  engine::Task<Answer<std::string_view>> line();
  // Reads so many octets past.
  engine::Task<Answer<void>> skip(std::uint64_t octets);
  // Sends what was written; waits a moment for an answer, whatever it says.
  engine::Task<void> part();
  void drop();
  [[nodiscard]] bool is_open() const { return connection_.has_value(); }

 private:
  [[nodiscard]] engine::Until patience() const { return {reactor_.now() + settings_.patience, {}}; }
  engine::Task<Answer<void>> receive();

  const LoadSettings& settings_;
  const net::TlsContext& tls_;
  engine::Reactor& reactor_;
  std::optional<net::Connection> connection_;
  std::string_view unread_;  // lent by the connection
  std::string line_;         // one that came in pieces
};

}  // namespace postrider::tools
