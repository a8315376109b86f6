#include "settings.hpp"

#include "version.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <postrider/base/base64.hpp>

namespace postrider::app {

namespace {

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line) || line.empty()) {
    throw std::runtime_error(
        fmt::format("{}: holds no password: write it as the first line", file.string()));
  }
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return line;
}

// To be sent in a field of HTTP.
std::string secret_of(const std::filesystem::path& file, std::string_view option) {
  std::string secret = first_line(file);
  if (!std::ranges::all_of(secret, [](char c) { return c >= ' ' && c < '\x7f'; })) {
    throw std::runtime_error(fmt::format(
        "{} {}: a secret is a line of printable ASCII: write it anew", option, file.string()));
  }
  return secret;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    throw std::runtime_error(
        fmt::format("{}: can't be read: check the path and who may read it", file.string()));
  }
  return text.str();
}

}  // namespace

flow::CredentialKinds credential_kinds(const Config& config) {
  const auto keeps = [&](PasswordForm form) {
    return std::ranges::find(config.accounts.passwords, form) != config.accounts.passwords.end();
  };
  return {.argon2id = keeps(PasswordForm::argon2id), .scram = keeps(PasswordForm::scram)};
}

flow::DirectorySettings directory_settings(const Config& config) {
  return {.separators = config.accounts.subaddress,
          .hostname = config.hostname,
          .postmaster = config.accounts.postmaster,
          .full_max = config.accounts.full_max};
}

std::vector<flow::TeacherSettings> teacher_settings(const Config& config) {
  std::vector<flow::TeacherSettings> teachers;
  for (const FilterConfig& filter : config.filters) {
    if (filter.learn == SocketAddress{}) {
      continue;
    }
    const auto& file = filter.learn_password_file;
    teachers.push_back(
        {.name = filter.shown_name(),
         .address = filter.learn,
         .password = file.empty() ? "" : secret_of(file, "filter.learn_password_file"),
         .timeout = filter.timeout,
         .octets_max = filter.octets_max});
  }
  return teachers;
}

std::optional<policy::IntrospectionSettings> oauth_settings(const Config& config) {
  const OauthConfig& from = config.oauth;
  if (from.line == 0) {
    return std::nullopt;
  }
  policy::IntrospectionSettings settings;
  settings.endpoint = from.introspection;
  settings.client_id = from.client_id;
  settings.secret = secret_of(from.secret_file, "oauth.secret_file");
  settings.demands = {.account_member = from.account,
                      .account_domain = from.domain,
                      .scopes = from.scope,
                      .audience = from.audience};
  settings.timeout = from.timeout;
  settings.cache_ttl = from.cache;
  return settings;
}

report::BounceRules bounce_rules(const Config& config) {
  if (config.bounces.rules.empty()) {
    return report::BounceRules::built_in();
  }
  auto rules = report::BounceRules::parse(read_file(config.bounces.rules));
  if (!rules) {
    throw std::runtime_error(
        fmt::format("bounces.rules {}: {}", config.bounces.rules.string(), rules.error()));
  }
  return *std::move(rules);
}

std::vector<flow::ReturnRule> return_rules(const Config& config) {
  return {config.bounces.of.begin(), config.bounces.of.end()};
}

engine::EngineSettings engine_settings(const Config& config) {
  engine::EngineSettings settings;
  settings.cores = config.engine.cores;
  settings.pin = config.engine.pin;
  return settings;
}

store::StoreSettings store_settings(const Config& config) {
  store::StoreSettings settings;
  settings.directory = (config.data_dir / "store").string();
  settings.cache_bytes = config.store.cache;
  settings.write_buffer_bytes = config.store.write_buffer;
  settings.min_free_disk_bytes = config.limits.min_free_disk;
  settings.first_mailboxes = first_mailboxes(config.mailbox);
  return settings;
}

dns::TrustAnchors trust_anchors(const Config& config) {
  if (config.dns.trust_anchors.empty()) {
    return dns::TrustAnchors::iana();
  }
  std::ifstream in(config.dns.trust_anchors);
  std::ostringstream text;
  text << in.rdbuf();
  auto anchors = dns::TrustAnchors::parse(text.view());
  if (!in || !anchors) {
    throw std::runtime_error(fmt::format("dns.trust_anchors {}: {}",
                                         config.dns.trust_anchors.string(),
                                         in ? anchors.error() : "can't be read"));
  }
  return std::move(*anchors);
}

