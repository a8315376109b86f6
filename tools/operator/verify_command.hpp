#pragma once

#include "answer.hpp"

#include <filesystem>
#include <optional>
#include <string>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::tools {

struct VerifyCommand {
  std::filesystem::path file;            // "-": standard input
  std::optional<IpAddress> ip;           // of the client; nullopt: SPF is not checked
  std::string helo;                      // empty: not known
  std::optional<std::string> mail_from;  // nullopt: what Return-Path says
  std::string authserv_id = "localhost";
  bool public_suffixes = false;  // RFC 7489's organizational domains
  net::ResolverSettings resolver;
  bool json = false;
};

// What inbound would conclude of who sent a message: SPF, DKIM, DMARC, ARC, each with its reason.
// Out: exit_ok if it is authentic: DMARC passes, or, where nothing is asked for by DMARC, SPF or a
// signature or the ARC chain does.
engine::Task<int> run_verify_command(VerifyCommand command, engine::Reactor& reactor,
                                     Terminal terminal);

}  // namespace postrider::tools
