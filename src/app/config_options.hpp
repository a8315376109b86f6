#pragma once

#include "config.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

// The option tables: one row an option, from which the reader, the checker and the manual page are
// made.
namespace postrider::app {

// What a value was found to be wrong about; empty: it was taken.
struct ValueError {
  std::string problem;
  std::string remedy;
  [[nodiscard]] explicit operator bool() const { return !problem.empty(); }
};

template <class Section>
struct Option {
  std::string_view key;
  std::string_view type;      // for the manual: "duration", "size", "list of address:port"
  std::string_view fallback;  // for the manual: the default as it would be written
  std::string_view text;      // for the manual
  std::function<ValueError(const toml::node&, Section&)> read;
  bool required = false;
};

[[nodiscard]] std::optional<std::string> parse_domain(std::string_view text);
// "user@example.org", its letters lowered.
[[nodiscard]] std::optional<std::string> parse_mail_address(std::string_view text);

[[nodiscard]] std::span<const Option<Config>> top_options();
[[nodiscard]] std::span<const Option<ListenerConfig>> listener_options();
[[nodiscard]] std::span<const Option<TlsConfig>> tls_options();
[[nodiscard]] std::span<const Option<CertificateConfig>> certificate_options();
[[nodiscard]] std::span<const Option<DnsConfig>> dns_options();
[[nodiscard]] std::span<const Option<DeliveryConfig>> delivery_options();
[[nodiscard]] std::span<const Option<ReportConfig>> tls_report_options();
[[nodiscard]] std::span<const Option<ReportConfig>> dmarc_report_options();
[[nodiscard]] std::span<const Option<BouncesConfig>> bounces_options();
[[nodiscard]] std::span<const Option<BouncesOfConfig>> bounces_of_options();
[[nodiscard]] std::span<const Option<InboundConfig>> inbound_options();
[[nodiscard]] std::span<const Option<DnsListConfig>> dns_list_options();
[[nodiscard]] std::span<const Option<DomainListConfig>> domain_list_options();
[[nodiscard]] std::span<const Option<GreylistConfig>> greylist_options();
[[nodiscard]] std::span<const Option<FilterConfig>> filter_options();
[[nodiscard]] std::span<const Option<QuarantineConfig>> quarantine_options();
[[nodiscard]] std::span<const Option<MailboxConfig>> mailbox_options();
[[nodiscard]] std::span<const Option<Pop3Config>> pop3_options();
[[nodiscard]] std::span<const Option<ImapConfig>> imap_options();
[[nodiscard]] std::span<const Option<HiddenConfig>> hidden_options();
[[nodiscard]] std::span<const Option<RouteConfig>> route_options();
[[nodiscard]] std::span<const Option<PolicyConfig>> policy_options();
[[nodiscard]] std::span<const Option<DkimConfig>> dkim_options();
[[nodiscard]] std::span<const Option<LogConfig>> log_options();
[[nodiscard]] std::span<const Option<LimitsConfig>> limits_options();
[[nodiscard]] std::span<const Option<AccountsConfig>> accounts_options();
[[nodiscard]] std::span<const Option<OauthConfig>> oauth_options();
[[nodiscard]] std::span<const Option<EngineConfig>> engine_options();
[[nodiscard]] std::span<const Option<StoreConfig>> store_options();

}  // namespace postrider::app
