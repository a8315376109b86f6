#include "config_check.hpp"

#include "config_report.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>
#include <unistd.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>
#include <postrider/codec/report/bounce_rules.hpp>

namespace postrider::app {

namespace {

class Checker : ConfigReport {
 public:
  using ConfigReport::ConfigReport;

  void check_all() {
    check_lists();
    check_greylist();
    check_filters();
    check_mailbox();
    check_pop3();
    check_imap();
    check_tls();
    check_dns();
    check_delivery();
    check_routes();
    check_policies();
    check_dkim();
    check_bounces();
    check_oauth();
    check_data_dir();
    if (config_.accounts.passwords.empty()) {
      report(config_.accounts.line, "accounts.passwords is empty: nobody could log in",
             "name \"argon2id\", \"scram-sha-256\" or both");
    }
    if (config_.limits.message_size > config_.limits.memory) {
      report(0, "limits.message_size is larger than limits.memory",
             "raise limits.memory to at least one message");
    }
  }

 private:
  void check_file(const std::filesystem::path& file, std::string_view what, std::uint32_t line) {
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
      report(line, fmt::format("{} {} can't be read", what, file.string()),
             "check the path and who may read it");
    }
  }

  void check_lists() {
    const auto& scores = config_.inbound.lists_from;
    const auto check_score = [&](const policy::DnsList& list, std::uint32_t line) {
      if (list.action == DnsListAction::score && scores.reject == 0 && scores.junk == 0) {
        warn(line, fmt::format("what {} weighs leads to nothing", list.zone),
             "set inbound.lists_reject_from or inbound.lists_junk_from");
      }
    };
    for (const DnsListConfig& list : config_.inbound.dnsbl) {
      check_score(list, list.line);
    }
    for (const DomainListConfig& list : config_.inbound.domain_lists) {
      check_score(list, list.line);
      const bool is_provable = std::ranges::all_of(list.roles, [](policy::NameRole role) {
        return role == policy::NameRole::client || role == policy::NameRole::dkim;
      });
      if (list.action == DnsListAction::allow && !is_provable) {
        report(list.line, "anybody can write a name that this list allows",
               "set of = [\"client\", \"dkim\"], which are proven");
      }
      if (list.roles.empty()) {
        report(list.line, "this list is asked for nothing", "name what it is of, or leave it out");
      }
    }
  }

  void check_greylist() {
    const GreylistConfig& greylist = config_.greylist;
    if (greylist.delay >= greylist.window) {
      report(greylist.line, "greylist.delay is not shorter than greylist.window",
             "\"5m\" and \"2d\" are usual");
    }
    if (greylist.expiry <= Duration{} || greylist.delay <= Duration{}) {
      report(greylist.line, "greylist.delay and greylist.expiry need time",
             "\"5m\" and \"35d\" are usual");
    }
  }

  void check_filters() {
    std::set<std::string> names;
    for (const FilterConfig& filter : config_.filters) {
      if ((filter.address == SocketAddress{}) == filter.socket.empty()) {
        report(filter.line, "a filter has an address or a socket", "set one of them");
      }
      if (!names.insert(filter.shown_name()).second) {
        report(filter.line, fmt::format("two filters are called {}", filter.shown_name()),
               "give each a name");
      }
      const bool learns = filter.learn != SocketAddress{};
      if (learns && filter.kind != flow::FilterKind::rspamd) {
        report(filter.line, "learn is for rspamd", "leave it out");
      }
      if (!filter.learn_password_file.empty() && !learns) {
        report(filter.line, "learn_password_file goes with learn", "set both");
      }
      check_file(filter.learn_password_file, "filter.learn_password_file", filter.line);
      if (filter.timeout <= Duration{}) {
        report(filter.line, "a filter needs time", "set timeout to \"60s\", or leave it out");
      }
      if (filter.doors.empty()) {
        warn(filter.line, "this filter looks at no mail", "name listeners in doors");
      }
    }
    for (const std::string& name :
         config_.quarantine.withheld_by.value_or(std::vector<std::string>{})) {
      if (!names.contains(name)) {
        report(0, fmt::format("quarantine.withheld_by names {}, which is no filter", name),
               "write the name of a [[filter]]");
      }
    }
    if (config_.quarantine.check_every < std::chrono::seconds(1)) {
      report(0, "quarantine.check_every is under 1s", "\"1h\" is usual");
    }
    const Duration digest_every = config_.quarantine.digest_every;
    if (digest_every > Duration{} && digest_every < std::chrono::seconds(1)) {
      report(0, "quarantine.digest_every is under 1s", "\"24h\" is usual, \"0s\" is never");
    }
  }

