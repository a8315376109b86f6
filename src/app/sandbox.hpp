#pragma once

#include "command_line.hpp"
#include "config.hpp"
#include "server.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <postrider/engine/sync.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/service/sandbox/catching_inbox.hpp>
#include <postrider/service/sandbox/dns_responder.hpp>
#include <postrider/service/sandbox/sandbox_signer.hpp>

namespace postrider::app {

struct SandboxPorts {
  std::uint16_t submission = 0;   // STARTTLS
  std::uint16_t submissions = 0;  // implicit TLS
  std::uint16_t inbox = 0;
  std::uint16_t dns = 0;
  std::uint16_t pop3 = 0;  // what the inbox has caught
  std::uint16_t imap = 0;  // likewise
};

// The whole server on loopback with a DNS answer for every domain and an inbox behind it: the path
// that a message takes is the real one.
class Sandbox {
 public:
  // Throws std::runtime_error where ports or folders are not to be had.
  explicit Sandbox(SandboxCommand command);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  [[nodiscard]] int run();

 private:
  Config make_config() const;
  ServerHooks make_hooks();
  engine::Task<void> open_world(engine::Reactor& reactor);
  engine::Task<void> when_ready(Server& server);
  engine::Task<bool> add_account(Server& server);
  engine::Task<void> close_world();
  engine::Task<void> check_path(Server& server);
  engine::Task<bool> check_one(Server& server, bool implicit_tls, const std::string& token);
  void greet() const;
  void on_event(const flow::Event& event);
  void on_caught(const sandbox::CaughtMessage& message);
  engine::Task<void> keep(sandbox::CaughtMessage message, engine::Gate::Pass pass);
  void print(const std::string& line);

  SandboxCommand command_;
  std::filesystem::path folder_;
  bool is_temporary_ = false;
  SandboxPorts ports_;
  std::string password_;
  sandbox::SandboxKeys keys_;
  Server* server_ = nullptr;            // while it runs
  engine::Reactor* reactor_ = nullptr;  // core 0's, once it runs
  std::optional<engine::Gate> keeping_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<sandbox::DnsResponder> dns_;
  std::optional<net::TlsContext> inbox_tls_;
  std::unique_ptr<sandbox::CatchingInbox> inbox_;
  net::TlsServerSettings tls_;
  std::mutex output_;  // events come from every core; this is a terminal, not the path of mail
  std::unique_ptr<engine::Event> caught_;  // while checking
  std::string awaited_token_;
  bool is_verified_ = false;
  int code_ = 0;
};

}  // namespace postrider::app
