#include "commands.hpp"

#include "anchors_command.hpp"
#include "backup_source.hpp"
#include "config.hpp"
#include "dns_command.hpp"
#include "load_command.hpp"
#include "offline_control.hpp"
#include "server_tls.hpp"
#include "settings.hpp"
#include "sink_command.hpp"
#include "top_command.hpp"

#include <cstdio>
#include <fmt/core.h>
#include <stdexcept>
#include <type_traits>

#include <postrider/base/json.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/store/backup_reader.hpp>

namespace postrider::app {

namespace {

const tools::Terminal terminal{stdout, stderr};

// For commands that can do nothing with a configuration that is not sound.
Config sound_config(const std::filesystem::path& file) {
  auto config = load_config(file);
  if (config) {
    return std::move(*config);
  }
  for (const auto& problem : config.error()) {
    terminal.complain(problem.text());
  }
  throw std::runtime_error(fmt::format("{} is not sound: see postrider check", file.string()));
}

int check_config(const CheckCommand& command) {
  if (command.manual) {
    terminal.print(describe_configuration());
    return tools::exit_ok;
  }
  const auto config = load_config(command.config);
  const auto& problems = config ? config->warnings : config.error();
  if (command.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& problem : problems) {
      json.begin_object().member("file", problem.file);
      json.member("line", static_cast<unsigned>(problem.line));
      json.member("severity", config ? "warning" : "error");
      json.member("problem", problem.problem).member("remedy", problem.remedy).end_object();
    }
    json.end_array();
    terminal.print(out + "\n");
  } else {
    for (const auto& problem : problems) {
      terminal.print(fmt::format("{}{}\n", config ? "warning: " : "", problem.text()));
    }
    terminal.print(config ? fmt::format("{}: sound\n", command.config.string()) : "");
  }
  return config ? tools::exit_ok : tools::exit_no;
}

std::unique_ptr<tools::ControlTransport> reach_control(const Config& config) {
  auto transport = tools::connect_control((config.data_dir / "control.sock").string());
  return transport ? std::move(transport) : open_offline_control(config);
}

int run_on_server(const OnServer& on) {
  const auto config = sound_config(on.config);
  const auto control = reach_control(config);
  return std::visit(
      [&](const auto& command) {
        using T = std::decay_t<decltype(command)>;
        if constexpr (std::is_same_v<T, tools::QueueCommand>) {
          return tools::run_queue_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::DirectoryCommand>) {
          return tools::run_directory_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::ExportCommand>) {
          return tools::run_export_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::ReceivedCommand>) {
          return tools::run_received_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::ReportCommand>) {
          return tools::run_report_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::QuarantineCommand>) {
          return tools::run_quarantine_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::GreylistCommand>) {
          return tools::run_greylist_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::MailboxCommand>) {
          return tools::run_mailbox_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::ImportMailCommand>) {
          return tools::run_import_mail_command(command, *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::RestoreCommand>) {
          return tools::run_restore_command(
              command, *open_backup_source(command.from, command.account), *control, terminal);
        } else if constexpr (std::is_same_v<T, tools::BackupCommand>) {
          return tools::run_backup_command(command, *control, terminal);
        } else {
          return tools::run_import_command(command, *control, terminal);
        }
      },
      on.command);
}

int check_backup(const CheckBackupCommand& command) {
  const auto report = store::check_backup(command.directory, [&command](std::string_view text) {
    if (!command.json) {
      terminal.print(std::string(text) + "\n");
    }
  });
  if (command.json) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .member("accounts", report.accounts)
        .member("messages", report.messages)
        .member("bytes", report.size_bytes)
        .member("queued", report.queued)
        .member("records", report.records)
        .member("problems", report.findings)
        .end_object();
    terminal.print(out + "\n");
  } else {
    terminal.print(fmt::format(
        "{}: {} records, {} accounts with {} messages, {} queued: {}\n", command.directory,
        report.records, report.accounts, report.messages, report.queued,
        report.findings == 0 ? "sound" : fmt::format("{} problems", report.findings)));
  }
  return report.findings == 0 ? tools::exit_ok : tools::exit_no;
}

int dkim_record(const DkimRecordCommand& command) {
  if (command.config.empty()) {
    if (command.key.key.empty() || command.key.domain.empty() || command.key.selector.empty()) {
      terminal.complain("dkim record: name --config, or --key with --domain and --selector");
      return tools::exit_usage;
    }
    return tools::run_dkim_record({command.key}, command.json, terminal);
  }
  std::vector<tools::DkimKey> keys;
  for (const auto& entry : sound_config(command.config).dkim) {
    keys.push_back({entry.domain, entry.selector, entry.key});
  }
  return tools::run_dkim_record(keys, command.json, terminal);
}

engine::Task<void> ask_dns(const tools::DnsCommand& lookup, engine::Reactor& reactor,
                           engine::Engine& engine, int& code) {
  code = co_await tools::run_dns_command(lookup, reactor, terminal);
  engine.stop();
}

// Of the server that runs by this configuration, if one does and may be asked.
std::optional<tools::ServerSts> server_sts(const Config& config, const std::string& domain) {
  const auto name = dns::to_a_label(domain);
  if (config.data_dir.empty() || !name) {
    return std::nullopt;
  }
  try {
    const auto control = tools::connect_control((config.data_dir / "control.sock").string());
    return control ? tools::ask_server_sts(*control, *name) : std::nullopt;
  } catch (const std::runtime_error&) {
    return std::nullopt;  // another user's: the rest can be shown all the same
  }
}

int dns_lookup(const DnsLookupCommand& command) {
  const auto config = command.config.empty() ? Config{} : sound_config(command.config);
  const auto policies = tls_policies(config);
  tools::DnsCommand lookup{
      .domain = command.domain,
      .tls = {.configured = policies.find(command.domain),
              .has_rule = policies.has_rule(command.domain),
              .dane = config.delivery.dane,
              .mta_sts = config.delivery.mta_sts,
              .mta_sts_port = config.delivery.mta_sts_port,
              .port = config.delivery.port,
              .anchors = make_client_contexts(config).anchors,
              .server_sts = server_sts(config, command.domain),
              .connect = command.connect},
      .own_names = {},
      .resolver = resolver_settings(config),
      .json = command.json,
  };
  if (!config.hostname.empty()) {
    lookup.own_names = {config.hostname};
    lookup.tls.hostname = config.hostname;
  }
  int code = tools::exit_no;
  const auto engine = engine::Engine::create({.cores = 1, .pin = false});
  engine->run([&](engine::Reactor& reactor) { return ask_dns(lookup, reactor, *engine, code); });
  return code;
}

engine::Task<void> ask_anchors(const tools::AnchorsCommand& command, engine::Reactor& reactor,
                               engine::Engine& engine, int& code) {
  code = co_await tools::run_anchors_command(command, reactor, terminal);
  engine.stop();
}

// Whatever dns.dnssec says: who looks at anchors wants them proven.
int show_anchors(const TrustAnchorsCommand& command) {
  auto config = command.config.empty() ? Config{} : sound_config(command.config);
  config.dns.dnssec = DnssecMode::validate;
  config.dns.require_dnssec = true;
  tools::AnchorsCommand anchors{.resolver = resolver_settings(config),
                                .file = config.dns.trust_anchors,
                                .update = command.update,
                                .json = command.json};
  int code = tools::exit_no;
  const auto engine = engine::Engine::create({.cores = 1, .pin = false});
  engine->run(
      [&](engine::Reactor& reactor) { return ask_anchors(anchors, reactor, *engine, code); });
  return code;
}

engine::Task<void> verify_message(const tools::VerifyCommand& verify, engine::Reactor& reactor,
                                  engine::Engine& engine, int& code) {
  code = co_await tools::run_verify_command(verify, reactor, terminal);
  engine.stop();
}

int verify_file(const VerifyFileCommand& command) {
  const auto config = command.config.empty() ? Config{} : sound_config(command.config);
  tools::VerifyCommand verify = command.verify;
  verify.ip = IpAddress::parse(command.ip);
  verify.resolver = resolver_settings(config);
  if (!config.hostname.empty()) {
    verify.authserv_id = config.hostname;
  }
  if (!command.dns.empty()) {
    verify.resolver.servers.clear();
    // A server that is named by hand may be one that no trust anchor leads to.
    verify.resolver.dnssec = net::DnssecMode::off;
  }
  for (const std::string& server : command.dns) {
    constexpr std::uint16_t dns_port = 53;
    const auto ip = IpAddress::parse(server);
    verify.resolver.servers.push_back(ip ? SocketAddress{*ip, dns_port}
                                         : *SocketAddress::parse(server));
  }
  int code = tools::exit_no;
  const auto engine = engine::Engine::create({.cores = 1, .pin = false});
  engine->run(
      [&](engine::Reactor& reactor) { return verify_message(verify, reactor, *engine, code); });
  return code;
}

int top(const TopCommand& command) {
  const auto config = sound_config(command.config);
  const auto control = tools::connect_control((config.data_dir / "control.sock").string());
  if (!control) {
    terminal.complain("no server runs on this data_dir: start it with postrider serve");
    return tools::exit_no;
  }
  return tools::run_top_command({.once = command.once, .json = command.json}, *control, terminal);
}

}  // namespace

