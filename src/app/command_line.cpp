#include "command_line.hpp"

#include "directory_command_line.hpp"
#include "load_command_line.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <functional>
#include <memory>
#include <string>

namespace postrider::app {

namespace {

constexpr auto default_config = "/etc/postrider/postrider.toml";

// Binds subcommands to the Command that they stand for.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string("postrider ") + std::string(version));
    app_.set_help_all_flag("--help-all", "Help of every command");
    add_server_commands();
    add_queue();
    add_quarantine();
    add_greylist();
    add_directory_commands(app_, default_config,
                           [this](OnServer command) { command_ = std::move(command); });
    add_dkim();
    add_dns();
    add_anchors();
    add_verify();
    add_bounce();
    add_load_commands(app_, [this](Command command) { command_ = std::move(command); });
  }

  Command parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& done) {
      return Exit{app_.exit(done)};
    } catch (const CLI::ParseError& wrong) {
      std::string text = wrong.what();
      std::erase(text, '\n');
      fmt::print(stderr, "postrider: {}: see --help of the command\n", text);
      return Exit{tools::exit_usage};
    }
    return std::move(command_);
  }

 private:
  using App = CLI::App;

  // Runs `set` when the subcommand was named.
  template <class T>
  std::shared_ptr<T> on(App& sub, T initial, std::function<void(T&)> set = {}) {
    auto value = std::make_shared<T>(std::move(initial));
    sub.callback([this, value, set] {
      if (set) {
        set(*value);
      }
      command_ = *value;
    });
    return value;
  }

  static void add_config(App& sub, std::filesystem::path& config) {
    sub.add_option("--config", config, "Configuration file")->envname("POSTRIDER_CONFIG");
  }
  static void add_json(App& sub, bool& json) { sub.add_flag("--json", json, "Answer as JSON"); }

  void add_server_commands() {
    auto& serve = *app_.add_subcommand("serve", "Run the server");
    add_config(serve, on(serve, ServeCommand{default_config})->config);

    auto& check = *app_.add_subcommand("check", "Name every problem of a configuration file");
    const auto checking = on(check, CheckCommand{.config = default_config});
    add_config(check, checking->config);
    add_json(check, checking->json);
    check.add_flag("--manual", checking->manual, "Print the manual of all options instead");

    auto& sandbox = *app_.add_subcommand(
        "sandbox", "Everything on loopback without configuration: send a message, watch it travel");
    const auto box = on(sandbox, SandboxCommand{});
    sandbox.add_option("--data", box->data, "Keep the store in this folder (else it is removed)");
    sandbox.add_option("--port-base", box->port_base,
                       "First port (default: a free one from 20000)");
    sandbox.add_flag("--check", box->check, "Send one message through, verify it, and end");
    add_json(sandbox, box->json);

    auto& top = *app_.add_subcommand("top", "Live view: rates, sites, queue, reasons");
    const auto view = on(top, TopCommand{.config = default_config});
    add_config(top, view->config);
    top.add_flag("--once", view->once, "Print one view and end");
    add_json(top, view->json);
    add_received(add_reports("tlsrpt", tools::ReportKind::tls,
                             "TLS reports to other domains: a day's, or send them"),
                 tools::ReportKind::tls, "What others report of TLS with our domains");
    add_received(add_reports("dmarc", tools::ReportKind::dmarc,
                             "DMARC reports to other domains: a day's, or send them"),
                 tools::ReportKind::dmarc, "What others report of mail in our domains' name");
    add_mailboxes();
    add_backup();
  }

  // A command that the server carries out.
  template <class T>
  std::shared_ptr<T> on_server(App& sub) {
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    auto command = std::make_shared<T>();
    sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    add_config(sub, *config);
    add_json(sub, command->json);
    return command;
  }

  void add_backup() {
    auto& backup = *app_.add_subcommand("backup", "Copies of all that is stored");
    backup.require_subcommand(1);
    auto& create = *backup.add_subcommand(
        "create", "Make one, while the server runs or not: all that was acknowledged before");
    const auto made = on_server<tools::BackupCommand>(create);
    create.add_option("directory", made->directory, "A folder that does not exist yet")->required();
    auto& check = *backup.add_subcommand("check", "Read every record of one and compare them");
    const auto checked = on(check, CheckBackupCommand{});
    check.add_option("directory", checked->directory, "The backup, or a stopped server's data_dir")
        ->required();
    add_json(check, checked->json);
  }

  void add_import(App& mailbox) {
    auto& import =
        *mailbox.add_subcommand("import", "Bring in messages from files; none comes twice");
    const auto in = on_server<tools::ImportMailCommand>(import);
    import.add_option("account", in->account, "user@example.org")->required();
    import.add_option("--from", in->from, "maildir, mbox (mboxrd) or mboxo")
        ->check(CLI::IsMember({"maildir", "mbox", "mboxo"}))
        ->required();
    import.add_option("path", in->path, "The Maildir++, or the mbox file")->required();
    import.add_option("--folder", in->folder,
                      "Its inbox comes into this mailbox, its other folders below it");
    import.add_flag("--new-uids", in->new_uids, "Give new UIDs where the old ones could be kept");

    auto& restore = *mailbox.add_subcommand(
        "restore", "Bring back from a backup what is no longer there, while the server runs");
    const auto back = on_server<tools::RestoreCommand>(restore);
    restore.add_option("account", back->account, "user@example.org")->required();
    restore.add_option("--from", back->from, "The backup")->required();
    restore.add_option("--folder", back->folder, "That mailbox alone, by its name");
    restore.add_option("--into", back->prefix, "Into PREFIX/INBOX and so on, not where they were");
  }

  std::shared_ptr<tools::MailboxCommand> mailbox_verb(App& mailbox, const char* name,
                                                      const char* text, tools::MailboxVerb verb) {
    auto& sub = *mailbox.add_subcommand(name, text);
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    auto command = std::make_shared<tools::MailboxCommand>();
    command->verb = verb;
    sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    sub.add_option("account", command->account, "user@example.org")->required();
    add_config(sub, *config);
    add_json(sub, command->json);
    last_ = &sub;
    return command;
  }

  void add_mailboxes() {
    using enum tools::MailboxVerb;
    auto& mailbox = *app_.add_subcommand("mailbox", "Care for an account's mailboxes");
    mailbox.require_subcommand(1);
    (void)mailbox_verb(mailbox, "list", "Its mailboxes, with their counts", list);
    (void)mailbox_verb(mailbox, "complete",
                       "Make what new accounts begin with, where it is missing", complete);
    const auto out = mailbox_verb(mailbox, "export", "Write its messages into files", export_mail);
    last_->add_option("--maildir", out->maildir, "An empty folder, written as Maildir++");
    last_->add_option("--mbox", out->mbox, "A file, written as mboxrd; -: standard output");
    last_->add_option("--mailbox", out->mailbox, "That one alone, by its name");
    add_import(mailbox);
    (void)mailbox_verb(mailbox, "verify", "Count and read all of it anew", verify);
    const auto mended =
        mailbox_verb(mailbox, "repair", "Mend what verify finds, and say what was done", repair);
    last_->add_flag("--put-back", mended->puts_back,
                    "Rather bring back what was set aside, where it can be read again");
    (void)mailbox_verb(mailbox, "expunged", "What can still be brought back", expunged);
    const auto back = mailbox_verb(mailbox, "undelete", "Bring back what was expunged", undelete);
    last_->add_option("--mailbox", back->mailbox, "Of that mailbox alone, by its number");
    last_->add_option("--uid", back->uid, "That message alone");
    const auto words = mailbox_verb(mailbox, "index", "How far its full-text index is", index);
    last_->add_flag("--rebuild", words->rebuild, "Throw it away, and make it anew meanwhile");
  }

  void add_received(App& parent, tools::ReportKind kind, const char* text) {
    auto& sub = *parent.add_subcommand("received", text);
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    const auto command = std::make_shared<tools::ReceivedCommand>();
    command->kind = kind;
    sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    add_config(sub, *config);
    sub.add_option("--domain", command->domain, "On that domain alone");
    sub.add_option("--since", command->since, "2026-11-22, UTC: of that day and later ones");
    add_json(sub, command->json);
  }

  App& add_reports(const char* name, tools::ReportKind kind, const char* text) {
    auto& sub = *app_.add_subcommand(name, text);
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    const auto command = std::make_shared<tools::ReportCommand>();
    command->kind = kind;
    // A verb below it has a command of its own, and is heard before.
    sub.callback([this, config, command, at = &sub] {
      if (at->get_subcommands().empty()) {
        command_ = OnServer{*config, *command};
      }
    });
    add_config(sub, *config);
    sub.add_option("--day", command->day, "2026-11-22, UTC; today if it is left out");
    sub.add_flag("--send", command->send, "Send that day's reports now");
    add_json(sub, command->json);
    return sub;
  }

  std::shared_ptr<tools::QueueCommand> queue_verb(App& queue, const char* name, const char* text,
                                                  tools::QueueVerb verb) {
    auto& sub = *queue.add_subcommand(name, text);
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    auto command = std::make_shared<tools::QueueCommand>();
    command->verb = verb;
    sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    add_config(sub, *config);
    add_json(sub, command->json);
    last_ = &sub;
    return command;
  }

  void add_where(tools::QueueCommand& command) {
    last_->add_option("--where", command.where,
                      "Filter: 'tenant=acme and domain~example.* and age>1h and code=421'");
  }

  void add_queue() {
    using tools::QueueVerb;
    auto& queue = *app_.add_subcommand("queue", "Look at the queue and work it");
    queue.require_subcommand(1);
    add_where(*queue_verb(queue, "summary", "Counts by domain and state", QueueVerb::summary));
    const auto list = queue_verb(queue, "list", "Entries in order of arrival", QueueVerb::list);
    add_where(*list);
    last_->add_option("--limit", list->limit, "Rows at most; 0: all")->capture_default_str();
    const auto show = queue_verb(queue, "show", "One message", QueueVerb::show);
    last_->add_option("id", show->id, "Message id")->required();
    last_->add_flag("--raw", show->raw, "The message itself");
    const auto why = queue_verb(queue, "why", "Why a message is still here", QueueVerb::why);
    last_->add_option("id", why->id, "Message id")->required();
    queue_verb(queue, "quarantine", "Entries that could not be read", QueueVerb::quarantine);
    struct Action {
      const char* name;
      const char* text;
      QueueVerb verb;
    };
    for (const auto& [name, text, verb] :
         {Action{"retry", "Make due now", QueueVerb::retry},
          Action{"hold", "Stop trying until released", QueueVerb::hold},
          Action{"release", "End a hold", QueueVerb::release},
          Action{"bounce", "Return to the sender", QueueVerb::bounce},
          Action{"delete", "Remove without a word to the sender", QueueVerb::remove}}) {
      const auto act = queue_verb(queue, name, text, verb);
      auto* id = last_->add_option("id", act->id, "Message id");
      add_where(*act);
      id->excludes("--where");
      last_->add_option("--reason", act->reason, "Shown by why, or told to the sender");
    }
  }

  std::shared_ptr<tools::QuarantineCommand> quarantine_verb(App& parent, const char* name,
                                                            const char* text,
                                                            tools::QuarantineVerb verb) {
    auto& sub = *parent.add_subcommand(name, text);
    const auto config = std::make_shared<std::filesystem::path>(default_config);
    auto command = std::make_shared<tools::QuarantineCommand>();
    command->verb = verb;
    sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    add_config(sub, *config);
    add_json(sub, command->json);
    last_ = &sub;
    if (verb != tools::QuarantineVerb::list) {
      sub.add_option("id", command->id, "Message id")->required();
    }
    if (verb == tools::QuarantineVerb::release || verb == tools::QuarantineVerb::remove) {
      sub.add_option("--to", command->to, "For that recipient alone");
      sub.add_option("--reason", command->reason, "For the event log");
    }
    return command;
  }

  void add_quarantine() {
    using tools::QuarantineVerb;
    auto& parent = *app_.add_subcommand("quarantine", "Mail that filters have held back");
    parent.require_subcommand(1);
    const auto list = quarantine_verb(parent, "list", "In order of arrival", QuarantineVerb::list);
    last_->add_option("--limit", list->limit, "Rows at most; 0: all")->capture_default_str();
    const auto show = quarantine_verb(parent, "show", "One message", QuarantineVerb::show);
    last_->add_flag("--raw", show->raw, "The message itself");
    quarantine_verb(parent, "release", "Let it go on its way", QuarantineVerb::release);
    quarantine_verb(parent, "delete", "Throw it away", QuarantineVerb::remove);
  }

  void add_greylist() {
    auto& parent = *app_.add_subcommand("greylist", "Who was asked to come back, and who is known");
    parent.require_subcommand(1);
    const auto verb = [&](const char* name, const char* text, tools::GreylistVerb which) {
      auto& sub = *parent.add_subcommand(name, text);
      const auto config = std::make_shared<std::filesystem::path>(default_config);
      auto command = std::make_shared<tools::GreylistCommand>();
      command->verb = which;
      sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
      add_config(sub, *config);
      add_json(sub, command->json);
      last_ = &sub;
      return command;
    };
    const auto list = verb("list", "The last seen first", tools::GreylistVerb::list);
    last_->add_option("about", list->about, "A network, domain or recipient");
    last_->add_option("--limit", list->limit, "Rows at most")->capture_default_str();
    const auto forget = verb("forget", "As if it had never come", tools::GreylistVerb::forget);
    last_->add_option("about", forget->about, "A network, domain, recipient, or all")->required();
  }

  void add_dkim() {
    auto& dkim = *app_.add_subcommand("dkim", "Keys that sign, and their DNS records");
    dkim.require_subcommand(1);
    auto& keygen = *dkim.add_subcommand("keygen", "Make a key and print the record to publish");
    const auto made = on(keygen, tools::DkimKeygen{});
    keygen.add_option("--domain", made->domain, "Signing domain")->required();
    keygen.add_option("--selector", made->selector, "Name of the key")->required();
    keygen.add_option("--algorithm", made->algorithm, "rsa or ed25519")->capture_default_str();
    keygen.add_option("--bits", made->bits, "RSA: 2048 or 4096")->capture_default_str();
    keygen.add_option("--out", made->out, "File to make, readable by you only")->required();
    add_json(keygen, made->json);

    auto& record = *dkim.add_subcommand("record", "Print records: of --key, or all of --config");
    const auto shown = on(record, DkimRecordCommand{});
    auto* config = record.add_option("--config", shown->config, "Configuration file");
    auto* key = record.add_option("--key", shown->key.key, "PEM file")->excludes(config);
    record.add_option("--domain", shown->key.domain, "Signing domain")->needs(key);
    record.add_option("--selector", shown->key.selector, "Name of the key")->needs(key);
    add_json(record, shown->json);
  }

  void add_verify() {
    auto& verify = *app_.add_subcommand(
        "verify", "What inbound would conclude of a message: SPF, DKIM, DMARC, ARC");
    const auto command = on(verify, VerifyFileCommand{});
    add_config(verify, command->config);
    verify.add_option("file", command->verify.file, "The message; -: standard input")->required();
    verify.add_option("--ip", command->ip, "Address of the client that sent it")
        ->check([](const std::string& text) {
          return IpAddress::parse(text) ? std::string() : "\"" + text + "\" is no address";
        });
    verify.add_option("--helo", command->verify.helo, "What it said in HELO or EHLO");
    verify.add_option("--from", command->verify.mail_from,
                      "Its MAIL FROM (default: what Return-Path says)");
    verify
        .add_option("--dns", command->dns, "DNS server: ADDRESS or ADDRESS:PORT; may be repeated")
        ->allow_extra_args(false)
        ->check([](const std::string& text) {
          return IpAddress::parse(text) || SocketAddress::parse(text)
                     ? std::string()
                     : "\"" + text + "\" is no address";
        });
    verify.add_flag("--public-suffix-list", command->verify.public_suffixes,
                    "Organizational domains by the public suffix list (RFC 7489)");
    add_json(verify, command->verify.json);
  }

  void add_bounce() {
    auto& bounce = *app_.add_subcommand(
        "bounce", "What came back says: a DSN, a complaint (ARF), an automatic answer");
    const auto command = on(bounce, tools::BounceCommand{});
    bounce.add_option("file", command->file, "The message; -: standard input");
    bounce.add_option("--rules", command->rules, "File of rules that name classes");
    bounce.add_flag("--print-rules", command->print_rules, "Print the built-in rules instead");
    add_json(bounce, command->json);
  }

  void add_dns() {
    auto& dns = *app_.add_subcommand("dns", "What delivery would do for a domain");
    const auto lookup = on(dns, DnsLookupCommand{});
    add_config(dns, lookup->config);
    dns.add_option("domain", lookup->domain, "example.org")->required();
    dns.add_flag("--connect", lookup->connect, "also greet each host with TLS; no mail is sent");
    add_json(dns, lookup->json);
  }

  void add_anchors() {
    auto& anchors =
        *app_.add_subcommand("anchors", "DNSSEC's trust anchors, and what the root says");
    const auto command = on(anchors, TrustAnchorsCommand{});
    add_config(anchors, command->config);
    anchors.add_flag("--update", command->update, "write what is new to dns.trust_anchors");
    add_json(anchors, command->json);
  }

  CLI::App app_{"Postrider: a mail server that does not lose what it accepted", "postrider"};
  App* last_ = nullptr;
  Command command_ = Exit{tools::exit_usage};
};

}  // namespace

Command parse_command_line(int argc, char** argv) {
  return CommandLine().parse(argc, argv);
}

}  // namespace postrider::app
