#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::tools {

enum class LoadTls : std::uint8_t { none, starttls, implicit };

struct LoadSettings {
  SocketAddress server;
  std::uint32_t sessions = 20;
  std::uint64_t messages = 1000;
  std::uint64_t per_connection = 0;  // messages; 0: as many as there are
  std::uint64_t size_octets = 4096;  // of a message, header and all
  std::uint32_t recipients = 1;      // of a message
  std::uint32_t domains = 1;         // that recipients are spread over
  std::string domain = "example.net";
  std::string reverse_path = "load@example.org";
  double rate = 0;  // messages a second, whatever the server does; 0: as fast as it answers
  LoadTls tls = LoadTls::none;
  std::string username;  // empty: no AUTH
  std::string password;
  Duration patience{std::chrono::minutes(1)};  // for each answer
  std::optional<std::uint64_t> run;            // of the ids; default: random
  bool json = false;
  bool quiet = false;  // no progress on standard error
};

}  // namespace postrider::tools
