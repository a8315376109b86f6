#pragma once

#include "load_link.hpp"
#include "load_session.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::tools {

// Whether "+OK" to this command is followed by lines up to a dot (RFC 1939 3, 5, 7).
[[nodiscard]] bool has_many_lines(std::string_view command);

// The same as ImapLoad for POP3.
class Pop3Load final : public LoadSession {
 public:
  Pop3Load(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor,
           std::uint64_t number);

  engine::Task<Result<void, std::string>> open() override;
  engine::Task<Result<void, std::string>> send(LoadId id) override;
  engine::Task<void> quit() override;
  [[nodiscard]] bool is_open() const override { return link_.is_open(); }

 private:
  engine::Task<Result<void, std::string>> greet();
  engine::Task<Result<void, std::string>> command(std::string text);
  engine::Task<Result<void, std::string>> read_status();

  const LoadSettings& settings_;
  LoadLink link_;
  std::string username_;
};

}  // namespace postrider::tools
