#pragma once

#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>
#include <postrider/codec/smtp/reply.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::tools {

struct Submission {
  SocketAddress server;
  bool implicit_tls = false;  // else STARTTLS, which the server must offer
  std::string server_name;    // for SNI
  std::string username;
  std::string password;
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string octets;  // header and body, lines in CRLF
  Duration patience{std::chrono::seconds(30)};
};

// Hands one message to a submission server as a mail client does (RFC 6409): TLS, AUTH, one
// transaction. Out: the reply that accepted it. Errors: what was refused or broke, for people.
engine::Task<Result<smtp::Reply, std::string>> submit(engine::Reactor& reactor,
                                                      const net::TlsContext& tls,
                                                      Submission submission);

}  // namespace postrider::tools