net::ResolverSettings resolver_settings(const Config& config) {
  net::ResolverSettings settings;
  settings.dnssec = config.dns.dnssec;
  if (settings.dnssec == DnssecMode::validate) {
    settings.trust_anchors = trust_anchors(config);
    settings.path_check_interval = std::chrono::minutes(10);
    settings.may_go_unvalidated = !config.dns.require_dnssec;
  }
  settings.stale_max = config.dns.stale;
  settings.servers = config.dns.servers;
  settings.query_timeout = config.dns.timeout;
  if (settings.servers.empty()) {
    std::ifstream in("/etc/resolv.conf");
    std::ostringstream text;
    text << in.rdbuf();
    settings.servers = net::parse_resolv_conf(text.view());
  }
  for (const SocketAddress& server : settings.servers) {
    const auto& trusted = config.dns.trusted;
    if (settings.dnssec == DnssecMode::trust_ad && !server.ip.is_loopback() &&
        std::ranges::find(trusted, server.ip) == trusted.end()) {
      throw std::runtime_error(
          fmt::format("dns.dnssec is \"trust-ad\", and the server {} is neither on loopback nor in "
                      "dns.trusted: use \"validate\", or trust that server and the path to it",
                      server.ip.text()));
    }
  }
  return settings;
}

policy::TlsPolicyTable tls_policies(const Config& config) {
  std::vector<policy::TlsPolicyTable::Rule> rules;
  for (const auto& entry : config.policies) {
    policy::TlsPolicy policy{.level = entry.tls};
    policy.origin = fmt::format("[[policy]] in line {}", entry.line);
    for (const auto& hex : entry.fingerprint) {
      policy.fingerprints.push_back(decode_hex(hex).value_or(std::string()));
    }
    rules.push_back({policy::DomainPattern(entry.domain), std::move(policy)});
  }
  policy::TlsPolicy fallback{.level = config.delivery.tls};
  fallback.origin = "delivery.tls";
  return policy::TlsPolicyTable(std::move(fallback), std::move(rules));
}

policy::RouteTable routes(const Config& config) {
  std::vector<policy::Route> routes;
  for (const auto& entry : config.routes) {
    policy::Route route{.domain = policy::DomainPattern(entry.domain)};
    for (const auto& hop : entry.via) {
      const auto parsed = policy::NextHop::parse(hop);
      if (!parsed) {
        throw std::runtime_error(fmt::format("{}:{}: route.via '{}' is no host:port: mend it",
                                             config.file.string(), entry.line, hop));
      }
      route.via.push_back(*parsed);
    }
    route.protocol = entry.protocol;
    if (entry.tls) {
      route.tls = policy::TlsPolicy{.level = *entry.tls};
      route.tls->origin = fmt::format("[[route]] in line {}", entry.line);
    }
    route.username = entry.username;
    if (!entry.password_file.empty()) {
      route.password = first_line(entry.password_file);
    }
    routes.push_back(std::move(route));
  }
  return policy::RouteTable(std::move(routes));
}

delivery::DeliverySettings delivery_settings(const Config& config, CoreId cores) {
  delivery::DeliverySettings settings;
  const auto& from = config.delivery;
  settings.hostname = config.hostname;
  settings.authserv_id =
      config.inbound.authserv_id.empty() ? config.hostname : config.inbound.authserv_id;
  settings.own_names = {config.hostname};
  settings.port = from.port;
  settings.ipv4 = from.ipv4;
  settings.ipv6 = from.ipv6;
  settings.sources = from.sources;
  settings.retry.intervals = from.retry;
  settings.retry.max_age = from.max_age;
  settings.retry.warn_after = from.delay_warning;
  settings.routes = routes(config);
  settings.tls = tls_policies(config);
  settings.dane = from.dane;
  settings.window = from.window;
  settings.connections_per_site = from.connections_per_site;
  settings.messages_per_connection = from.messages_per_connection;
  settings.idle_connection = from.idle_connection;
  settings.timeouts.greeting = from.greeting_timeout;
  settings.tls_timeout = from.tls_timeout;
  settings.hot_octets = config.limits.memory / 4 / cores;  // intake has half of it
  // A site that is down rests no longer than its mail does: the schedule says how soon an operator
  // wants a new attempt.
  settings.suspend_first = std::min(settings.suspend_first, from.retry.front());
  settings.suspend_max = std::min(settings.suspend_max, std::ranges::max(from.retry));
  return settings;
}

