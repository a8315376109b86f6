#include "config_options.hpp"

#include <fmt/core.h>

namespace postrider::app {

namespace {

template <class Section>
void describe(std::string& out, std::string_view heading, std::string_view text,
              std::span<const Option<Section>> options) {
  out += fmt::format("\n## {}\n\n{}\n\n| key | value | default | |\n|---|---|---|---|\n", heading,
                     text);
  for (const auto& row : options) {
    std::string type(row.type);
    out += fmt::format("| `{}` | {} | {} | {} |\n", row.key, type,
                       row.required ? "must be set" : row.fallback, row.text);
  }
}

}  // namespace

std::string describe_configuration() {
  std::string out =
      "# Configuration\n\n"
      "One TOML file, read by `postrider serve --config FILE` and by the operator commands.\n"
      "`postrider check --config FILE` names every problem at once. This page is made from the\n"
      "option tables of the program (`postrider check --manual`); a test holds them together.\n\n"
      "Durations: `\"250ms\"`, `\"30s\"`, `\"5m\"`, `\"2h\"`, `\"5d\"`, `\"1h30m\"`. Sizes: "
      "`\"25MB\"`, "
      "`\"64KiB\"`, or octets as a number.\nRates: `\"100/s\"`, `\"1000/h\"`. Paths are relative "
      "to the "
      "file. Where a list is wanted, a single value may stand.\n";
  describe(out, "The top of the file", "", top_options());
  describe(out, "[[listener]]", "As many as wanted.", listener_options());
  describe(out, "[tls]", "The certificate that listeners show, and whom delivery trusts.",
           tls_options());
  describe(out, "[[tls.name]]", "Further certificates.", certificate_options());
  describe(out, "[dns]", "Where names are looked up.", dns_options());
  describe(out, "[delivery]", "How mail leaves.", delivery_options());
  describe(out, "[tls_report]",
           "What other domains are told of TLS with them (docs/tls_policy.md).",
           tls_report_options());
  describe(out, "[dmarc_report]",
           "What other domains are told of mail in their name (docs/inbound.md).",
           dmarc_report_options());
  describe(out, "[bounces]",
           "What comes back to the addresses that mail is sent from (docs/inbound.md).",
           bounces_options());
  describe(out, "[[bounces.of]]", "For the senders of one domain.", bounces_of_options());
  describe(out, "[inbound]",
           "How mail from others is judged: for listeners with service = \"inbound\" "
           "(docs/inbound.md).",
           inbound_options());
  describe(out, "[[inbound.dnsbl]]", "Lists in DNS that clients are looked up in.",
           dns_list_options());
  describe(out, "[[inbound.domain_list]]",
           "Lists in DNS that the domains of a message are looked up in.", domain_list_options());
  describe(out, "[greylist]",
           "Mail of which nothing good is known is to come back (docs/inbound.md).",
           greylist_options());
  describe(out, "[[filter]]",
           "What looks at messages before they are taken, in this order (docs/inbound.md).",
           filter_options());
  describe(out, "[quarantine]", "What filters have held back (`postrider quarantine`).",
           quarantine_options());
  describe(out, "[mailbox]",
           "What accounts begin with, and how long mail is kept that nobody wants (docs/inbox.md).",
           mailbox_options());
  describe(out, "[pop3]", "Listeners with service = \"pop3\" (docs/inbox.md).", pop3_options());
  describe(out, "[imap]", "Listeners with service = \"imap\" (docs/inbox.md).", imap_options());
  describe(out, "[[imap.hidden]]",
           "What a client stumbles over can be hidden from it, or from one account.",
           hidden_options());
  describe(out, "[[route]]", "Next hops in place of MX. No match means MX.", route_options());
  describe(out, "[[policy]]", "TLS towards certain domains.", policy_options());
  describe(out, "[[dkim]]", "Keys; several for one domain sign several times.", dkim_options());
  describe(out, "[log]", "The event log (docs/events.md) and messages for the operator.",
           log_options());
  describe(out, "[limits]", "What sheds load before memory or disk run out.", limits_options());
  describe(out, "[accounts]", "Logins.", accounts_options());
  describe(out, "[oauth]",
           "Logins with access tokens: OAUTHBEARER and XOAUTH2, over TLS (docs/directory.md).",
           oauth_options());
  describe(out, "[engine]", "", engine_options());
  describe(out, "[store]", "Memory of the database.", store_options());
  return out;
}

}  // namespace postrider::app
