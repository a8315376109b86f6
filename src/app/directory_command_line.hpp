#pragma once

#include "command_line.hpp"

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace postrider::app {

namespace directory_commands {

using tools::DirectoryCommand;
using tools::DirectoryKind;
using tools::DirectoryVerb;

// An option that stands for one member of the control API.
struct MemberOption {
  const char* flag;
  const char* member;
  const char* text;
  bool is_list = false;
};

inline constexpr std::array account_options{
    MemberOption{"--send-as", "send_as",
                 "Further addresses; @example.org: all of a domain; *: anybody", true},
    MemberOption{"--tenant", "tenant", "Default: the domain"},
    MemberOption{"--scope", "scopes", "What its password is good for: smtp imap pop3 http, all",
                 true},
    MemberOption{"--quota", "quota_bytes", "Of its mail: \"5GB\"; 0: the domain's"},
    MemberOption{"--quota-messages", "quota_messages", "How many it may keep; 0: the domain's"},
    MemberOption{"--messages-per-hour", "messages_per_hour",
                 "How many it may send; 0: as the listener says"},
    MemberOption{"--forward", "forward_to", "Addresses that get what comes; none: \"\"", true},
    MemberOption{"--keep-copy", "keeps_copy", "Of what is forwarded: yes or no"},
};
inline constexpr std::array domain_options{
    MemberOption{"--tenant", "tenant", "Default: the name"},
    MemberOption{"--hosted", "hosted", "Mail for it is kept here: yes or no (default)"},
    MemberOption{"--alias-of", "alias_of", "Stands for another domain; none: \"\""},
    MemberOption{"--catch-all", "catch_all", "Who gets what nobody else does; none: \"\""},
    MemberOption{"--postmaster", "postmaster",
                 "Who reads postmaster@ and abuse@ (default: its first account)"},
    MemberOption{"--quota", "quota_bytes", "Of all its mail together: \"100GB\"; 0: none"},
    MemberOption{"--quota-messages", "quota_messages",
                 "How many it may keep together; 0: no limit"},
    MemberOption{"--account-quota", "account_quota_bytes",
                 "Of each account that has none of its own; 0: none"},
    MemberOption{"--account-quota-messages", "account_quota_messages", "The same, in messages"},
    MemberOption{"--message-size", "message_bytes_max",
                 "The largest message that it takes; 0: the listener's"},
};
inline constexpr std::array alias_options{
    MemberOption{"--target", "targets", "Addresses that it stands for, here or elsewhere", true},
    MemberOption{"--kind", "kind", "alias, or group: for those only who may post"},
    MemberOption{"--posters", "posters", "Who may post to a group: anyone, members, named"},
    MemberOption{"--poster", "named_posters", "Addresses that may post; @example.org: a domain",
                 true},
};
inline constexpr std::array list_options{
    MemberOption{"--member", "targets", "All its members", true},
    MemberOption{"--posters", "posters", "Who may post: anyone, members, named"},
    MemberOption{"--poster", "named_posters", "Addresses that may post; @example.org: a domain",
                 true},
    MemberOption{"--title", "title", "Its name for people (List-Id)"},
    MemberOption{"--archive", "archive_url", "https://... or mailto:... (List-Archive)"},
    MemberOption{"--subscribe", "subscribe_url", "The same (List-Subscribe)"},
    MemberOption{"--unsubscribe", "unsubscribe_url", "The same (List-Unsubscribe)"},
    MemberOption{"--reply-to-list", "reply_to_list", "Answers go to the list: yes or no"},
};
inline constexpr std::array change_options{
    MemberOption{"--add", "added", "Addresses to add", true},
    MemberOption{"--remove", "removed", "Addresses to take out", true},
};

template <class App>
class Builder {
 public:
  Builder(App& app, std::filesystem::path config, std::function<void(OnServer)> done)
      : app_(app), config_(std::move(config)), done_(std::move(done)) {}

  void add_accounts() {
    auto& group = add_group(app_, "account", "Who may log in, send and receive");
    for (const auto verb :
         {DirectoryVerb::add, DirectoryVerb::list, DirectoryVerb::set, DirectoryVerb::remove}) {
      auto [sub, command] = add_verb(group, DirectoryKind::account, verb, "user@example.org");
      if (is_written(verb)) {
        sub->add_flag("--password-stdin", command->password_stdin,
                      "Password: the first line of standard input");
        add_members(*sub, *command, account_options);
      }
      if (verb == DirectoryVerb::set) {
        sub->add_flag("--password", command->ask_password, "Ask for a new password");
        auto* disable = sub->add_flag_callback(
            "--disable", [c = command] { c->texts["disabled"] = "yes"; }, "No login, no mail");
        sub->add_flag_callback(
               "--enable", [c = command] { c->texts["disabled"] = "no"; }, "Login and mail again")
            ->excludes(disable);
      }
    }
    add_app_passwords(group);
    add_transfer(group);
  }

  void add_domains() {
    auto& group = add_group(app_, "domain", "Domains of accounts, and those whose mail is kept");
    for (const auto verb :
         {DirectoryVerb::add, DirectoryVerb::list, DirectoryVerb::set, DirectoryVerb::remove}) {
      auto [sub, command] = add_verb(group, DirectoryKind::domain, verb, "example.org");
      if (is_written(verb)) {
        add_members(*sub, *command, domain_options);
      }
    }
  }

  void add_aliases() {
    auto& group = add_group(app_, "alias", "Addresses that stand for others");
    for (const auto verb :
         {DirectoryVerb::add, DirectoryVerb::list, DirectoryVerb::set, DirectoryVerb::remove}) {
      auto [sub, command] = add_verb(group, DirectoryKind::alias, verb, "sales@example.org");
      if (verb == DirectoryVerb::add) {
        sub->add_option("targets", command->lists["targets"], "Addresses that it stands for")
            ->required();
        add_members(*sub, *command, std::span(alias_options).subspan(1));
      } else if (verb == DirectoryVerb::set) {
        add_members(*sub, *command, alias_options);
        add_members(*sub, *command, change_options);
      }
    }
  }

  void add_lists() {
    auto& group = add_group(app_, "list", "Mailing lists");
    for (const auto verb : {DirectoryVerb::add, DirectoryVerb::list, DirectoryVerb::show,
                            DirectoryVerb::set, DirectoryVerb::remove}) {
      auto [sub, command] = add_verb(group, DirectoryKind::list, verb, "news@example.org");
      if (is_written(verb)) {
        add_members(*sub, *command, list_options);
      }
      if (verb == DirectoryVerb::add) {
        command->texts["kind"] = "list";
        command->texts["posters"] = "members";
      } else if (verb == DirectoryVerb::set) {
        add_members(*sub, *command, change_options);
      }
    }
  }

 private:
  using Made = std::pair<App*, std::shared_ptr<DirectoryCommand>>;

  static bool is_written(DirectoryVerb verb) {
    return verb == DirectoryVerb::add || verb == DirectoryVerb::set;
  }

  static App& add_group(App& parent, const char* name, const char* text) {
    auto& group = *parent.add_subcommand(name, text);
    group.require_subcommand(1);
    return group;
  }

  // A subcommand that becomes `command` when it is named.
  template <class T>
  std::pair<App*, std::shared_ptr<T>> add_command(App& group, const char* name, const char* text,
                                                  T initial) {
    auto* sub = group.add_subcommand(name, text);
    auto config = std::make_shared<std::filesystem::path>(config_);
    auto command = std::make_shared<T>(std::move(initial));
    sub->add_option("--config", *config, "Configuration file")->envname("POSTRIDER_CONFIG");
    sub->callback([config, command, done = done_] { done(OnServer{*config, *command}); });
    return {sub, command};
  }

  Made add_verb(App& group, DirectoryKind kind, DirectoryVerb verb, const char* example) {
    constexpr std::array<std::pair<const char*, const char*>, 5> verbs{
        {{"add", "Add one"},
         {"list", "List them"},
         {"set", "Change one"},
         {"remove", "Remove one"},
         {"show", "Its members, and what has come back from them"}}};
    const auto& [name, text] = verbs.at(static_cast<std::size_t>(verb));
    auto made = add_command(group, name, text, DirectoryCommand{.kind = kind, .verb = verb});
    made.first->add_flag("--json", made.second->json, "Answer as JSON");
    if (verb != DirectoryVerb::list) {
      made.first->add_option("name", made.second->name, example)->required();
    }
    return made;
  }

  static void add_members(App& sub, DirectoryCommand& command,
                          std::span<const MemberOption> options) {
    for (const auto& [flag, member, text, is_list] : options) {
      if (is_list) {
        sub.template add_option_function<std::vector<std::string>>(
            flag,
            [&command, member](const std::vector<std::string>& given) {
              auto list = given;
              std::erase(list, "");  // "" alone empties it
              command.lists[member] = std::move(list);
            },
            text);
      } else {
        sub.template add_option_function<std::string>(
            flag, [&command, member](const std::string& given) { command.texts[member] = given; },
            text);
      }
    }
  }

  void add_app_passwords(App& accounts) {
    auto& group = add_group(accounts, "app-password", "Passwords for one program each");
    for (const auto verb : {DirectoryVerb::add, DirectoryVerb::remove}) {
      auto [sub, command] = add_verb(group, DirectoryKind::app_password, verb, "user@example.org");
      sub->add_option("program", command->texts["name"], "Its name: \"phone\"")->required();
      if (verb == DirectoryVerb::add) {
        add_members(*sub, *command, std::span(account_options).subspan(2, 1));
      }
    }
  }

  void add_transfer(App& accounts) {
    auto [out, exporting] = add_command(
        accounts, "export", "Print domains, accounts, aliases and lists, with password hashes",
        tools::ExportCommand{});
    out->add_flag("--csv", exporting->csv, "As CSV (default: a JSON object a line)");
    out->add_flag("--json", exporting->json, "As JSON, a line each (the default)")
        ->excludes("--csv");
    auto [in, importing] =
        add_command(accounts, "import", "Take what export wrote, or a CSV file of one's own",
                    tools::ImportCommand{});
    in->add_option("file", importing->file, "-: standard input")->required();
    in->add_flag("--update", importing->update, "Change what is there already");
    in->add_flag("--json", importing->json, "Answer as JSON");
  }

  App& app_;
  std::filesystem::path config_;
  std::function<void(OnServer)> done_;
};

}  // namespace directory_commands

// Adds account, domain, alias and list to the program's commands. `done` is given what was asked
// for; `config` is where its configuration stands unless --config says otherwise.
// App: CLI::App; a parameter, since one file alone includes that library.
template <class App>
void add_directory_commands(App& app, const std::filesystem::path& config,
                            const std::function<void(OnServer)>& done) {
  directory_commands::Builder<App> builder(app, config, done);
  builder.add_accounts();
  builder.add_domains();
  builder.add_aliases();
  builder.add_lists();
}

}  // namespace postrider::app
