#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/dns/record.hpp>

namespace postrider::net {

enum class DaneVerdict : std::uint8_t {
  matched,   // the peer is who DNS says: deliver
  no_match,  // somebody else, or a chain that does not hold: never deliver over this connection
  unusable,  // no record of the set can be used: TLS stays mandatory, the peer unauthenticated
             // (RFC 7672 3.1.3)
};

struct DaneResult {
  DaneVerdict verdict = DaneVerdict::no_match;
  // Which record matched at which depth, or why none did: for people, without a full stop.
  std::string text;
};

namespace dane_limits {
// Records of one set that are looked at; further ones are as if they were not there.
inline constexpr std::size_t records = 100;
// Certificates of the chain, the leaf included; what follows is not looked at.
inline constexpr std::size_t chain = 10;
// Signatures checked in one verification: 0.05 to 0.3 ms each.
inline constexpr std::size_t signatures = 40;
// Steps of the search for a path among certificates that name one another in circles.
inline constexpr std::size_t steps = 400;
}  // namespace dane_limits

// Judges the chain that a peer showed by the TLSA records of its name.
// RFC 6698 2.1, RFC 7671, RFC 7672 3. The caller has made sure that the records are secure.
//
// In: `chain` as DER, as TlsSession::peer_chain() has it: the leaf first, the others in any order.
// `reference_names` (RFC 7672 3.2.3): the TLSA base domain, the next-hop domain, and the original
// next-hop domain; one of them must stand in the certificate where names count.
//
// Usage 3 (DANE-EE) binds the leaf alone: neither names nor dates nor a chain matter
// (RFC 7671 5.1). Usage 2 (DANE-TA) names an issuer above the leaf, in the chain or, with matching
// type 0, in the record: signatures, dates, names and CA constraints are checked from the leaf to
// it. Usages 0 and 1 are unusable (RFC 7672 3.1.3), as are unknown parameters and data that do not
// fit them. Of records with one usage and selector only the strongest digest counts (RFC 7671 9).
// On paths, signatures by MD5 or SHA-1 and RSA keys below 2048 bits are refused; of a leaf that a
// record binds itself, only RSA keys below 1024 bits.
//
// Pure but for the library's arithmetic; any thread. Limits: dane_limits. Cost: digests, and for
// usage 2 a signature check a step.
[[nodiscard]] DaneResult verify_dane(const std::vector<std::string>& chain,
                                     const std::vector<dns::Tlsa>& records,
                                     const std::vector<std::string>& reference_names, WallTime now);

// "2 0 1 8d4e0f5a..." with the first octets of the data: as texts name a record.
[[nodiscard]] std::string describe_tlsa(const dns::Tlsa& record);

}  // namespace postrider::net
