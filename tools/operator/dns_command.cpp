#include "dns_command.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::tools {

namespace {

constexpr Duration patience = std::chrono::seconds(30);

struct Host {
  net::MailHost host;
  net::HostAddresses addresses;
};

// The DNSSEC state of an answer, and why it is not better.
struct Dnssec {
  net::DnsSecurity state = net::DnsSecurity::indeterminate;
  std::string why;
  net::DnssecStatus path{};
};

// What is amiss with the servers; empty: nothing.
std::string describe(const net::DnssecStatus& path) {
  switch (path.path) {
    case net::DnssecPath::stripped:
      return fmt::format("DNSSEC of the servers: nothing can be validated: {}\n", path.why);
    case net::DnssecPath::untrusted:
      return fmt::format("DNSSEC of the servers: all that is signed is bogus: {}\n", path.why);
    case net::DnssecPath::whole:
    case net::DnssecPath::unknown:
      break;
  }
  return "";
}

std::string encode(const DnsCommand& command, const std::vector<Host>& hosts, const Dnssec& dnssec,
                   const DomainTlsView& tls, std::string_view why) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("domain", command.domain).key("mx").begin_array();
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto& [host, addresses] = hosts[i];
    json.begin_object().member("host", host.name);
    json.member("preference", static_cast<unsigned>(host.preference))
        .key("addresses")
        .begin_array();
    for (const auto& address : addresses.addresses) {
      json.value(address.text());
    }
    json.end_array().member("dnssec", dns::describe(addresses.security));
    json.member("dnssec_why", addresses.reason);
    encode_host_tls(tls.hosts[i], json);
    json.end_object();
  }
  json.end_array().member("dnssec", dns::describe(dnssec.state));
  json.member("dnssec_why", dnssec.why);
  json.member("dnssec_path", net::describe(dnssec.path.path));
  json.member("dnssec_path_why", dnssec.path.why);
  encode_domain_tls(tls, json);
  json.member("why", why).end_object();
  return out + "\n";
}

std::string table(const std::vector<Host>& hosts) {
  Table table({"PREFERENCE", "HOST", "DNSSEC", "ADDRESSES"});
  for (const auto& [host, addresses] : hosts) {
    std::string list;
    for (const auto& address : addresses.addresses) {
      list += (list.empty() ? "" : " ") + address.text();
    }
    table.add({std::to_string(host.preference), host.name,
               std::string(dns::describe(addresses.security)),
               list.empty() ? "none: " + addresses.reason : list});
  }
  return table.text();
}

}  // namespace

engine::Task<int> run_dns_command(DnsCommand command, engine::Reactor& reactor, Terminal terminal) {
  auto name = command.domain.starts_with('[') ? command.domain : std::string();
  if (name.empty()) {
    auto ascii = dns::to_a_label(command.domain);
    if (!ascii) {
      terminal.complain(fmt::format("'{}' is no domain ({}): write it as example.org",
                                    quoted_for_log(command.domain, 80),
                                    dns::describe(ascii.error())));
      co_return exit_usage;
    }
    name = std::move(*ascii);
  }
  const auto resolver = net::make_resolver(reactor, command.resolver);
  const engine::Until until{reactor.now() + patience};
  auto found = co_await net::find_mail_hosts(
      *resolver, reactor.random(), {.domain = name, .own_names = command.own_names}, until);
  if (!found) {
    const bool later = found.error().kind == net::MailHostsFailure::temporary ||
                       found.error().kind == net::MailHostsFailure::bogus;
    const auto why = fmt::format("{}: {}", later ? "deferred" : "refused", found.error().text);
    if (command.json) {
      const Dnssec dnssec{found.error().security, found.error().text, resolver->dnssec_status()};
      terminal.print(encode(command, {}, dnssec, {}, why));
    } else {
      terminal.print(
          fmt::format("{}: mail is {}\n{}", name, why, describe(resolver->dnssec_status())));
    }
    co_return exit_no;
  }
  std::vector<Host> hosts;
  for (const auto& host : found->hosts) {
    auto addresses =
        co_await net::find_addresses(*resolver, reactor.random(), host.name, {}, until);
    hosts.push_back({host, std::move(addresses)});
  }
  const auto tls = co_await look_at_tls(reactor, *resolver, name, *found, command.tls);
  const auto why = fmt::format("{}; TLS is {} by {}",
                               found->implicit ? "no MX: the domain's own address" : "by its MX",
                               tls.policy, tls.why);
  const Dnssec dnssec{found->security, found->why_insecure, resolver->dnssec_status()};
  if (command.json) {
    terminal.print(encode(command, hosts, dnssec, tls, why));
  } else {
    const auto state = fmt::format("{}{}{}", dns::describe(dnssec.state),
                                   dnssec.why.empty() ? "" : ": ", dnssec.why);
    terminal.print(fmt::format("{}: {}\nDNSSEC of the MX: {}\n{}{}\n{}", name, why, state,
                               describe(dnssec.path), table(hosts), describe_tls(tls)));
  }
  co_return exit_ok;
}

}  // namespace postrider::tools