namespace {

// What clients are told whose token is not taken; nullopt: no token is.
std::optional<sasl::TokenHints> token_hints(const Config& config) {
  if (config.oauth.line == 0) {
    return std::nullopt;
  }
  std::string scopes;
  for (const std::string& scope : config.oauth.scope) {
    scopes += (scopes.empty() ? "" : " ") + scope;
  }
  return sasl::TokenHints{std::move(scopes), config.oauth.configuration};
}

Rate per_core(Rate rate, CoreId cores) {
  rate.count = std::max<std::uint64_t>(1, rate.count / cores);
  return rate;
}

flow::ReceptionLimits reception_limits(const Config& config, std::uint32_t sessions,
                                       std::uint32_t per_address, CoreId cores) {
  flow::ReceptionLimits limits;
  limits.sessions = std::max<std::uint32_t>(1, sessions / cores);
  limits.sessions_per_peer = std::max<std::uint32_t>(1, per_address / cores);
  limits.connections_per_peer = per_core(config.limits.connections_per_address, cores);
  return limits;
}

}  // namespace

flow::IntakeSettings intake_settings(const Config& config, CoreId cores) {
  flow::IntakeSettings settings;
  settings.hostname = config.hostname;
  settings.message_octets_max = config.limits.message_size;
  settings.hops_max = config.limits.received_fields;
  settings.memory_bytes = config.limits.memory / 2 / cores;
  settings.inbound.spf = config.inbound.spf;
  settings.inbound.dmarc = config.inbound.dmarc;
  settings.inbound.arc_trusted = config.inbound.arc_trusted;
  settings.authserv_id = config.inbound.authserv_id;
  settings.judging_limit = config.inbound.dns_limit;
  settings.greylists = config.greylist.enabled;
  settings.not_greylisted = config.greylist.except;
  for (const FilterConfig& filter : config.filters) {
    flow::FilterSettings& taken = settings.filters.emplace_back(filter);
    taken.name = filter.shown_name();
    taken.unix_path = filter.socket.string();
  }
  return settings;
}

control::MailKeeping mail_keeping(const Config& config) {
  return {.undelete = config.mailbox.undelete,
          .trash = config.mailbox.trash_keeps,
          .junk = config.mailbox.junk_keeps,
          .check_every = config.mailbox.check_every};
}

control::UserSettings user_settings(const Config& config) {
  control::UserSettings settings;
  if (config.quarantine.withheld_by) {
    settings.withheld_by = *config.quarantine.withheld_by;
    return settings;
  }
  for (const FilterConfig& filter : config.filters) {
    if (filter.kind == flow::FilterKind::clamav) {
      settings.withheld_by.push_back(filter.shown_name());
    }
  }
  return settings;
}

flow::ListSettings list_settings(const Config& config) {
  flow::ListSettings settings;
  settings.thresholds = config.inbound.lists_from;
  for (const DnsListConfig& list : config.inbound.dnsbl) {
    settings.addresses.push_back(list);
  }
  for (const DomainListConfig& list : config.inbound.domain_lists) {
    const policy::DnsList& plain = list;
    settings.domains.push_back({plain, list.roles, list.organizational});
  }
  return settings;
}

control::QuarantineSettings quarantine_settings(const Config& config) {
  return {config.quarantine.max_age, config.quarantine.check_every};
}