int run(const Command& command) {
  return std::visit(
      [](const auto& given) {
        using T = std::decay_t<decltype(given)>;
        if constexpr (std::is_same_v<T, Exit>) {
          return given.code;
        } else if constexpr (std::is_same_v<T, ServeCommand>) {
          return run_serve(given);
        } else if constexpr (std::is_same_v<T, CheckCommand>) {
          return check_config(given);
        } else if constexpr (std::is_same_v<T, SandboxCommand>) {
          return run_sandbox(given);
        } else if constexpr (std::is_same_v<T, OnServer>) {
          return run_on_server(given);
        } else if constexpr (std::is_same_v<T, tools::DkimKeygen>) {
          return tools::run_dkim_keygen(given, terminal);
        } else if constexpr (std::is_same_v<T, DkimRecordCommand>) {
          return dkim_record(given);
        } else if constexpr (std::is_same_v<T, DnsLookupCommand>) {
          return dns_lookup(given);
        } else if constexpr (std::is_same_v<T, TrustAnchorsCommand>) {
          return show_anchors(given);
        } else if constexpr (std::is_same_v<T, VerifyFileCommand>) {
          return verify_file(given);
        } else if constexpr (std::is_same_v<T, CheckBackupCommand>) {
          return check_backup(given);
        } else if constexpr (std::is_same_v<T, tools::BounceCommand>) {
          return tools::run_bounce_command(given, terminal);
        } else if constexpr (std::is_same_v<T, tools::LoadSettings>) {
          return tools::run_load_command(given, terminal);
        } else if constexpr (std::is_same_v<T, tools::SinkSettings>) {
          return tools::run_sink_command(given, terminal);
        } else {
          return top(given);
        }
      },
      command);
}

}  // namespace postrider::app
