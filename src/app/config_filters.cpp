#include "config_options.hpp"
#include "config_values.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>

// The options of what looks at a message, and of what is held back.
namespace postrider::app {

namespace {

using flow::FilterAction;
using flow::FilterKind;
using flow::WhenDown;

std::optional<Door> parse_door(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Door>, 4> doors{{
      {"inbound", Door::inbound},
      {"submission", Door::submission},
      {"relay", Door::relay},
      {"lmtp", Door::lmtp},
  }};
  const auto row = std::ranges::find(doors, text, &decltype(doors)::value_type::first);
  return row == doors.end() ? std::nullopt : std::optional(row->second);
}

std::optional<SocketAddress> parse_controller(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (text.starts_with(scheme)) {
    text.remove_prefix(scheme.size());
    text = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  }
  return SocketAddress::parse(text);
}

// What stands in a mail for its reader to use, and in a line of shell.
std::optional<std::string> parse_web_address(std::string_view text) {
  const std::string_view rest = text.substr(std::min(text.find("://"), text.size()));
  const bool is_web = (text.starts_with("https://") || text.starts_with("http://")) &&
                      rest.size() > 3 && rest.find('/', 3) == rest.npos;
  const bool is_plain = std::ranges::all_of(text, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || std::string_view(":/.-[]").contains(c);
  });
  return is_web && is_plain ? std::optional(std::string(text)) : std::nullopt;
}

struct FilterNames {
  std::vector<std::string> names;
};

ValueError read_withheld(const toml::node& node, QuarantineConfig& section) {
  FilterNames given;
  const auto any = [](std::string_view name) { return std::optional<std::string>(name); };
  if (auto wrong =
          list(&FilterNames::names, any, "names of filters", "[\"clamav\"]")(node, given)) {
    return wrong;
  }
  section.withheld_by = std::move(given.names);
  return {};
}

}  // namespace

std::span<const Option<FilterConfig>> filter_options() {
  static const Choices<FilterAction> actions{{"reject", FilterAction::reject},
                                             {"quarantine", FilterAction::quarantine},
                                             {"junk", FilterAction::junk},
                                             {"tag", FilterAction::tag}};
  static const std::array<Option<FilterConfig>, 14> options{{
      {"kind", "\"clamav\", \"rspamd\", \"milter\"", "",
       "clamav: clamd's INSTREAM. rspamd: its HTTP protocol (the normal worker, port 11333). "
       "milter: version 6, as Postfix and Sendmail speak it.",
       choice(&FilterConfig::kind, Choices<FilterKind>{{"clamav", FilterKind::clamav},
                                                       {"rspamd", FilterKind::rspamd},
                                                       {"milter", FilterKind::milter}}),
       true},
      {"name", "text", "the kind", "How it is called in headers, events and the status.",
       text(&FilterConfig::name)},
      {"address", "address:port", "", "Where it listens.",
       parsed(&FilterConfig::address, SocketAddress::parse, "an address with a port",
              "\"127.0.0.1:11333\"")},
      {"socket", "path", "", "Its Unix socket, in place of address.", path(&FilterConfig::socket)},
      {"doors", "list of \"inbound\", \"submission\", \"relay\", \"lmtp\"",
       "[\"inbound\", \"submission\"]", "The listeners whose mail it looks at.",
       list(&FilterConfig::doors, parse_door, "a kind of listener",
            "[\"inbound\", \"submission\"]")},
      {"timeout", "duration", "\"60s\"",
       "How long clamd or rspamd may take for a message, and a milter for each answer.",
       duration(&FilterConfig::timeout)},
      {"when_down", "\"tempfail\", \"accept\"", "\"tempfail\"",
       "What becomes of mail while it can't be reached, or does not answer rightly: 451, or it is "
       "taken with a remark in its header and in the log.",
       choice(&FilterConfig::when_down,
              Choices<WhenDown>{{"tempfail", WhenDown::tempfail}, {"accept", WhenDown::accept}})},
      {"max_size", "size", "none",
       "Larger messages are not shown to it: they are taken with a remark.",
       size(&FilterConfig::octets_max)},
      {"on_reject", "\"reject\", \"quarantine\", \"junk\", \"tag\"", "\"reject\"",
       "What becomes of a message with a virus, or that rspamd or a milter rejects. What leaves "
       "can't be filed: junk is reject there.",
       choice(&FilterConfig::on_reject, actions)},
      {"on_spam", "\"reject\", \"quarantine\", \"junk\", \"tag\"", "\"junk\"",
       "What becomes of a message that rspamd would mark (its actions \"add header\" and "
       "\"rewrite subject\"). What leaves can't be filed: junk is tag there.",
       choice(&FilterConfig::on_spam, actions)},
      {"spam_headers", "true, false", "true",
       "rspamd: write X-Spam-Flag, X-Spam-Score and X-Spam-Status, and remove those of others.",
       flag(&FilterConfig::adds_headers)},
      {"rewrite_subject", "true, false", "true", "rspamd: rewrite the subject where it says so.",
       flag(&FilterConfig::rewrites_subject)},
      {"learn", "address:port", "none",
       "rspamd's controller (port 11334): what users put into Junk is spam to it from then on, and "
       "what they take out again, but not into Trash, is ham. An \"http://\" in front may stand.",
       parsed(&FilterConfig::learn, parse_controller, "an address with a port",
              "\"127.0.0.1:11334\"")},
      {"learn_password_file", "path", "none",
       "The first line of this file is the controller's password, where it wants one.",
       path(&FilterConfig::learn_password_file)},
  }};
  return options;
}

std::span<const Option<QuarantineConfig>> quarantine_options() {
  static const std::array<Option<QuarantineConfig>, 6> options{{
      {"max_age", "duration", "\"30d\"",
       "What was held back so long ago is deleted, with an event; \"0s\": never.",
       duration(&QuarantineConfig::max_age)},
      {"check_every", "duration", "\"1h\"", "How often it is looked for.",
       duration(&QuarantineConfig::check_every)},
      {"withheld_by", "list of names", "filters of kind clamav",
       "What these filters have held back its recipients see (service = \"http\"), and can't "
       "release.",
       read_withheld},
      {"digest_every", "duration", "\"0s\"",
       "Each user is told by mail what was newly held back for him, at most once in that time; "
       "\"24h\" is usual, \"0s\": never.",
       duration(&QuarantineConfig::digest_every)},
      {"digest_from", "address", "postmaster@ the hostname", "Whom these mails are from.",
       parsed(&QuarantineConfig::digest_from, parse_mail_address, "an address",
              "\"postmaster@example.org\"")},
      {"url", "text", "https:// the hostname, if a listener serves it",
       "Where users reach service = \"http\", for these mails: a proxy's address, say.",
       parsed(&QuarantineConfig::url, parse_web_address, "an https address without a path",
              "\"https://mail.example.org\"")},
  }};
  return options;
}

bool is_same(const std::vector<FilterConfig>& a, const std::vector<FilterConfig>& b) {
  return std::ranges::equal(a, b, [](const FilterConfig& x, const FilterConfig& y) {
    return static_cast<const flow::FilterSettings&>(x) == y && x.socket == y.socket;
  });
}

}  // namespace postrider::app
