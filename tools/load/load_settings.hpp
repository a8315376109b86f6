#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::tools {

enum class LoadTls : std::uint8_t { none, starttls, implicit };
enum class LoadProtocol : std::uint8_t { smtp, lmtp, imap, pop3 };

struct LoadSettings {
  LoadProtocol protocol = LoadProtocol::smtp;
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
  std::string username;  // empty: no login; "{n}": the number of the session, from 1
  std::string password;
  // Of a mailbox protocol: what a connection begins with, and what one operation is. "{n}": the
  // number of the operation, from 1; "{message}": a message of size_octets, as a literal.
  std::vector<std::string> first;
  std::vector<std::string> commands;
  bool pipelined = false;                      // the commands of an operation go out together
  Duration patience{std::chrono::minutes(1)};  // for each answer
  std::optional<std::uint64_t> run;            // of the ids; default: random
  bool json = false;
  bool quiet = false;  // no progress on standard error
};

}  // namespace postrider::tools
