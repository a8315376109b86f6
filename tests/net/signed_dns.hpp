#pragma once

#include "../codec/dns/signed_world.hpp"
#include "resolver_world.hpp"

#include <string>
#include <utility>
#include <vector>

namespace postrider::net {

inline std::string octets32(std::uint32_t value) {
  return dns::octets16(value >> 16U) + dns::octets16(value & 0xFFFFU);
}

inline dns::Record record_of(const dns::RrSet& set, dns::RecordType type, std::string rdata) {
  return record_of(set.owner.text(), type, set.ttl, dns::Opaque{std::move(rdata)});
}

inline void append_set(std::vector<dns::Record>& records, const dns::RrSet& set, bool is_signed) {
  for (const std::string& rdata : set.rdatas) {
    records.push_back(record_of(set, set.type, rdata));
  }
  for (const dns::Rrsig& rrsig : set.signatures) {
    if (is_signed) {
      records.push_back(record_of(set, dns::RecordType::rrsig,
                                  dns::octets16(static_cast<std::uint16_t>(rrsig.covered)) +
                                      static_cast<char>(rrsig.algorithm) +
                                      static_cast<char>(rrsig.labels) +
                                      octets32(rrsig.original_ttl) + octets32(rrsig.expiration) +
                                      octets32(rrsig.inception) + dns::octets16(rrsig.key_tag) +
                                      rrsig.signer.octets() + rrsig.signature));
    }
  }
}

// SignedWorld as a server, right or wrong: its zones, "mx.a.test", "ns.a.test", and below "b.test"
// nothing is signed.
struct SignedDns {
  SignedDns() {
    for (const char* host : {"mx.a.test", "ns.a.test"}) {
      world.put(host, dns::RecordType::a,
                {world.zone.sign(dns::set_of(host, dns::RecordType::a, {dns::address}))});
    }
    world.put(
        "", dns::RecordType::mx, {},
        {world.root.sign(dns::nsec_set("", "test", {dns::RecordType::ns, dns::RecordType::soa}))});
    world.put("", dns::RecordType::ns,
              {world.root.sign(
                  dns::set_of("", dns::RecordType::ns, {dns::name_of("ns.test").octets()}))});
    world.put("b.test", dns::RecordType::ds, {},
              {world.test.sign(dns::nsec_set("b.test", "c.test", {dns::RecordType::ns}))});
    world.put("mx.b.test", dns::RecordType::a,
              {dns::set_of("mx.b.test", dns::RecordType::a, {dns::address})});
  }

  [[nodiscard]] ScriptedDns::Script script() {
    return [this](const dns::Query& query, bool) { return react(query); };
  }
  [[nodiscard]] DnsReaction react(const dns::Query& query) const {
    if (silent || (drops_edns && query.edns)) {
      return drops();
    }
    if ((refuses_edns && query.edns) || (refuses_keys && query.edns && query.edns->dnssec_ok &&
                                         query.question.type == dns::RecordType::dnskey)) {
      return says(refuses_edns ? dns::ResponseCode::format_error
                               : dns::ResponseCode::server_failure);
    }
    const auto found = world.known.find({query.question.name, query.question.type});
    if (found == world.known.end()) {
      return says(dns::ResponseCode::server_failure);
    }
    const bool is_signed = query.edns && query.edns->dnssec_ok && !strips;
    DnsReaction reaction = answers({});
    for (const dns::RrSet& set : found->second.answers) {
      append_set(reaction.response.answers, set, is_signed);
    }
    for (const dns::RrSet& set : found->second.authorities) {
      if (is_signed && !strips_proofs) {
        append_set(reaction.response.authorities, set, true);
      }
    }
    if (found->second.answers.empty()) {
      reaction.response.authorities.push_back(soa_record(query.question.name, 300, 300));
    }
    if (lies && query.question.type == dns::RecordType::a) {
      std::get<dns::Opaque>(reaction.response.answers.at(0).data).rdata = "\x7F\1\1\1";
    }
    if (lies_of_keys && query.question.name == "a.test" &&
        query.question.type == dns::RecordType::dnskey) {
      std::get<dns::Opaque>(reaction.response.answers.at(0).data).rdata.back() ^= 1;
    }
    return reaction;
  }

  dns::SignedWorld world;
  bool silent = false;
  bool strips = false;         // signatures, and what proves absence
  bool strips_proofs = false;  // these alone
  bool drops_edns = false;
  bool refuses_edns = false;
  bool refuses_keys = false;
  bool lies = false;          // of addresses
  bool lies_of_keys = false;  // of a.test's
};

// At the time of SignedWorld's signatures.
inline engine::SimulationSettings signed_time() {
  return {.seed = 42, .start = from_unix_millis(dns::now_s * 1000)};
}

struct SignedResolverWorld : ResolverWorld {
  explicit SignedResolverWorld(SignedDns& one)
      : ResolverWorld(one.script(), nullptr, signed_time()) {
    set_up(one);
  }
  SignedResolverWorld(SignedDns& one, SignedDns& other)
      : ResolverWorld(one.script(), other.script(), signed_time()) {
    set_up(one);
  }
  void set_up(SignedDns& one) {
    settings.dnssec = DnssecMode::validate;
    settings.trust_anchors = one.world.anchors;
    settings.path_check_interval = std::chrono::minutes(10);
    settings.may_go_unvalidated = true;
    settings.on_dnssec_status = [this](const DnssecStatus& status) { told.push_back(status); };
  }
  std::vector<DnssecStatus> told;
};

}  // namespace postrider::net
