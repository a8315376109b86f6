#pragma once

#include "backup_command.hpp"
#include "bounce_command.hpp"
#include "directory_command.hpp"
#include "dkim_command.hpp"
#include "greylist_command.hpp"
#include "import_command.hpp"
#include "load_settings.hpp"
#include "mailbox_command.hpp"
#include "mailbox_import.hpp"
#include "quarantine_command.hpp"
#include "queue_command.hpp"
#include "report_command.hpp"
#include "sink_settings.hpp"
#include "verify_command.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <postrider/base/ids.hpp>

// The commands of docs/operations.md as values.
namespace postrider::app {

struct ServeCommand {
  std::filesystem::path config;
};

struct CheckCommand {
  std::filesystem::path config;
  bool json = false;
  bool manual = false;  // prints docs/configuration.md instead
};

struct SandboxCommand {
  std::filesystem::path data;   // empty: a folder that is removed at the end
  std::uint16_t port_base = 0;  // 0: the first free one from 20000 on
  bool check = false;           // sends a message to itself, verifies it, ends
  bool json = false;            // ports and login as JSON
};

// With the configuration that says where the server's socket is.
struct OnServer {
  std::filesystem::path config;
  std::variant<tools::QueueCommand, tools::DirectoryCommand, tools::ExportCommand,
               tools::ImportCommand, tools::ReportCommand, tools::ReceivedCommand,
               tools::MailboxCommand, tools::QuarantineCommand, tools::ImportMailCommand,
               tools::RestoreCommand, tools::BackupCommand, tools::GreylistCommand>
      command;
};

struct DkimRecordCommand {
  std::filesystem::path config;  // empty: the key named below
  tools::DkimKey key;
  bool json = false;
};

struct DnsLookupCommand {
  std::filesystem::path config;  // empty: defaults and /etc/resolv.conf
  std::string domain;
  bool connect = false;  // and greet each host with TLS
  bool json = false;
};

struct TrustAnchorsCommand {
  std::filesystem::path config;  // empty: defaults and /etc/resolv.conf
  bool update = false;
  bool json = false;
};

struct VerifyFileCommand {
  std::filesystem::path config;  // empty: defaults and /etc/resolv.conf
  std::vector<std::string> dns;  // ADDRESS or ADDRESS:PORT; empty: as configured
  std::string ip;                // empty: not known
  tools::VerifyCommand verify;
};

struct TopCommand {
  std::filesystem::path config;
  bool once = false;
  bool json = false;
};

struct CheckBackupCommand {
  std::string directory;
  bool json = false;
};

struct Exit {  // help, version or wrong usage has been printed
  int code = 0;
};

using Command = std::variant<Exit, ServeCommand, CheckCommand, SandboxCommand, OnServer,
                             tools::DkimKeygen, DkimRecordCommand, DnsLookupCommand,
                             TrustAnchorsCommand, TopCommand, VerifyFileCommand, CheckBackupCommand,
                             tools::BounceCommand, tools::LoadSettings, tools::SinkSettings>;

// Prints help to stdout and "postrider: what is wrong: what to do" to stderr.
[[nodiscard]] Command parse_command_line(int argc, char** argv);

}  // namespace postrider::app
