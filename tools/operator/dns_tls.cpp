#include "dns_tls.hpp"

#include "answer.hpp"
#include "tls_greeting.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/codec/report/tlsrpt_record.hpp>
#include <postrider/net/tls_dane.hpp>
#include <postrider/net/tlsa_lookup.hpp>
#include <postrider/policy/mta_sts_cache.hpp>

namespace postrider::tools {

namespace {

constexpr Duration patience = std::chrono::seconds(60);

std::vector<std::string> texts_of(const net::DnsAnswer& answer) {
  std::vector<std::string> out;
  for (const dns::Record& record : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      out.push_back(txt->text);
    }
  }
  return out;
}

std::string_view describe(net::TlsaAnswer::State state) {
  using State = net::TlsaAnswer::State;
  switch (state) {
    case State::none:
      return "none";
    case State::found:
      return "found";
    case State::temporary_failure:
      return "temporary failure";
    case State::bogus:
      return "bogus";
  }
  return "none";
}

engine::Task<std::shared_ptr<const policy::StsPolicy>> look_at_sts(engine::Reactor& reactor,
                                                                   net::Resolver& resolver,
                                                                   const std::string& domain,
                                                                   const DnsTlsOrder& order,
                                                                   DomainTlsView& view) {
  const engine::Until until{reactor.now() + patience};
  const auto answer = co_await resolver.lookup("_mta-sts." + domain, dns::RecordType::txt, until);
  const auto id = policy::parse_sts_record(texts_of(*answer));
  if (!id) {
    view.sts_why = answer->status == net::DnsStatus::temporary_failure
                       ? answer->reason
                       : std::string(policy::describe(id.error()));
    co_return nullptr;
  }
  view.sts_id = *id;
  auto context =
      net::TlsContext::make_client({.verify = net::TlsVerify::require, .trust = order.anchors});
  if (order.anchors == nullptr || !context) {
    view.sts_why = "this machine has no trust anchors to fetch the policy by";
    co_return nullptr;
  }
  policy::HttpsStsFetcher fetcher({reactor, resolver, *context}, order.mta_sts_port);
  auto policy = co_await fetcher.fetch(domain, until);
  if (!policy) {
    view.sts_why = policy.error().text;
    co_return nullptr;
  }
  view.sts = policy::describe(policy->mode);
  view.sts_mx = policy->mx;
  view.sts_max_age = encode_duration(policy->max_age);
  co_return std::make_shared<const policy::StsPolicy>(*std::move(policy));
}

std::string policy_of(const HostTlsView& host, const policy::TlsPolicy& policy) {
  switch (host.tlsa) {
    case net::TlsaAnswer::State::bogus:
    case net::TlsaAnswer::State::temporary_failure:
      return "not used now: " + host.tlsa_why;
    case net::TlsaAnswer::State::found:
      return "dane";
    case net::TlsaAnswer::State::none:
      break;
  }
  if (policy.sts && policy.sts->mode != policy::StsMode::none) {
    if (policy.sts->permits(host.host)) {
      return fmt::format("mta-sts {}", policy::describe(policy.sts->mode));
    }
    return policy.is_sts_enforced() ? "never used: the MTA-STS policy does not name it"
                                    : "mta-sts testing: the policy does not name it";
  }
  return std::string(policy::describe(policy.level));
}

engine::Task<HostTlsView> look_at_host(engine::Reactor& reactor, net::Resolver& resolver,
                                       std::string domain, std::string name,
                                       const policy::TlsPolicy& policy, const DnsTlsOrder& order) {
  HostTlsView out;
  out.host = std::move(name);
  net::TlsaAnswer tlsa;
  const engine::Until until{reactor.now() + patience};
  if (policy.dane) {
    tlsa = co_await net::find_tlsa(resolver, out.host, order.port, until);
    out.tlsa = tlsa.state;
    out.tlsa_why = tlsa.reason;
    for (const dns::Tlsa& record : tlsa.records) {
      out.records.push_back(fmt::format("{} {} {} {}", record.usage, record.selector,
                                        record.matching_type, encode_hex(record.data)));
    }
  } else {
    out.tlsa_why = "not looked for: the MX answer is not secure, or DANE is switched off";
  }
  out.policy = policy_of(out, policy);
  if (order.connect) {
    std::vector<std::string> names = tlsa.reference_names;
    names.push_back(std::move(domain));
    out.handshake = co_await greet_with_tls(
        reactor, resolver,
        {out.host, order.port, order.hostname, order.anchors, tlsa.records, std::move(names)});
  }
  co_return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) {
    out += (out.empty() ? "" : " ") + one;
  }
  return out;
}

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& list) {
  json.key(name).begin_array();
  for (const std::string& one : list) {
    json.value(one);
  }
  json.end_array();
}

}  // namespace