  void check_mailbox() {
    if (config_.mailbox.check_every < std::chrono::seconds(1)) {
      report(config_.mailbox.line, "mailbox.check_every is under 1s", "\"1h\" is usual");
    }
    std::set<std::string> names;
    for (const store::FirstMailbox& first : first_mailboxes(config_.mailbox)) {
      if (!names.insert(first.name).second) {
        report(config_.mailbox.line,
               fmt::format("mailbox: two uses have one name, {}", quoted_for_log(first.name, 80)),
               "a mailbox has one use: name another, or \"\" for none");
      }
    }
  }

  void check_pop3() {
    const auto& pop3 = config_.pop3;
    if (pop3.idle_timeout < std::chrono::minutes(10)) {
      report(pop3.line, "pop3.idle_timeout is under 10m", "RFC 1939 3 wants \"10m\" or more");
    }
    check_is_served(pop3.line, Protocol::pop3, "pop3", 995);
  }

  void check_imap() {
    const auto& imap = config_.imap;
    if (imap.idle_timeout < std::chrono::minutes(30)) {
      report(imap.line, "imap.idle_timeout is under 30m", "RFC 9051 5.4 wants \"30m\" or more");
    }
    for (const HiddenConfig& hidden : imap.hidden) {
      if (hidden.account.empty() == hidden.client.empty()) {
        report(hidden.line, "imap.hidden is for an account or for a client", "name one of them");
      }
    }
    check_is_served(imap.line, Protocol::imap, "imap", 993);
  }

  void check_is_served(std::uint32_t line, Protocol protocol, std::string_view name,
                       std::uint16_t port) {
    const bool is_served = std::ranges::any_of(config_.listeners, [protocol](const auto& listener) {
      return listener.protocol == protocol;
    });
    if (line != 0 && !is_served) {
      warn(
          line,
          fmt::format("[{}] is for listeners with service = \"{}\", and there is none", name, name),
          fmt::format("add one, at port {} with tls = \"implicit\"", port));
    }
  }

  void check_tls() {
    const auto& tls = config_.tls;
    if (tls.certificate.empty() != tls.key.empty()) {
      report(tls.line, "tls.certificate and tls.key go together", "set both");
    }
    check_file(tls.certificate, "tls.certificate", tls.line);
    check_file(tls.key, "tls.key", tls.line);
    check_file(tls.ca_file, "tls.ca_file", tls.line);
    for (const auto& name : tls.names) {
      check_file(name.certificate, "tls.name.certificate", name.line);
      check_file(name.key, "tls.name.key", name.line);
    }
  }

  void check_dns() {
    check_file(config_.dns.trust_anchors, "dns.trust_anchors", config_.dns.line);
    check_anchors();
    if (config_.dns.dnssec != DnssecMode::trust_ad) {
      return;
    }
    for (const SocketAddress& server : config_.dns.servers) {
      const auto& trusted = config_.dns.trusted;
      if (!server.ip.is_loopback() && std::ranges::find(trusted, server.ip) == trusted.end()) {
        report(config_.dns.line,
               fmt::format("dns.dnssec is \"trust-ad\", and the server {} is neither on loopback "
                           "nor in dns.trusted",
                           server.ip.text()),
               "use \"validate\", or trust that server and the path to it");
      }
    }
  }

  void check_anchors() {
    const auto& path = config_.dns.trust_anchors;
    std::ifstream in(path);
    if (path.empty() || !in) {
      return;  // said by check_file
    }
    std::ostringstream text;
    text << in.rdbuf();
    if (const auto anchors = dns::TrustAnchors::parse(text.view()); !anchors) {
      report(config_.dns.line,
             fmt::format("dns.trust_anchors {}: {}", path.string(), anchors.error()),
             "write a DS or DNSKEY record in each line, as `unbound-anchor` does");
    }
  }

  void check_delivery() {
    const auto& delivery = config_.delivery;
    if (delivery.retry.empty()) {
      report(delivery.line, "delivery.retry is empty", "name at least one duration");
    }
    for (const auto pause : delivery.retry) {
      if (pause < std::chrono::seconds(1)) {
        report(delivery.line, "delivery.retry has a pause under 1s", "use \"1s\" or more");
      }
    }
    if (!delivery.ipv4 && !delivery.ipv6) {
      report(delivery.line, "delivery.ipv4 and delivery.ipv6 are both false",
             "leave one of them on");
    }
    if (delivery.max_age < std::chrono::seconds(1)) {
      report(delivery.line, "delivery.max_age is under 1s", "\"5d\" is usual");
    }
    if (delivery.greeting_timeout < std::chrono::seconds(1)) {
      report(delivery.line, "delivery.greeting_timeout is under 1s", "\"5m\" is usual");
    }
    if (delivery.tls_timeout < std::chrono::seconds(1)) {
      report(delivery.line, "delivery.tls_timeout is under 1s", "\"1m\" is usual");
    }
  }

