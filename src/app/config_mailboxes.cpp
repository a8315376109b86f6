#include "config_options.hpp"
#include "config_values.hpp"

#include <array>

// The options of mailboxes, and of how people reach them.
namespace postrider::app {

std::span<const Option<MailboxConfig>> mailbox_options() {
  static const std::array<Option<MailboxConfig>, 5> options{{
      {"undelete", "duration", "\"14d\"",
       "What was deleted so long ago goes for good; until then `postrider mailbox undelete` "
       "brings it back. \"0s\": never.",
       duration(&MailboxConfig::undelete)},
      {"trash_keeps", "duration", "\"0s\"",
       "Messages that came into a mailbox with the use \\Trash so long ago are deleted; \"0s\": "
       "they stay.",
       duration(&MailboxConfig::trash_keeps)},
      {"junk_keeps", "duration", "\"0s\"", "The same for \\Junk.",
       duration(&MailboxConfig::junk_keeps)},
      {"check_every", "duration", "\"1h\"", "How often they are looked for.",
       duration(&MailboxConfig::check_every)},
      {"search_index", "true, false", "true",
       "Accounts whose clients search in texts get a full-text index, below data_dir in `search` "
       "(inbox.md). Without it such searches read every message.",
       flag(&MailboxConfig::search_index)},
  }};
  return options;
}

std::span<const Option<Pop3Config>> pop3_options() {
  static const std::array<Option<Pop3Config>, 4> options{{
      {"keeps_deleted", "true, false", "false",
       "Deleted messages stay where they are: for people whose clients forget \"leave on server\". "
       "A client shows them again once it has forgotten which ones it has.",
       flag(&Pop3Config::keeps_deleted)},
      {"sessions", "number", "4000", "Connections to all its listeners together.",
       number(&Pop3Config::sessions, 1, 1'000'000)},
      {"sessions_per_address", "number", "100", "Connections from one address.",
       number(&Pop3Config::sessions_per_address, 1, 1'000'000)},
      {"idle_timeout", "duration", "\"10m\"",
       "How long a client that has logged in may say nothing; at least \"10m\" (RFC 1939 3).",
       duration(&Pop3Config::idle_timeout)},
  }};
  return options;
}

std::span<const Option<ImapConfig>> imap_options() {
  static const std::array<Option<ImapConfig>, 4> options{{
      {"sessions", "number", "10000", "Connections to all its listeners together.",
       number(&ImapConfig::sessions, 1, 1'000'000)},
      {"sessions_per_address", "number", "100", "Connections from one address.",
       number(&ImapConfig::sessions_per_address, 1, 1'000'000)},
      {"sessions_per_user", "number", "100", "Connections of one account.",
       number(&ImapConfig::sessions_per_user, 1, 1'000'000)},
      {"idle_timeout", "duration", "\"30m\"",
       "How long a client may say nothing; at least \"30m\" (RFC 9051 5.4).",
       duration(&ImapConfig::idle_timeout)},
  }};
  return options;
}

std::span<const Option<HiddenConfig>> hidden_options() {
  static const std::array<Option<HiddenConfig>, 3> options{{
      {"account", "address", "", "From whom they are hidden.",
       parsed(&HiddenConfig::account, parse_mail_address, "an address", "\"ann@example.org\"")},
      {"client", "text", "", "Or from which program: how its name in ID begins (RFC 2971).",
       text(&HiddenConfig::client)},
      {"capabilities", "list of words", "", "What is not offered: [\"CONDSTORE\", \"QRESYNC\"].",
       list(&HiddenConfig::capabilities, imap::parse_capability, "an IMAP capability",
            "[\"CONDSTORE\"]"),
       true},
  }};
  return options;
}

}  // namespace postrider::app
