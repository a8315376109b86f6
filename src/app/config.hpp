#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/base/units.hpp>
#include <postrider/codec/http/url.hpp>
#include <postrider/codec/imap/capability.hpp>
#include <postrider/flow/filter.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/greylist.hpp>
#include <postrider/policy/inbound_verdict.hpp>
#include <postrider/policy/list_verdict.hpp>
#include <postrider/policy/route.hpp>
#include <postrider/policy/tls_policy.hpp>
#include <postrider/store/mailbox_records.hpp>

// The configuration file as values (docs/configuration.md, which is generated from the option
// tables beside this header). Paths are absolute once loaded.
namespace postrider::app {

using flow::Door;
using flow::ListenerTls;
using net::DnssecMode;
using policy::DnsListAction;
using policy::Judging;
using policy::RouteProtocol;
using policy::TlsLevel;
enum class LogLevel : std::uint8_t { debug, info, warning, error };

enum class Protocol : std::uint8_t { smtp, pop3, imap, http };

struct ListenerConfig {
  Protocol protocol = Protocol::smtp;
  Door door = Door::submission;  // of smtp
  SocketAddress address;
  std::filesystem::path socket;  // lmtp, in place of the address
  ListenerTls tls = ListenerTls::starttls;
  std::vector<IpNetwork> allow;         // relay: who may send without AUTH; lmtp: who may deliver
  std::vector<IpNetwork> proxy_from;    // who begins with a PROXY header
  std::vector<IpNetwork> xclient_from;  // who may use XCLIENT
  bool plain_auth = false;              // AUTH without TLS; loopback only
  std::uint32_t line = 0;
  [[nodiscard]] bool is_door(Door which) const {
    return protocol == Protocol::smtp && door == which;
  }
  friend bool operator==(const ListenerConfig&, const ListenerConfig&) = default;
};

struct CertificateConfig {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::uint32_t line = 0;
};

struct TlsConfig {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path ca_file;  // trust anchors towards peers; empty: the system's
  std::vector<CertificateConfig> names;
  std::uint32_t line = 0;
};

struct DnsConfig {
  std::vector<SocketAddress> servers;  // empty: /etc/resolv.conf
  DnssecMode dnssec = DnssecMode::validate;
  bool require_dnssec = false;  // of validate: wait while the servers strip
  std::filesystem::path trust_anchors;
  std::vector<IpAddress> trusted;  // resolvers elsewhere whose AD is believed
  Duration timeout{std::chrono::seconds(2)};
  Duration stale{std::chrono::hours(24)};
  std::uint32_t line = 0;
};

struct DeliveryConfig {
  std::uint16_t port = 25;
  TlsLevel tls = TlsLevel::opportunistic;
  std::vector<Duration> retry{std::chrono::minutes(5),  std::chrono::minutes(10),
                              std::chrono::minutes(20), std::chrono::minutes(40),
                              std::chrono::hours(1),    std::chrono::hours(2),
                              std::chrono::hours(4)};
  Duration max_age{std::chrono::hours(120)};
  Duration delay_warning{std::chrono::hours(4)};
  std::uint32_t connections_per_site = 20;
  std::uint32_t messages_per_connection = 1000;
  Duration idle_connection{std::chrono::seconds(10)};
  Duration greeting_timeout{std::chrono::minutes(5)};
  Duration tls_timeout{std::chrono::minutes(1)};
  std::uint32_t window = 20'000;   // deliveries held in memory, per core
  std::vector<IpAddress> sources;  // local addresses; empty: the kernel's choice
  bool ipv4 = true;
  bool ipv6 = true;
  bool dane = true;
  bool mta_sts = true;
  std::uint16_t mta_sts_port = 443;
  std::uint32_t line = 0;
};

// Of reports to other domains.
struct ReportConfig {
  bool enabled = false;
  std::string organization;  // empty: the hostname
  std::string contact;       // empty: postmaster@hostname
  std::string from;          // empty: postmaster@hostname
  // What others send about domains of ours.
  std::string receive;  // address; empty: it is mail like other
  Duration keep{std::chrono::days(90)};
  std::uint32_t line = 0;
};

// What comes back to the senders of one domain.
struct BouncesOfConfig : flow::ReturnRule {
  std::uint32_t line = 0;
};
struct BouncesConfig {
  std::filesystem::path rules;  // empty: the built-in ones
  std::vector<BouncesOfConfig> of;
  std::uint32_t line = 0;
};

struct DnsListConfig : policy::DnsList {
  std::uint32_t line = 0;
};
struct DomainListConfig : policy::DnsList {
  std::vector<policy::NameRole> roles{policy::DomainList{}.roles};
  bool organizational = false;
  std::uint32_t line = 0;
};
[[nodiscard]] bool wants_public_suffixes(const struct InboundConfig& inbound);

// `name` is empty where the kind names it.
struct FilterConfig : flow::FilterSettings {
  std::filesystem::path socket;  // in place of the address
  SocketAddress learn;           // of its controller; none: it does not learn
  std::filesystem::path learn_password_file;
  std::uint32_t line = 0;
  [[nodiscard]] std::string shown_name() const {
    return name.empty() ? std::string(flow::name_of(kind)) : name;
  }
};

struct QuarantineConfig {
  Duration max_age{std::chrono::hours(24 * 30)};
  Duration check_every{std::chrono::hours(1)};
  std::optional<std::vector<std::string>> withheld_by;  // filters; nullopt: those for viruses
  Duration digest_every{};                              // 0: nobody is told by mail
  std::string digest_from;                              // empty: postmaster@ the hostname
  std::string url;                                      // empty: that of an https listener
  friend bool operator==(const QuarantineConfig&, const QuarantineConfig&) = default;
};

struct InboundConfig {
  Judging spf = Judging::tag;
  Judging dmarc = Judging::enforce;
  std::vector<std::string> arc_trusted;  // domains
  std::string authserv_id;               // empty: the hostname
  Duration dns_limit{std::chrono::seconds(20)};
  Duration client_limit{std::chrono::seconds(5)};
  Rate unknown_recipients{100, std::chrono::hours(1)};
  Rate messages_per_address{100'000, std::chrono::hours(1)};
  policy::ListThresholds lists_from;  // sums of weights
  std::vector<DnsListConfig> dnsbl;
  std::vector<DomainListConfig> domain_lists;
  std::uint32_t line = 0;
};
[[nodiscard]] bool is_same(const InboundConfig& a, const InboundConfig& b);

struct GreylistConfig : policy::GreylistSettings {
  bool enabled = false;
  std::vector<IpNetwork> except;
  std::uint32_t line = 0;
};
[[nodiscard]] bool is_same(const GreylistConfig& a, const GreylistConfig& b);
[[nodiscard]] bool is_same(const std::vector<FilterConfig>& a, const std::vector<FilterConfig>& b);

// What becomes of old mail; 0: nothing.
struct MailboxConfig {
  Duration undelete{std::chrono::hours(24 * 14)};
  Duration trash_keeps{};
  Duration junk_keeps{};
  Duration check_every{std::chrono::hours(1)};
  bool search_index = true;
  // Names of those that an account begins with; empty: it begins without.
  std::string drafts = "Drafts";
  std::string sent = "Sent";
  std::string archive = "Archive";
  std::string junk = "Junk";
  std::string trash = "Trash";
  std::uint32_t line = 0;
};
[[nodiscard]] std::vector<store::FirstMailbox> first_mailboxes(const MailboxConfig& config);

struct Pop3Config {
  bool keeps_deleted = false;
  std::uint32_t sessions = 4000;
  std::uint32_t sessions_per_address = 100;
  Duration idle_timeout{std::chrono::minutes(10)};
  std::uint32_t line = 0;
};
[[nodiscard]] bool is_same(const Pop3Config& a, const Pop3Config& b);

// What an account, or a client by its name, is not offered.
struct HiddenConfig {
  std::string account;
  std::string client;
  std::vector<imap::Capability> capabilities;
  std::uint32_t line = 0;
};

struct ImapConfig {
  std::uint32_t sessions = 10'000;
  std::uint32_t sessions_per_address = 100;
  std::uint32_t sessions_per_user = 100;
  Duration idle_timeout{std::chrono::minutes(30)};
  std::vector<HiddenConfig> hidden;
  std::uint32_t line = 0;
};
[[nodiscard]] bool is_same(const ImapConfig& a, const ImapConfig& b);

struct RouteConfig {
  std::string domain;
  std::vector<std::string> via;  // "host:port" or "address:port", in order
  RouteProtocol protocol = RouteProtocol::smtp;
  std::optional<TlsLevel> tls;
  std::string username;
  std::filesystem::path password_file;
  std::uint32_t line = 0;
};

struct PolicyConfig {
  std::string domain;
  TlsLevel tls = TlsLevel::opportunistic;
  std::vector<std::string> fingerprint;  // SHA-256 of the certificate, hex
  std::uint32_t line = 0;
};

struct DkimConfig {
  std::string domain;
  std::string selector;
  std::filesystem::path key;
  std::uint32_t line = 0;
};

struct LogConfig {
  std::string events = "events.jsonl";  // in data_dir; "-": stdout
  LogLevel level = LogLevel::info;
  std::uint32_t buffer = 65'536;  // events that wait for the writer; more are dropped and counted
};

struct LimitsConfig {
  std::uint64_t message_size = 50ULL << 20;
  std::uint64_t memory = 512ULL << 20;  // message octets held by sessions, all cores together
  std::uint64_t min_free_disk = 256ULL << 20;  // less: new mail is answered 452
  std::uint32_t recipients = 1000;
  std::uint32_t sessions = 10'000;  // over all SMTP listeners
  std::uint32_t sessions_per_address = 200;
  Rate connections_per_address{3000, std::chrono::minutes(1)};
  std::uint32_t received_fields = 50;
  std::uint32_t messages_per_session = 10'000;
  Rate submissions{0, Duration{}};  // messages an account may send; count 0: no limit
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

// What accounts keep of a password (docs/adr/0005).
enum class PasswordForm : std::uint8_t { argon2id, scram };
struct AccountsConfig {
  std::vector<PasswordForm> passwords{PasswordForm::argon2id, PasswordForm::scram};
  std::string subaddress = "+";  // each of them ends the name; empty: no subaddresses
  std::string postmaster;        // who reads role addresses of domains that name nobody
  Duration full_max{std::chrono::hours(72)};  // a full mailbox is told of for good after; 0: never
  std::uint32_t line = 0;
};

// Logins with access tokens (RFC 7628, RFC 7662).
struct OauthConfig {
  http::HttpsUrl introspection;
  std::string client_id;  // empty: the secret is a bearer token
  std::filesystem::path secret_file;
  std::string account = "username";
  std::string domain;  // empty: names are whole
  std::vector<std::string> scope;
  std::string audience;  // empty: any
  std::string configuration;
  Duration timeout{std::chrono::seconds(10)};
  Duration cache{std::chrono::minutes(1)};
  std::uint32_t line = 0;  // 0: none is taken
};
// In what conversations offer and say.
[[nodiscard]] bool is_same(const OauthConfig& a, const OauthConfig& b);

struct EngineConfig {
  std::uint16_t cores = 0;  // 0: one per CPU
  bool pin = true;
};

struct StoreConfig {
  std::uint64_t cache = 64ULL << 20;
  std::uint64_t write_buffer = 64ULL << 20;
};

// One line of `postrider check`: FILE:LINE: problem: remedy.
struct ConfigProblem {
  std::string file;
  std::uint32_t line = 0;
  std::string problem;
  std::string remedy;
  [[nodiscard]] std::string text() const;
};

struct Config {
  std::filesystem::path file;
  std::string hostname;
  std::filesystem::path data_dir;
  std::vector<ListenerConfig> listeners;
  TlsConfig tls;
  DnsConfig dns;
  DeliveryConfig delivery;
  ReportConfig tls_report;
  ReportConfig dmarc_report;
  BouncesConfig bounces;
  InboundConfig inbound;
  GreylistConfig greylist;
  std::vector<FilterConfig> filters;
  QuarantineConfig quarantine;
  MailboxConfig mailbox;
  Pop3Config pop3;
  ImapConfig imap;
  std::vector<RouteConfig> routes;
  std::vector<PolicyConfig> policies;
  std::vector<DkimConfig> dkim;
  LogConfig log;
  LimitsConfig limits;
  AccountsConfig accounts;
  OauthConfig oauth;
  EngineConfig engine;
  StoreConfig store;
  std::vector<ConfigProblem> warnings;  // worth saying, not worth refusing
};

// Every problem at once: syntax (then only that one), unknown keys with the nearest known one,
// wrong types and values, what does not fit together, files that are missing or can't be read.
[[nodiscard]] Result<Config, std::vector<ConfigProblem>> load_config(
    const std::filesystem::path& file);
// The same for a text; `file` names it and is what relative paths stand beside.
[[nodiscard]] Result<Config, std::vector<ConfigProblem>> parse_config(
    std::string_view text, const std::filesystem::path& file);

// docs/configuration.md, from the option tables.
[[nodiscard]] std::string describe_configuration();

}  // namespace postrider::app