  void check_routes() {
    for (const auto& route : config_.routes) {
      if (route.via.empty()) {
        report(route.line, "route.via is empty", "name at least one host:port");
      }
      if (route.username.empty() != route.password_file.empty()) {
        report(route.line, "route.username and route.password_file go together", "set both");
      }
      check_file(route.password_file, "route.password_file", route.line);
    }
  }

  void check_policies() {
    for (const auto& policy : config_.policies) {
      if ((policy.tls == TlsLevel::fingerprint) == policy.fingerprint.empty()) {
        report(policy.line, "policy.fingerprint goes with tls = \"fingerprint\"",
               "set both or neither");
      }
    }
  }

  void check_dkim() {
    std::map<std::tuple<std::string, std::string>, std::uint32_t> seen;
    for (const auto& dkim : config_.dkim) {
      check_file(dkim.key, "dkim.key", dkim.line);
      const auto [at, fresh] = seen.try_emplace({dkim.domain, dkim.selector}, dkim.line);
      if (!fresh) {
        report(dkim.line,
               fmt::format("dkim selector '{}' of {} stands in line {} already", dkim.selector,
                           dkim.domain, at->second),
               "give each key a selector of its own");
      }
    }
  }

  void check_bounces() {
    const BouncesConfig& bounces = config_.bounces;
    check_file(bounces.rules, "bounces.rules", bounces.line);
    if (!bounces.rules.empty()) {
      std::ifstream in(bounces.rules, std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      const auto rules = report::BounceRules::parse(text.view());
      if (in && !rules) {
        report(bounces.line,
               fmt::format("bounces.rules {}: {}", bounces.rules.string(), rules.error()),
               "see `postrider bounce --print-rules`");
      }
    }
    std::set<std::string> domains;
    for (const BouncesOfConfig& of : bounces.of) {
      if (!domains.insert(of.domain).second) {
        report(of.line, fmt::format("bounces.of: {} stands there twice", of.domain),
               "one of them is enough");
      }
      const std::string local = of.address.substr(0, of.address.rfind('@'));
      if (local.size() > flow::return_local_octets_max || local.find('+') != local.npos) {
        report(of.line, "bounces.of: address has no room for what is added to it",
               fmt::format("before its @ up to {} characters, and no +",
                           flow::return_local_octets_max));
      }
      if (of.to == flow::ReturnRule::To::address && of.reader == of.address) {
        report(of.line, "bounces.of: what comes back would come back again",
               "name another address in `to`");
      }
    }
    const std::pair<std::string_view, const ReportConfig&> reports[] = {
        {"dmarc_report", config_.dmarc_report}, {"tls_report", config_.tls_report}};
    for (const auto& [name, of] : reports) {
      if (of.keep < std::chrono::days(1)) {
        report(of.line, fmt::format("{}.keep is under 1d", name), "\"90d\" is usual");
      }
    }
  }

  void check_oauth() {
    const OauthConfig& oauth = config_.oauth;
    if (oauth.line == 0) {
      return;
    }
    check_file(oauth.secret_file, "oauth.secret_file", oauth.line);
    if (oauth.timeout < std::chrono::seconds(1)) {
      report(oauth.line, "oauth.timeout is under 1s", "\"10s\" is usual");
    }
    const bool is_heard = std::ranges::any_of(config_.listeners, [](const auto& listener) {
      return listener.tls != ListenerTls::none &&
             (listener.protocol != Protocol::smtp || listener.door == Door::submission);
    });
    if (!is_heard) {
      warn(oauth.line, "[oauth] is for logins over TLS, and no listener takes any",
           "add a listener, or leave [oauth] out");
    }
  }

  void check_data_dir() {
    if (config_.data_dir.empty()) {
      return;
    }
    std::error_code ignored;  // a missing folder is no error: its parent is looked at instead
    const bool there = std::filesystem::is_directory(config_.data_dir, ignored);
    const auto folder = there ? config_.data_dir : config_.data_dir.parent_path();
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      report(1, fmt::format("data_dir: {} can't be written", folder.string()),
             "make it, and give it to the user that the server runs as");
    }
  }
};

}  // namespace

void check_config(Config& config, std::vector<ConfigProblem>& problems) {
  check_listeners(config, problems);
  Checker(config, problems).check_all();
}

}  // namespace postrider::app
