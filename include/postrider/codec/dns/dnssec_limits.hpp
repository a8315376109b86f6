#pragma once

#include <cstddef>
#include <cstdint>

// What a hostile zone can make us do for one answer. Past a limit the answer is bogus, with a
// reason that names the limit, but where it says otherwise.
namespace postrider::dns::dnssec_limits {

// Signatures checked for one answer, the chain from the root included: 0.06 ms (RSA-2048) to 1 ms
// (P-384) each. An honest
// answer through five zones and an alias takes 25.
inline constexpr unsigned signature_checks = 100;
// Signatures looked at of one set: one a key algorithm, twice that in a rollover.
inline constexpr std::size_t signatures_per_set = 8;
// Keys with the tag and algorithm that a signature names (KeyTrap, CVE-2023-50387). Honest zones
// have one; by chance two.
inline constexpr unsigned keys_per_signature = 4;
// Records of one set that is validated; of keys, and of DS, which cost a digest each per key.
inline constexpr std::size_t records_per_set = 256;
inline constexpr std::size_t keys_per_zone = 32;
inline constexpr std::size_t ds_per_zone = 16;
// Digests of keys computed to find those that a DS set names, per zone.
inline constexpr unsigned key_digests = 32;
// NSEC3 iterations (RFC 9276 3.2, CVE-2023-50868): past the first limit the zone counts as insecure
// once the signature over the NSEC3 holds, past the second as bogus.
inline constexpr std::uint16_t nsec3_iterations_secure = 150;
inline constexpr std::uint16_t nsec3_iterations_insecure = 500;
// Names hashed for one answer: each up to 151 SHA-1.
inline constexpr unsigned nsec3_hashes = 64;
// Names hashed in one step: 0.3 ms.
inline constexpr unsigned nsec3_hashes_per_step = 4;
// NSEC and NSEC3 sets looked at in one answer: an honest denial has three.
inline constexpr std::size_t denial_sets = 32;
// Zone cuts looked for on the way from the root to one name: an ip6.arpa name has 34 labels.
inline constexpr unsigned chain_labels = 40;
// Servers that must find one answer bogus before it counts as that; one that has cost more than
// half of the signature checks is not asked for again.
inline constexpr std::size_t bogus_servers = 3;
// Queries for keys and DS sets, for one answer; then it fails for now.
inline constexpr unsigned queries = 60;
// Steps of the state machine for one answer, whatever they do.
inline constexpr unsigned steps = 2000;
// Clocks differ: a signature counts so much before its inception and after its expiration.
inline constexpr std::int64_t clock_skew_s = 300;
// How long a zone's keys, or that it has none, are believed at most; at least, in which a loop of
// expiry can't turn; and how long a bogus zone is not tried again (RFC 4035 4.7).
inline constexpr std::int64_t trust_ttl_max_s = 86'400;
inline constexpr std::int64_t trust_ttl_min_s = 5;
inline constexpr std::int64_t bogus_ttl_s = 60;
// Zones and names kept in a TrustCache: some 500 bytes each.
inline constexpr std::size_t trust_cache_entries = 50'000;

}  // namespace postrider::dns::dnssec_limits
