#pragma once

#include "dnssec_rdata.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/codec/dns/signed_records.hpp>

namespace postrider::dns {

// What a validator must know (RFC 8624 3.1, RFC 6605, RFC 8080): the rest makes a zone insecure.
// RSA/SHA-1 is still checked, as zones in use have nothing else; RSA/MD5, DSA and GOST are not.
[[nodiscard]] bool is_supported_algorithm(std::uint8_t algorithm);
// SHA-1, SHA-256, SHA-384 (RFC 8624 3.3).
[[nodiscard]] bool is_supported_digest(std::uint8_t digest_type);

// Whether `ds` is the digest of that key of `owner` (RFC 4034 5.1.4). Cost: one digest.
[[nodiscard]] bool matches_ds(const Ds& ds, const WireName& owner, std::string_view dnskey_rdata);

// What is signed (RFC 4034 3.1.8.1): the RRSIG without its signature, and the set in canonical
// form, a wildcard's name in place of one that was made of it.
[[nodiscard]] std::string signed_octets(const RrSet& set, const Rrsig& rrsig);

// Whether `key` made `rrsig` over `set`; neither names nor times are looked at. Keys that no honest
// zone has count as wrong: RSA exponents past 64 bits, of which a check takes milliseconds. Cost:
// 60 us (RSA-2048), 120 (Ed25519), 220 (P-256), 950 (P-384).
[[nodiscard]] bool verify_signature(const RrSet& set, const Rrsig& rrsig, const DnsKey& key);

}  // namespace postrider::dns