engine::Task<DomainTlsView> look_at_tls(engine::Reactor& reactor, net::Resolver& resolver,
                                        std::string domain, net::MailHosts hosts,
                                        DnsTlsOrder order) {
  DomainTlsView view;
  view.server_sts = order.server_sts;
  policy::TlsPolicy policy = order.configured;
  const bool may_publish = !order.has_rule && policy.level != policy::TlsLevel::off;
  policy.dane = may_publish && order.dane && hosts.security == net::DnsSecurity::secure;
  if (may_publish && order.mta_sts && !domain.starts_with('[')) {
    policy.sts = co_await look_at_sts(reactor, resolver, domain, order, view);
  } else if (order.has_rule) {
    view.sts_why = "not looked for: " + policy.origin + " decides";
  }
  const engine::Until until{reactor.now() + patience};
  const auto answer = co_await resolver.lookup("_smtp._tls." + domain, dns::RecordType::txt, until);
  if (const auto record = report::parse_tlsrpt_record(texts_of(*answer))) {
    view.reports = joined(record->mail) + (record->mail.empty() ? "" : " ") + joined(record->https);
  }
  bool any_dane = false;
  for (const net::MailHost& host : hosts.hosts) {
    view.hosts.push_back(
        co_await look_at_host(reactor, resolver, domain, host.name, policy, order));
    any_dane |= view.hosts.back().tlsa == net::TlsaAnswer::State::found;
  }
  if (any_dane) {  // an operator's rule has none looked for, nor a policy
    view.policy = "dane";
    view.why = "TLSA records of its hosts, proved by DNSSEC";
  } else if (policy.sts && policy.sts->mode != policy::StsMode::none) {
    view.policy = fmt::format("mta-sts {}", policy::describe(policy.sts->mode));
    view.why = "its MTA-STS policy";
  } else {
    view.policy = policy::describe(policy.level);
    view.why = policy.origin;
  }
  co_return view;
}

void encode_host_tls(const HostTlsView& host, JsonWriter& json) {
  json.member("tls", host.policy).key("tlsa").begin_object();
  json.member("state", describe(host.tlsa)).member("why", host.tlsa_why);
  strings(json, "records", host.records);
  json.end_object();
  if (!host.handshake.empty()) {
    json.member("handshake", host.handshake);
  }
}

void encode_domain_tls(const DomainTlsView& view, JsonWriter& json) {
  json.member("policy", view.policy).member("policy_why", view.why);
  json.key("mta_sts").begin_object().member("mode", view.sts).member("id", view.sts_id);
  json.member("max_age", view.sts_max_age).member("why", view.sts_why);
  strings(json, "mx", view.sts_mx);
  encode_server_sts(view.server_sts, json);
  json.end_object().member("tls_reports", view.reports);
}

std::string describe_tls(const DomainTlsView& view) {
  std::string out = fmt::format("TLS: {} by {}\n", view.policy, view.why);
  if (!view.sts.empty()) {
    out += fmt::format("MTA-STS: {}, id {}, for {}, hosts {}\n", view.sts, view.sts_id,
                       view.sts_max_age, joined(view.sts_mx));
  } else if (!view.sts_why.empty()) {
    out += fmt::format("MTA-STS: {}\n", view.sts_why);
  }
  out += view.server_sts ? describe_server_sts(*view.server_sts) : "";
  out += fmt::format("TLS reports: {}\n", view.reports.empty() ? "not asked for" : view.reports);
  Table table({"HOST", "TLSA", "TLS", "HANDSHAKE"});
  for (const HostTlsView& host : view.hosts) {
    table.add({host.host,
               host.records.empty() ? std::string(describe(host.tlsa)) : host.records.front(),
               host.policy, host.handshake.empty() ? "-" : host.handshake});
    for (std::size_t i = 1; i < host.records.size(); ++i) {
      table.add({"", host.records[i], "", ""});
    }
  }
  return out + table.text();
}

}  // namespace postrider::tools
