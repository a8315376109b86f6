#include "dnssec_rdata.hpp"
#include "ldns_records.hpp"
#include "signature.hpp"

#include <fmt/core.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>

namespace postrider::dns {

namespace {

constexpr std::string_view iana_anchors =
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n";

std::string_view without_comment(std::string_view line) {
  line = line.substr(0, line.find_first_of(";#\r"));
  return trim_wsp(line);
}

std::string octets_of(const ldns_rdf& rdf) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(&rdf)), ldns_rdf_size(&rdf)};
}

struct AnchorRecord {
  WireName owner;
  RecordType type{};
  std::string rdata;
};

// nullopt: no DS or DNSKEY record that a validator can use.
std::optional<AnchorRecord> read_record(std::string_view line) {
  ldns_rr* raw = nullptr;
  if (ldns_rr_new_frm_str(&raw, std::string(line).c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) {
    return std::nullopt;
  }
  const RrHandle rr(raw);
  AnchorRecord record;
  record.type = static_cast<RecordType>(ldns_rr_get_type(raw));
  for (std::size_t i = 0; i < ldns_rr_rd_count(raw); ++i) {
    record.rdata += octets_of(*ldns_rr_rdf(raw, i));
  }
  const auto owner = WireName::read(octets_of(*ldns_rr_owner(raw)));
  if (!owner) {
    return std::nullopt;
  }
  record.owner = *owner;
  if (record.type == RecordType::ds) {
    const auto ds = parse_ds(record.rdata);
    const bool usable =
        ds && is_supported_algorithm(ds->algorithm) && is_supported_digest(ds->digest_type);
    return usable ? std::optional(std::move(record)) : std::nullopt;
  }
  if (record.type == RecordType::dnskey) {
    const auto key = parse_dnskey(record.rdata);
    const bool usable = key && key->may_sign_zone() && is_supported_algorithm(key->algorithm);
    return usable ? std::optional(std::move(record)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

TrustAnchors TrustAnchors::iana() {
  return parse(iana_anchors).value();
}

Result<TrustAnchors, std::string> TrustAnchors::parse(std::string_view text) {
  TrustAnchors anchors;
  std::size_t number = 0;
  for (const std::string_view whole : split(text, '\n')) {
    ++number;
    const std::string_view line = without_comment(whole);
    if (line.empty() || line.starts_with('$')) {
      continue;
    }
    std::optional<AnchorRecord> record = read_record(line);
    if (!record) {
      return failure(fmt::format("line {}: not a DS or DNSKEY record with a known algorithm: {}",
                                 number, quoted_for_log(line, 60)));
    }
    Anchor& anchor = anchors.anchors_[record->owner];
    (record->type == RecordType::ds ? anchor.ds : anchor.keys).push_back(std::move(record->rdata));
  }
  if (anchors.empty()) {
    return failure(std::string("no DS or DNSKEY record in it"));
  }
  return anchors;
}

const std::pair<const WireName, TrustAnchors::Anchor>* TrustAnchors::closest(
    const WireName& name) const {
  for (WireName at = name;; at = at.parent()) {
    if (const auto found = anchors_.find(at); found != anchors_.end()) {
      return &*found;
    }
    if (at.is_root()) {
      return nullptr;
    }
  }
}

std::string TrustAnchors::fingerprint() const {
  std::string all;
  for (const auto& [owner, anchor] : anchors_) {
    for (const auto* records : {&anchor.ds, &anchor.keys}) {
      for (const std::string& rdata : *records) {
        all += owner.octets() + std::to_string(rdata.size()) + ":" + rdata;
      }
    }
  }
  return encode_hex(sha256(all).view());
}

}  // namespace postrider::dns
