#include "config_options.hpp"
#include "config_values.hpp"

#include <algorithm>
#include <array>
#include <tuple>

// The options of lists in DNS, and of who is asked to come back.
namespace postrider::app {

namespace {

using policy::AnswerPattern;
using policy::DnsList;
using policy::NameRole;

constexpr std::string_view actions_type =
    "\"reject\", \"defer\", \"junk\", \"score\", \"tag\", \"allow\"";
constexpr std::string_view answers_text =
    "Which answers mean that it is listed; default: all inside 127.0.0.0/8. What is about the "
    "question (127.255.255.0/24) never does.";

auto action() {
  return choice(&DnsList::action, Choices<DnsListAction>{{"reject", DnsListAction::reject},
                                                         {"defer", DnsListAction::defer},
                                                         {"junk", DnsListAction::junk},
                                                         {"score", DnsListAction::score},
                                                         {"tag", DnsListAction::tag},
                                                         {"allow", DnsListAction::allow}});
}

auto answers() {
  return list(&DnsList::answers, AnswerPattern::parse, "a pattern of answers",
              "[\"127.0.0.2\", \"127.0.1.[2..99]\"]");
}

std::optional<NameRole> parse_role(std::string_view text) {
  for (const NameRole role :
       {NameRole::client, NameRole::helo, NameRole::sender, NameRole::from, NameRole::dkim}) {
    if (policy::name_of(role) == text) {
      return role;
    }
  }
  return std::nullopt;
}

}  // namespace

std::span<const Option<DnsListConfig>> dns_list_options() {
  static const std::array<Option<DnsListConfig>, 4> options{{
      {"zone", "domain", "", "A list of addresses (RFC 5782).",
       parsed(&DnsList::zone, parse_domain, "a domain", "\"dnsbl.example.org\""), true},
      {"action", actions_type, "\"reject\"",
       "What becomes of mail from a listed client: 550, 450, filed as junk, `weight` counts (with "
       "inbound.lists_reject_from and lists_junk_from), a remark, or no list is heeded. Mail for "
       "postmaster is always taken.",
       action()},
      {"answers", "list of patterns", "all", answers_text, answers()},
      {"weight", "number", "1", "Of action = \"score\"; may be negative.",
       number(&DnsList::weight, -1000, 1000)},
  }};
  return options;
}

std::span<const Option<DomainListConfig>> domain_list_options() {
  static const std::array<Option<DomainListConfig>, 6> options{{
      {"zone", "domain", "", "A list of domains (RFC 5782 2.3).",
       parsed(&DnsList::zone, parse_domain, "a domain", "\"dbl.example.org\""), true},
      {"of", "list of \"helo\", \"client\", \"sender\", \"from\", \"dkim\"",
       "[\"helo\", \"sender\", \"from\", \"dkim\"]",
       "Which names it is asked for: HELO, the client's name by DNS, the domain of MAIL FROM, that "
       "of From, d= of each DKIM signature that holds.",
       list(&DomainListConfig::roles, parse_role, "one of a message's names",
            "[\"sender\", \"from\"]")},
      {"action", actions_type, "\"reject\"",
       "As of [[inbound.dnsbl]]; \"allow\" only of \"client\" and \"dkim\", which are proven.",
       action()},
      {"answers", "list of patterns", "all", answers_text, answers()},
      {"weight", "number", "1", "Of action = \"score\"; may be negative.",
       number(&DnsList::weight, -1000, 1000)},
      {"organizational", "true, false", "false",
       "It is asked for example.co.uk, not for mail.example.co.uk (by the public suffix list): for "
       "lists that hold no more.",
       flag(&DomainListConfig::organizational)},
  }};
  return options;
}

std::span<const Option<GreylistConfig>> greylist_options() {
  static const std::array<Option<GreylistConfig>, 10> options{{
      {"enabled", "true, false", "false",
       "Ask mail of which nothing good is known to come back (450 4.7.1).",
       flag(&GreylistConfig::enabled)},
      {"delay", "duration", "\"5m\"", "How long it has to stay away.",
       duration(&GreylistConfig::delay)},
      {"window", "duration", "\"2d\"", "How long it may stay away before it is new again.",
       duration(&GreylistConfig::window)},
      {"expiry", "duration", "\"35d\"", "After this time without mail a reputation is forgotten.",
       duration(&GreylistConfig::expiry)},
      {"network_known_after", "number", "5",
       "Good messages after which a client's network is known.",
       number(&GreylistConfig::network_known_after, 1, 64)},
      {"domain_known_after", "number", "1",
       "Good messages after which a domain is known, where DMARC proves it.",
       number(&GreylistConfig::domain_known_after, 1, 64)},
      {"ipv4_bits", "number", "24", "How much of an address is its network.",
       number(&GreylistConfig::v4_bits, 8, 32)},
      {"ipv6_bits", "number", "64", "The same of IPv6.", number(&GreylistConfig::v6_bits, 16, 128)},
      {"entries", "number", "50000",
       "Of each kind (who is waited for, networks, domains), all cores together; past it the "
       "oldest are forgotten. About 300 octets each.",
       number(&GreylistConfig::entries, 100, 10'000'000)},
      {"except", "list of networks", "[]", "Clients that are never asked to come back.",
       list(&GreylistConfig::except, IpNetwork::parse, "a network", "[\"192.0.2.0/24\"]")},
  }};
  return options;
}

bool wants_public_suffixes(const InboundConfig& inbound) {
  return std::ranges::any_of(inbound.domain_lists, &DomainListConfig::organizational);
}

bool is_same(const InboundConfig& a, const InboundConfig& b) {
  const auto all = [](const InboundConfig& c) {
    return std::tie(c.spf, c.dmarc, c.arc_trusted, c.authserv_id, c.dns_limit, c.client_limit,
                    c.unknown_recipients, c.messages_per_address, c.lists_from);
  };
  const auto same_list = [](const DnsList& x, const DnsList& y) { return x == y; };
  const auto same_domain_list = [](const DomainListConfig& x, const DomainListConfig& y) {
    return static_cast<const DnsList&>(x) == y && x.roles == y.roles &&
           x.organizational == y.organizational;
  };
  return all(a) == all(b) && std::ranges::equal(a.dnsbl, b.dnsbl, same_list) &&
         std::ranges::equal(a.domain_lists, b.domain_lists, same_domain_list);
}

bool is_same(const GreylistConfig& a, const GreylistConfig& b) {
  return static_cast<const policy::GreylistSettings&>(a) == b && a.enabled == b.enabled &&
         a.except == b.except;
}

}  // namespace postrider::app
