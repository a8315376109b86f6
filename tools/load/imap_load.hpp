#pragma once

#include "load_link.hpp"
#include "load_message.hpp"
#include "load_session.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::tools {

// The literal that a line of a response ends in (RFC 9051 4.3): its octets follow. nullopt: none.
[[nodiscard]] std::optional<std::uint64_t> literal_at_end(std::string_view line);

// Logs in, then carries out the commands of LoadSettings: those of `first` once a connection, those
// of `commands` for each operation (RFC 9051). Any answer but OK fails the operation.
class ImapLoad final : public LoadSession {
 public:
  // `number`: of the session, from 1: what "{n}" in the user's name stands for.
  ImapLoad(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor,
           std::uint64_t number);

  engine::Task<Result<void, std::string>> open() override;
  engine::Task<Result<void, std::string>> send(LoadId id) override;
  engine::Task<void> quit() override;
  [[nodiscard]] bool is_open() const override { return link_.is_open(); }

 private:
  engine::Task<Result<void, std::string>> greet();
  engine::Task<Result<void, std::string>> command(std::string text);
  engine::Task<Result<void, std::string>> read_answer(const std::string& tag);

  const LoadSettings& settings_;
  LoadLink link_;
  LoadMessage message_;
  std::string login_;
  std::uint64_t tags_ = 0;
};

}  // namespace postrider::tools