control::DigestSettings digest_settings(const Config& config) {
  const std::string postmaster = "postmaster@" + config.hostname;
  control::DigestSettings settings;
  settings.every = config.quarantine.digest_every;
  settings.hostname = config.hostname;
  settings.from =
      config.quarantine.digest_from.empty() ? postmaster : config.quarantine.digest_from;
  settings.postmaster = postmaster;
  settings.withheld_by = user_settings(config).withheld_by;
  settings.max_age = config.quarantine.max_age;
  std::string base = config.quarantine.url;
  for (const ListenerConfig& listener : config.listeners) {
    if (base.empty() && listener.protocol == Protocol::http &&
        listener.tls == ListenerTls::implicit) {
      const auto port = listener.address.port;
      base = "https://" + config.hostname + (port == 443 ? "" : ":" + std::to_string(port));
    }
  }
  settings.url = base.empty() ? "" : base + "/v1/my/quarantine";
  return settings;
}

flow::ReporterSettings reporter_settings(const Config& config, const ReportConfig& from) {
  const std::string postmaster = "postmaster@" + config.hostname;
  flow::ReporterSettings settings;
  settings.enabled = from.enabled;
  settings.hostname = config.hostname;
  settings.organization = from.organization.empty() ? config.hostname : from.organization;
  settings.contact = from.contact.empty() ? postmaster : from.contact;
  settings.from = from.from.empty() ? postmaster : from.from;
  return settings;
}

smtp::SmtpSettings smtp_settings(const Config& config, CoreId cores) {
  smtp::SmtpSettings settings;
  settings.rules.hostname = config.hostname;
  settings.rules.message_octets_max = config.limits.message_size;
  settings.rules.recipients_max = config.limits.recipients;
  settings.rules.messages_max = config.limits.messages_per_session;
  settings.rules.offer_require_tls = true;
  settings.rules.tokens = token_hints(config);
  settings.limits =
      reception_limits(config, config.limits.sessions, config.limits.sessions_per_address, cores);
  settings.client_limit = config.inbound.client_limit;
  settings.unknown_recipients_per_peer = per_core(config.inbound.unknown_recipients, cores);
  settings.messages_per_peer = per_core(config.inbound.messages_per_address, cores);
  if (config.limits.submissions.count > 0) {
    settings.messages_per_account = per_core(config.limits.submissions, cores);
  }
  return settings;
}

pop3::Pop3Settings pop3_settings(const Config& config, CoreId cores) {
  const auto& from = config.pop3;
  pop3::Pop3Settings settings;
  settings.rules.hostname = config.hostname;
  settings.rules.keeps_deleted = from.keeps_deleted;
  settings.rules.tokens = token_hints(config);
  settings.rules.idle_timeout = from.idle_timeout;
  settings.limits = reception_limits(config, from.sessions, from.sessions_per_address, cores);
  return settings;
}

std::filesystem::path index_directory(const Config& config) {
  return config.data_dir / "search";
}

imap::ImapSettings imap_settings(const Config& config, CoreId cores) {
  const auto& from = config.imap;
  imap::ImapSettings settings;
  settings.rules.hostname = config.hostname;
  settings.rules.version = version;
  settings.rules.tokens = token_hints(config);
  settings.rules.message_octets_max = config.limits.message_size;
  settings.rules.autologout = from.idle_timeout;
  settings.limits = reception_limits(config, from.sessions, from.sessions_per_address, cores);
  settings.connections_per_user = std::max<std::uint32_t>(1, from.sessions_per_user / cores);
  settings.append_octets_max = config.limits.memory / 2 / cores;
  for (const HiddenConfig& hidden : from.hidden) {
    imap::CapabilitySet set;
    std::ranges::for_each(hidden.capabilities, [&set](imap::Capability one) { set.add(one); });
    if (hidden.client.empty()) {
      settings.account_quirks.push_back({hidden.account, set});
    } else {
      settings.rules.quirks.push_back({hidden.client, set});
    }
  }
  return settings;
}

std::vector<flow::DkimKey> dkim_keys(const Config& config) {
  std::vector<flow::DkimKey> keys;
  for (const auto& entry : config.dkim) {
    auto key = SigningKey::parse_pem(read_file(entry.key));
    if (!key) {
      throw std::runtime_error(fmt::format("{}: {}: make one with postrider dkim keygen",
                                           entry.key.string(), describe(key.error())));
    }
    keys.push_back({entry.domain, entry.selector, std::move(*key)});
  }
  return keys;
}

}  // namespace postrider::app
