#pragma once

#include "config.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/json.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/flow/dkim_keyring.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/net/tls_ticket_keys.hpp>
#include <postrider/service/control/control_service.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/store/store.hpp>

namespace postrider::app {

// What the sandbox adds to a server.
struct ServerHooks {
  // Stands in for the configuration's certificate and DKIM keys.
  std::optional<net::TlsServerSettings> tls;
  std::function<std::unique_ptr<flow::Signer>(CoreId)> make_signer;
  // Sees each event on its core before the log does.
  std::function<void(const flow::Event&)> on_event;
  // Core 0: before delivery begins, when all listens (ends the server when it returns), and last.
  std::function<engine::Task<void>(engine::Reactor&)> before_start;
  std::function<engine::Task<void>(class Server&)> when_ready;
  std::function<engine::Task<void>()> after_stop;
  bool quiet = false;  // no lines on standard error but errors
};

// The server: constructs every room on every core and binds them. run() returns the exit code.
class Server {
 public:
  // Throws std::runtime_error where the machine, the store or a file does not let it start.
  Server(Config config, ServerHooks hooks);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] int run();

  // For when_ready.
  [[nodiscard]] engine::Reactor& reactor() { return engine_->reactor(0); }
  [[nodiscard]] flow::AccountDesk& accounts() { return *accounts_; }
  [[nodiscard]] flow::MailFiling& filing();  // of core 0
  // Until SIGTERM or SIGINT; reloads at SIGHUP.
  engine::Task<void> serve_until_told();
  // As configured, with real ports.
  [[nodiscard]] const std::vector<SocketAddress>& addresses() const { return addresses_; }

 private:
  struct Core;
  using CoreStep = engine::Task<void> (Server::*)(Core&);

  void make_core(CoreId id);
  engine::Task<void> run_core_0();
  engine::Task<bool> start_all();
  engine::Task<void> stop_all();
  engine::Task<void> on_each_core(CoreStep step);
  engine::Task<void> run_step(Core& core, CoreStep step, class Countdown& left);
  engine::Task<void> start_peers(Core& core);
  engine::Task<void> stop_peers(Core& core);
  engine::Task<void> flush_reports(Core& core);
  void start_reporters();
  engine::Task<void> stop_reporters();
  void start_keepers();
  engine::Task<void> stop_keepers();
  // Throws std::runtime_error if a file can't be used.
  static void set_returns(Core& core, const Config& config);
  static engine::Task<std::optional<bool>> is_ours(Core& core, std::string domain);
  engine::Task<void> sweep_facts();
  engine::Task<void> open_listeners(Core& core);
  engine::Task<void> close_listeners(Core& core);
  engine::Task<void> save_dns_cache(Core& core);
  void on_dnssec(const net::DnssecStatus& status);
  engine::Task<std::string> dns_status();
  engine::Task<void> count_filters(Core& core);
  [[nodiscard]] engine::Task<std::string> filter_status();
  void add_lessons(std::size_t teacher, JsonWriter& json) const;  // of the filter that learns
  engine::Task<void> count_dns(Core& core);
  engine::Task<void> count_lists(Core& core);
  [[nodiscard]] engine::Task<std::string> list_status();
  void make_authenticator(Core& core);
  engine::Task<void> count_logins(Core& core);
  [[nodiscard]] engine::Task<std::string> login_status();
  engine::Task<void> count_tokens(Core& core);
  static void tell_of_tokens(Core& core, const std::string& why);
  [[nodiscard]] engine::Task<std::string> oauth_status();
  // Throws std::runtime_error if there is none.
  void load_public_suffixes(const Config& config);
  engine::Task<std::optional<policy::KeptStsPolicy>> kept_sts_policy(std::string domain);
  engine::Task<void> apply_reload(Core& core);
  engine::Task<void> apply_reload_elsewhere(Core& core);
  Result<void, std::string> prepare_reload(const Config& next);
  std::unique_ptr<class Entrance> open_entrance(Core& core, const Config& config);
  void replace_entrance(Core& core);
  static engine::Task<void> retire(Core& core, std::unique_ptr<class Entrance> entrance);
  engine::Task<Result<void, std::string>> reload();
  engine::Task<void> rotate_tickets();
  engine::Task<void> keep_log();
  static engine::Task<void> idle();
  bool open_control();
  void report_listener(Core& core, const ListenerConfig& listener, engine::IoError error);
  void say(std::string_view text) const;
  void warn(std::string_view text) const;
  void complain(std::string_view text);

  Config config_;
  ServerHooks hooks_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<store::Store> store_;
  struct Shared;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<flow::AccountDesk> accounts_;
  std::vector<SocketAddress> addresses_;
  std::optional<Config> next_;  // being reloaded
  std::string problem_;         // what ended the start, or spoiled the reload
  int code_ = 0;
};

}  // namespace postrider::app
