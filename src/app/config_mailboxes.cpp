#include "config_options.hpp"
#include "config_values.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>

// The options of mailboxes, and of how people reach them.
namespace postrider::app {
namespace {

// Empty: there is to be none.
std::optional<std::string> parse_first_name(std::string_view text) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  const bool is_name = text.size() <= 200 && is_utf8(text) && !text.starts_with('/') &&
                       !text.ends_with('/') && !text.contains("//") &&
                       std::ranges::none_of(text, is_control) &&
                       !equals_ignoring_case(text, "INBOX");
  return is_name ? std::optional(std::string(text)) : std::nullopt;
}

auto first_name(std::string MailboxConfig::* member) {
  return parsed(member, parse_first_name, "a mailbox's name", "\"Mail/Sent\", or \"\" for none");
}

}  // namespace

std::vector<store::FirstMailbox> first_mailboxes(const MailboxConfig& config) {
  using enum store::SpecialUse;
  std::vector<store::FirstMailbox> out{{config.drafts, drafts},
                                       {config.sent, sent},
                                       {config.archive, archive},
                                       {config.junk, junk},
                                       {config.trash, trash}};
  std::erase_if(out, [](const store::FirstMailbox& first) { return first.name.empty(); });
  return out;
}

std::span<const Option<MailboxConfig>> mailbox_options() {
  static const std::array<Option<MailboxConfig>, 10> options{{
      {"drafts", "text", "\"Drafts\"",
       "The mailbox with the use \\Drafts (RFC 6154) that a new account begins with, subscribed to "
       "as its INBOX is; \"\": it has none. `postrider mailbox complete` makes these for an "
       "account "
       "that is there. They change at the next restart.",
       first_name(&MailboxConfig::drafts)},
      {"sent", "text", "\"Sent\"", "The same for \\Sent.", first_name(&MailboxConfig::sent)},
      {"archive", "text", "\"Archive\"", "The same for \\Archive.",
       first_name(&MailboxConfig::archive)},
      {"junk", "text", "\"Junk\"", "The same for \\Junk.", first_name(&MailboxConfig::junk)},
      {"trash", "text", "\"Trash\"", "The same for \\Trash.", first_name(&MailboxConfig::trash)},
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
