#include "command_line.hpp"

#include "version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <functional>
#include <memory>

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
    add_accounts();
    add_domains();
    add_dkim();
    add_dns();
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

  void add_accounts() {
    using tools::DirectoryVerb;
    auto& account = *app_.add_subcommand("account", "Who may log in, and send as whom");
    account.require_subcommand(1);
    struct Verb {
      const char* name;
      const char* text;
      DirectoryVerb verb;
    };
    for (const auto& [name, text, verb] :
         {Verb{"add", "Add one; its password comes from a prompt", DirectoryVerb::add},
          Verb{"list", "List them", DirectoryVerb::list},
          Verb{"set", "Change one", DirectoryVerb::set},
          Verb{"remove", "Remove one", DirectoryVerb::remove}}) {
      auto& sub = *account.add_subcommand(name, text);
      const auto config = std::make_shared<std::filesystem::path>(default_config);
      auto command = std::make_shared<tools::AccountCommand>();
      command->verb = verb;
      add_config(sub, *config);
      add_json(sub, command->json);
      if (verb != DirectoryVerb::list) {
        sub.add_option("name", command->name, "user@example.org")->required();
      }
      const auto send_as = std::make_shared<std::vector<std::string>>();
      const auto tenant = std::make_shared<std::string>();
      const auto disable = std::make_shared<bool>(false);
      const auto enable = std::make_shared<bool>(false);
      CLI::Option* send_as_option = nullptr;
      if (verb == DirectoryVerb::add || verb == DirectoryVerb::set) {
        sub.add_flag("--password-stdin", command->password_stdin,
                     "Password: the first line of standard input");
        send_as_option = sub.add_option(
            "--send-as", *send_as, "Further addresses; @example.org: all of a domain; *: anybody");
        sub.add_option("--tenant", *tenant, "Default: the domain");
      }
      if (verb == DirectoryVerb::set) {
        sub.add_flag("--password", command->ask_password, "Ask for a new password");
        sub.add_flag("--disable", *disable, "No login any more");
        sub.add_flag("--enable", *enable, "Login again")->excludes("--disable");
      }
      sub.callback([this, config, command, send_as, tenant, disable, enable, send_as_option] {
        if (send_as_option != nullptr && send_as_option->count() > 0) {
          command->send_as = *send_as;
        }
        if (!tenant->empty()) {
          command->tenant = *tenant;
        }
        if (*disable || *enable) {
          command->disabled = *disable;
        }
        command_ = OnServer{*config, *command};
      });
    }
  }

  void add_domains() {
    using tools::DirectoryVerb;
    auto& domain = *app_.add_subcommand("domain", "Domains whose accounts are kept here");
    domain.require_subcommand(1);
    for (const auto& [name, verb] : {std::pair{"add", DirectoryVerb::add},
                                     {"list", DirectoryVerb::list},
                                     {"remove", DirectoryVerb::remove}}) {
      auto& sub = *domain.add_subcommand(name, std::string(name) + " domains");
      const auto config = std::make_shared<std::filesystem::path>(default_config);
      auto command = std::make_shared<tools::DomainCommand>();
      command->verb = verb;
      add_config(sub, *config);
      add_json(sub, command->json);
      if (verb != DirectoryVerb::list) {
        sub.add_option("name", command->name, "example.org")->required();
      }
      if (verb == DirectoryVerb::add) {
        sub.add_option("--tenant", command->tenant, "Default: the name");
      }
      sub.callback([this, config, command] { command_ = OnServer{*config, *command}; });
    }
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

  void add_dns() {
    auto& dns = *app_.add_subcommand("dns", "What delivery would do for a domain");
    const auto lookup = on(dns, DnsLookupCommand{});
    add_config(dns, lookup->config);
    dns.add_option("domain", lookup->domain, "example.org")->required();
    add_json(dns, lookup->json);
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
