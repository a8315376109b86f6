#include "config_options.hpp"

#include "config_values.hpp"

#include <array>

namespace postrider::app {

namespace {

std::optional<SocketAddress> parse_listen_address(std::string_view text) {
  // ":587" and "*:587" mean every address of the machine.
  if (text.starts_with(':') || text.starts_with("*:")) {
    const auto port = parse_decimal(text.substr(text.find(':') + 1));
    if (!port || *port > 65535) {
      return std::nullopt;
    }
    return SocketAddress{IpAddress::v6({}), static_cast<std::uint16_t>(*port)};
  }
  return SocketAddress::parse(text);
}

std::optional<SocketAddress> parse_server(std::string_view text) {
  if (auto whole = SocketAddress::parse(text)) {
    return whole;
  }
  if (auto ip = IpAddress::parse(text)) {
    return SocketAddress{*ip, 53};
  }
  return std::nullopt;
}

bool is_domain_text(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '.' && text.back() != '.' &&
         text.find_first_of(" \t@:/") == std::string_view::npos &&
         text.find("..") == std::string_view::npos;
}

std::optional<std::string> parse_domain_pattern(std::string_view text) {
  if (text == "*" || (text.starts_with("*.") && is_domain_text(text.substr(2)))) {
    return to_lower(text);
  }
  return parse_domain(text);
}

std::optional<std::string> parse_next_hop(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) {
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::string> parse_fingerprint(std::string_view text) {
  std::string hex;
  for (const char c : text) {
    if (c != ':') {
      hex += ascii_lower(c);
    }
  }
  const bool sound = hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == hex.npos;
  return sound ? std::optional(hex) : std::nullopt;
}

std::optional<std::string> parse_separators(std::string_view text) {
  return text.find_first_not_of("+-_=#%") == text.npos ? std::optional<std::string>(text)
                                                       : std::nullopt;
}

std::optional<PasswordForm> parse_password_form(std::string_view text) {
  if (text == "argon2id") {
    return PasswordForm::argon2id;
  }
  return text == "scram-sha-256" ? std::optional(PasswordForm::scram) : std::nullopt;
}

ValueError read_service(const toml::node& node, ListenerConfig& listener) {
  struct Service {
    Protocol protocol;
    Door door;
  };
  static const Choices<Service> services{{"submission", {Protocol::smtp, Door::submission}},
                                         {"relay", {Protocol::smtp, Door::relay}},
                                         {"inbound", {Protocol::smtp, Door::inbound}},
                                         {"lmtp", {Protocol::smtp, Door::lmtp}},
                                         {"pop3", {Protocol::pop3, {}}},
                                         {"imap", {Protocol::imap, {}}},
                                         {"http", {Protocol::http, {}}}};
  return choose(node, services, [&listener](const Service& service) {
    listener.protocol = service.protocol;
    listener.door = service.door;
  });
}

const Choices<TlsLevel> delivery_tls_choices{{"off", TlsLevel::off},
                                             {"opportunistic", TlsLevel::opportunistic},
                                             {"required", TlsLevel::required},
                                             {"verified", TlsLevel::verified}};

}  // namespace

std::optional<std::string> parse_domain(std::string_view text) {
  return is_domain_text(text) ? std::optional(to_lower(text)) : std::nullopt;
}

std::optional<std::string> parse_mail_address(std::string_view text) {
  const auto at = text.rfind('@');
  const bool sound = at != text.npos && at > 0 && is_domain_text(text.substr(at + 1)) &&
                     text.find_first_of(" \t<>") == text.npos;
  return sound ? std::optional(to_lower(text)) : std::nullopt;
}

std::span<const Option<Config>> top_options() {
  static const std::array<Option<Config>, 2> options{{
      {"hostname", "domain", "", "The name of this server: in EHLO, greetings and Received.",
       parsed(&Config::hostname, parse_domain, "a domain name", "\"mail.example.org\""), true},
      {"data_dir", "path", "",
       "Where everything durable lives. Made if its parent exists; one server at a time.",
       path(&Config::data_dir), true},
  }};
  return options;
}

std::span<const Option<ListenerConfig>> listener_options() {
  static const std::array<Option<ListenerConfig>, 8> options{{
      {"service", "\"submission\", \"relay\", \"inbound\", \"lmtp\", \"pop3\", \"imap\", \"http\"",
       "\"submission\"",
       "submission: AUTH is required and messages are completed (Date, Message-ID). relay: the "
       "networks in `allow` may send without AUTH. inbound: anybody may send to who is hosted here "
       "(see inbound.md). lmtp: the same by LMTP, for the networks in `allow`, and not judged. "
       "pop3: accounts read their INBOX, imap: all their mailboxes (see inbox.md). "
       "http: they see what was held back for them (see inbound.md).",
       read_service},
      {"address", "address:port", "",
       "Where to listen: \"0.0.0.0:587\", \"[::]:465\", \":25\". Must be set, but for a `socket`.",
       parsed(&ListenerConfig::address, parse_listen_address, "an address with a port",
              "\"0.0.0.0:587\"")},
      {"socket", "path", "",
       "lmtp only, in place of address: a Unix socket, for the server's user and group.",
       path(&ListenerConfig::socket)},
      {"tls", "\"none\", \"starttls\", \"implicit\"", "\"starttls\"",
       "implicit: TLS from the first octet (ports 465, 993, 995). starttls: for who asks (587, 25, "
       "143, 110).",
       choice(&ListenerConfig::tls, Choices<ListenerTls>{{"none", ListenerTls::none},
                                                         {"starttls", ListenerTls::starttls},
                                                         {"implicit", ListenerTls::implicit}})},
      {"allow", "list of networks", "[]", "relay and lmtp only: who may send. Empty means nobody.",
       list(&ListenerConfig::allow, IpNetwork::parse, "a network", "\"192.0.2.0/24\"")},
      {"proxy_from", "list of networks", "[]",
       "Proxies that begin each connection with a PROXY header (version 1 or 2), and must.",
       list(&ListenerConfig::proxy_from, IpNetwork::parse, "a network", "\"192.0.2.1/32\"")},
      {"xclient_from", "list of networks", "[]",
       "Servers that may speak for their clients by XCLIENT.",
       list(&ListenerConfig::xclient_from, IpNetwork::parse, "a network", "\"192.0.2.1/32\"")},
      {"plain_auth", "true, false", "false",
       "Offer AUTH without TLS. Refused unless the address is a loopback one.",
       flag(&ListenerConfig::plain_auth)},
  }};
  return options;
}

std::span<const Option<TlsConfig>> tls_options() {
  static const std::array<Option<TlsConfig>, 3> options{{
      {"certificate", "path", "", "PEM file with the certificate and its chain: the default one.",
       path(&TlsConfig::certificate)},
      {"key", "path", "", "PEM file with its private key.", path(&TlsConfig::key)},
      {"ca_file", "path", "the system's", "PEM file of the authorities trusted when delivering.",
       path(&TlsConfig::ca_file)},
  }};
  return options;
}

std::span<const Option<CertificateConfig>> certificate_options() {
  static const std::array<Option<CertificateConfig>, 2> options{{
      {"certificate", "path", "", "A further certificate, chosen by SNI among the names in it.",
       path(&CertificateConfig::certificate), true},
      {"key", "path", "", "Its private key.", path(&CertificateConfig::key), true},
  }};
  return options;
}

std::span<const Option<DnsConfig>> dns_options() {
  static const std::array<Option<DnsConfig>, 7> options{{
      {"servers", "list of address:port", "those of /etc/resolv.conf",
       "Recursive servers, asked in this order.",
       list(&DnsConfig::servers, parse_server, "an address with a port", "\"127.0.0.1:53\"")},
      {"dnssec", "\"validate\", \"trust-ad\", \"off\"", "\"validate\"",
       "validate: signatures are checked here, whatever the servers say. trust-ad: a server's AD "
       "flag is believed; for servers on loopback or in "
       "`trusted`. off: nothing counts as secure. See dns.md.",
       choice(&DnsConfig::dnssec, Choices<DnssecMode>{{"validate", DnssecMode::validate},
                                                      {"trust-ad", DnssecMode::trust_ad},
                                                      {"off", DnssecMode::off}})},
      {"require_dnssec", "true, false", "false",
       "For validate: while no server passes DNSSEC records on, mail waits. Without it nothing is "
       "validated then, nor DANE used, and the operator is warned.",
       flag(&DnsConfig::require_dnssec)},
      {"trust_anchors", "path", "IANA's of the root",
       "For validate: a file of DS or DNSKEY records where validation begins. Read again at "
       "reload.",
       path(&DnsConfig::trust_anchors)},
      {"trusted", "list of addresses", "[]",
       "For trust-ad: servers beyond loopback whose AD flag is believed, and the path to them.",
       list(&DnsConfig::trusted, IpAddress::parse, "an address", "\"192.0.2.53\"")},
      {"timeout", "duration", "\"2s\"", "How long one server may take to answer one query.",
       duration(&DnsConfig::timeout)},
      {"stale", "duration", "\"24h\"",
       "How long past its time an answer is still used while no server answers; \"0s\": never.",
       duration(&DnsConfig::stale)},
  }};
  return options;
}

std::span<const Option<DeliveryConfig>> delivery_options() {
  static const std::array<Option<DeliveryConfig>, 17> options{{
      {"port", "number", "25", "The port of mail exchangers. Tests use another.",
       number(&DeliveryConfig::port, 1)},
      {"tls", "\"off\", \"opportunistic\", \"required\", \"verified\"", "\"opportunistic\"",
       "What delivery asks of TLS where no [[policy]] or [[route]] says otherwise.",
       choice(&DeliveryConfig::tls, delivery_tls_choices)},
      {"retry", "list of durations", "[\"5m\", \"10m\", \"20m\", \"40m\", \"1h\", \"2h\", \"4h\"]",
       "Time between attempts; the last repeats. Each is varied by up to a tenth.",
       list(&DeliveryConfig::retry, parse_duration, "a duration", "[\"5m\", \"1h\"]")},
      {"max_age", "duration", "\"5d\"", "After this a message is returned to its sender.",
       duration(&DeliveryConfig::max_age)},
      {"delay_warning", "duration", "\"4h\"", "After this the sender is told once; \"0s\": never.",
       duration(&DeliveryConfig::delay_warning)},
      {"connections_per_site", "number", "20", "Connections to one site at a time, over all cores.",
       number(&DeliveryConfig::connections_per_site, 1, 10'000)},
      {"messages_per_connection", "number", "1000", "Then a connection is closed.",
       number(&DeliveryConfig::messages_per_connection, 1)},
      {"idle_connection", "duration", "\"10s\"",
       "How long a connection waits for its next message.",
       duration(&DeliveryConfig::idle_connection)},
      {"greeting_timeout", "duration", "\"5m\"",
       "How long a host that took the connection may wait with its greeting (RFC 5321 4.5.3.2.1).",
       duration(&DeliveryConfig::greeting_timeout)},
      {"tls_timeout", "duration", "\"1m\"",
       "How long a TLS handshake may take; then the host is spoken to in plain where the policy "
       "lets it.",
       duration(&DeliveryConfig::tls_timeout)},
      {"window", "number", "20000", "Deliveries held in memory, per core; the rest waits on disk.",
       number(&DeliveryConfig::window, 100, 10'000'000)},
      {"sources", "list of addresses", "[]", "Local addresses to send from; empty: any.",
       list(&DeliveryConfig::sources, IpAddress::parse, "an address", "\"192.0.2.10\"")},
      {"ipv4", "true, false", "true", "Deliver over IPv4.", flag(&DeliveryConfig::ipv4)},
      {"ipv6", "true, false", "true", "Deliver over IPv6.", flag(&DeliveryConfig::ipv6)},
      {"dane", "true, false", "true", "Obey TLSA records where DNSSEC proves them (RFC 7672).",
       flag(&DeliveryConfig::dane)},
      {"mta_sts", "true, false", "true", "Fetch and obey MTA-STS policies (RFC 8461).",
       flag(&DeliveryConfig::mta_sts)},
      {"mta_sts_port", "number", "443", "The port of policy hosts. Tests use another.",
       number(&DeliveryConfig::mta_sts_port, 1)},
  }};
  return options;
}

namespace {

std::array<Option<ReportConfig>, 6> report_options(std::string_view enabled,
                                                   std::string_view receive) {
  return {{
      {"enabled", "true, false", "false", enabled, flag(&ReportConfig::enabled)},
      {"organization", "text", "the hostname", "Who reports.", text(&ReportConfig::organization)},
      {"contact", "text", "postmaster@ the hostname", "Whom a reader may ask.",
       text(&ReportConfig::contact)},
      {"from", "address", "postmaster@ the hostname",
       "The sender of reports; a [[dkim]] key of its domain signs them, as receivers want it.",
       text(&ReportConfig::from)},
      {"receive", "address", "none", receive,
       parsed(&ReportConfig::receive, parse_mail_address, "an address", "\"reports@example.org\"")},
      {"keep", "duration", "\"90d\"", "How long those are kept.", duration(&ReportConfig::keep)},
  }};
}

}  // namespace

std::span<const Option<ReportConfig>> tls_report_options() {
  static const auto options = report_options(
      "Count TLS sessions with domains that ask for it, and send them a report a day (RFC 8460).",
      "Where others send theirs about domains of ours (`rua=` in their _smtp._tls records): what "
      "comes there is read, kept and shown by `postrider tlsrpt received`. It need not be "
      "anybody's, and may be that of [dmarc_report].");
  return options;
}

std::span<const Option<ReportConfig>> dmarc_report_options() {
  static const auto options = report_options(
      "Count what DMARC finds of domains that ask for it, and send them a report a day (RFC 9990).",
      "Where others send theirs about domains of ours (`rua=` in their DMARC records): what comes "
      "there is read, kept and shown by `postrider dmarc received`. It need not be anybody's.");
  return options;
}

namespace {

auto threshold(std::int32_t policy::ListThresholds::* member) {
  return [read = number(member, 0, 1000)](const toml::node& node, InboundConfig& section) {
    return read(node, section.lists_from);
  };
}

}  // namespace

std::span<const Option<InboundConfig>> inbound_options() {
  static const Choices<Judging> judging{
      {"off", Judging::off}, {"tag", Judging::tag}, {"enforce", Judging::enforce}};
  static const std::array<Option<InboundConfig>, 10> options{{
      {"spf", "\"off\", \"tag\", \"enforce\"", "\"tag\"",
       "What an SPF fail leads to: tag writes it down, enforce refuses (550 5.7.23) unless DMARC "
       "passed.",
       choice(&InboundConfig::spf, judging)},
      {"dmarc", "\"off\", \"tag\", \"enforce\"", "\"enforce\"",
       "enforce: p=reject is refused (550 5.7.1), p=quarantine is filed as junk.",
       choice(&InboundConfig::dmarc, judging)},
      {"arc_trusted", "list of domains", "[]",
       "Forwarders and lists whose ARC seals override what DMARC asks for.",
       list(&InboundConfig::arc_trusted, parse_domain, "a domain", "\"lists.example.org\"")},
      {"authserv_id", "domain", "the hostname", "Our name in Authentication-Results.",
       parsed(&InboundConfig::authserv_id, parse_domain, "a domain name", "\"mx.example.org\"")},
      {"dns_limit", "duration", "\"20s\"",
       "How long judging a message may wait for DNS; what is not known by then is a temperror.",
       duration(&InboundConfig::dns_limit)},
      {"client_limit", "duration", "\"5s\"",
       "How long the client's name and the lists are waited for, from its connection on.",
       duration(&InboundConfig::client_limit)},
      {"unknown_recipients", "rate", "\"100/h\"",
       "How many addresses that nobody has one client may try; then 421.",
       rate(&InboundConfig::unknown_recipients)},
      {"messages_per_address", "rate", "\"100000/h\"", "How many messages one client may send.",
       rate(&InboundConfig::messages_per_address)},
      {"lists_reject_from", "number", "0",
       "From which sum of the weights of lists with action = \"score\" on mail is refused (550 "
       "5.7.1); 0: never.",
       threshold(&policy::ListThresholds::reject)},
      {"lists_junk_from", "number", "0", "The same, and it is filed as junk.",
       threshold(&policy::ListThresholds::junk)},
  }};
  return options;
}

std::span<const Option<RouteConfig>> route_options() {
  static const std::array<Option<RouteConfig>, 6> options{{
      {"domain", "domain, \"*.domain\" or \"*\"", "",
       "Recipient domains that this route is for. The first route that fits wins.",
       parsed(&RouteConfig::domain, parse_domain_pattern, "a domain", "\"example.net\" or \"*\""),
       true},
      {"via", "list of host:port", "", "Next hops, tried in this order.",
       list(&RouteConfig::via, parse_next_hop, "a host with a port", "[\"127.0.0.1:2526\"]"), true},
      {"protocol", "\"smtp\", \"lmtp\"", "\"smtp\"", "What the next hop speaks.",
       choice(&RouteConfig::protocol, Choices<RouteProtocol>{{"smtp", RouteProtocol::smtp},
                                                             {"lmtp", RouteProtocol::lmtp}})},
      {"tls", "as in [delivery]", "that of [delivery]", "What TLS the next hop must do.",
       choice(&RouteConfig::tls, delivery_tls_choices)},
      {"username", "text", "", "Log in there; needs password_file and TLS (or loopback).",
       text(&RouteConfig::username)},
      {"password_file", "path", "", "The first line of this file is the password.",
       path(&RouteConfig::password_file)},
  }};
  return options;
}

std::span<const Option<PolicyConfig>> policy_options() {
  static const std::array<Option<PolicyConfig>, 3> options{{
      {"domain", "domain, \"*.domain\" or \"*\"", "",
       "Recipient domains. The first that fits wins.",
       parsed(&PolicyConfig::domain, parse_domain_pattern, "a domain", "\"example.net\""), true},
      {"tls", "as in [delivery], or \"fingerprint\"", "\"opportunistic\"",
       "What delivery asks of TLS for these domains.",
       choice(&PolicyConfig::tls, Choices<TlsLevel>{{"off", TlsLevel::off},
                                                    {"opportunistic", TlsLevel::opportunistic},
                                                    {"required", TlsLevel::required},
                                                    {"verified", TlsLevel::verified},
                                                    {"fingerprint", TlsLevel::fingerprint}})},
      {"fingerprint", "list of SHA-256", "[]",
       "Certificates accepted for tls = \"fingerprint\", as hex with or without colons.",
       list(&PolicyConfig::fingerprint, parse_fingerprint, "a SHA-256 fingerprint",
            "64 hexadecimal digits")},
  }};
  return options;
}

std::span<const Option<DkimConfig>> dkim_options() {
  static const std::array<Option<DkimConfig>, 3> options{{
      {"domain", "domain", "", "Messages whose From is in this domain are signed.",
       parsed(&DkimConfig::domain, parse_domain, "a domain", "\"example.org\""), true},
      {"selector", "text", "", "The key's name: SELECTOR._domainkey.DOMAIN in DNS.",
       parsed(&DkimConfig::selector, parse_domain, "a selector", "\"s1\""), true},
      {"key", "path", "", "PEM file, RSA or Ed25519 (`postrider dkim keygen`).",
       path(&DkimConfig::key), true},
  }};
  return options;
}

std::span<const Option<LogConfig>> log_options() {
  static const std::array<Option<LogConfig>, 3> options{{
      {"events", "file name", "\"events.jsonl\"", "In data_dir; \"-\" for standard output.",
       text(&LogConfig::events)},
      {"level", "\"debug\", \"info\", \"warning\", \"error\"", "\"info\"",
       "What is written to standard error.",
       choice(&LogConfig::level, Choices<LogLevel>{{"debug", LogLevel::debug},
                                                   {"info", LogLevel::info},
                                                   {"warning", LogLevel::warning},
                                                   {"error", LogLevel::error}})},
      {"buffer", "number", "65536",
       "Events that wait for the writer. Mail never waits: more are dropped, counted and reported.",
       number(&LogConfig::buffer, 16, 10'000'000)},
  }};
  return options;
}

std::span<const Option<LimitsConfig>> limits_options() {
  static const std::array<Option<LimitsConfig>, 10> options{{
      {"message_size", "size", "\"50MiB\"", "The largest message (EHLO SIZE).",
       size(&LimitsConfig::message_size)},
      {"memory", "size", "\"512MiB\"",
       "Message octets held in memory by sessions and delivery; past it new mail is answered 452.",
       size(&LimitsConfig::memory)},
      {"min_free_disk", "size", "\"256MiB\"", "With less, new mail is answered 452.",
       size(&LimitsConfig::min_free_disk)},
      {"recipients", "number", "1000", "Of one message (RFC 5321 4.5.3.1.8 wants at least 100).",
       number(&LimitsConfig::recipients, 1, 100'000)},
      {"sessions", "number", "10000", "Connections to all SMTP listeners together.",
       number(&LimitsConfig::sessions, 1, 1'000'000)},
      {"sessions_per_address", "number", "200", "Connections from one address.",
       number(&LimitsConfig::sessions_per_address, 1, 1'000'000)},
      {"connections_per_address", "rate", "\"3000/m\"",
       "How often one address may connect. Networks in `allow` are free of both.",
       rate(&LimitsConfig::connections_per_address)},
      {"received_fields", "number", "50", "More Received fields mean a loop (554 5.4.6).",
       number(&LimitsConfig::received_fields, 10, 1000)},
      {"messages_per_session", "number", "10000", "Then 421 asks the client to come again.",
       number(&LimitsConfig::messages_per_session, 1)},
      {"submissions", "rate", "none", "How many messages one account may send: \"1000/h\".",
       rate(&LimitsConfig::submissions)},
  }};
  return options;
}

std::span<const Option<AccountsConfig>> accounts_options() {
  static const std::array<Option<AccountsConfig>, 4> options{{
      {"passwords", "list of \"argon2id\", \"scram-sha-256\"", "both",
       "What is kept of a password that is set from now on. Without argon2id there is no PLAIN and "
       "LOGIN, without scram-sha-256 no SCRAM.",
       list(&AccountsConfig::passwords, parse_password_form, "a form of password",
            "[\"argon2id\", \"scram-sha-256\"]")},
      {"subaddress", "text", "\"+\"",
       "What begins the detail of user+detail@example.org, which is user's: one or more of "
       "`+-_=#%`; \"\" for none.",
       parsed(&AccountsConfig::subaddress, parse_separators, "a separator", "\"+\"")},
      {"postmaster", "address", "none",
       "Who reads postmaster@ and abuse@ this server's name, and those of hosted domains that "
       "name nobody (RFC 5321 4.5.1, RFC 2142).",
       parsed(&AccountsConfig::postmaster, parse_mail_address, "an address",
              "\"ops@example.org\"")},
      {"full_max", "duration", "\"72h\"",
       "A mailbox that has had no room for so long is told of with 552 5.2.2 in place of 452 "
       "4.2.2; "
       "\"0s\": never.",
       duration(&AccountsConfig::full_max)},
  }};
  return options;
}

std::span<const Option<EngineConfig>> engine_options() {
  static const std::array<Option<EngineConfig>, 2> options{{
      {"cores", "number", "one per CPU", "Threads that carry mail.",
       number(&EngineConfig::cores, 1, 64)},
      {"pin", "true, false", "true", "Keep each on a CPU of its own.", flag(&EngineConfig::pin)},
  }};
  return options;
}

std::span<const Option<StoreConfig>> store_options() {
  static const std::array<Option<StoreConfig>, 2> options{{
      {"cache", "size", "\"64MiB\"", "Read cache of the database.", size(&StoreConfig::cache)},
      {"write_buffer", "size", "\"64MiB\"", "What it gathers in memory before it writes a file.",
       size(&StoreConfig::write_buffer)},
  }};
  return options;
}

}  // namespace postrider::app
