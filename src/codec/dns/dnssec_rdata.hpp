#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/dns/signed_records.hpp>

// RDATA of the types that DNSSEC adds (RFC 4034, RFC 5155). nullopt: malformed. Names in them are
// never compressed (RFC 4034 3.1.7, 4.1.1).
namespace postrider::dns {

[[nodiscard]] std::optional<Rrsig> parse_rrsig(std::string_view rdata);

struct DnsKey {
  static constexpr std::uint16_t zone_flag = 0x0100;
  static constexpr std::uint16_t revoked_flag = 0x0080;  // RFC 5011 2.1

  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  std::uint16_t tag = 0;  // RFC 4034 appendix B
  std::string_view key;   // valid as long as the RDATA
  [[nodiscard]] bool may_sign_zone() const {
    return (flags & zone_flag) != 0 && (flags & revoked_flag) == 0 && protocol == 3;
  }
};
[[nodiscard]] std::optional<DnsKey> parse_dnskey(std::string_view rdata);

struct Ds {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digest_type = 0;
  std::string_view digest;  // valid as long as the RDATA
};
[[nodiscard]] std::optional<Ds> parse_ds(std::string_view rdata);

// The types at a name (RFC 4034 4.1.2), as the bit map's octets.
class TypeBitmap {
 public:
  [[nodiscard]] static std::optional<TypeBitmap> read(std::string_view octets);
  [[nodiscard]] bool has(RecordType type) const;
  // The parent's side of a delegation: NS without SOA.
  [[nodiscard]] bool is_delegation() const { return has(RecordType::ns) && !has(RecordType::soa); }

 private:
  std::string_view octets_;  // as long as the RDATA
};

struct Nsec {
  WireName next;
  TypeBitmap types;
};
[[nodiscard]] std::optional<Nsec> parse_nsec(std::string_view rdata);

constexpr std::size_t sha1_octets = 20;
using Sha1Digest = std::array<std::uint8_t, sha1_octets>;

struct Nsec3Parameters {
  std::uint8_t algorithm = 0;
  std::uint16_t iterations = 0;
  std::string salt;
  friend bool operator==(const Nsec3Parameters&, const Nsec3Parameters&) = default;
};
struct Nsec3 {
  static constexpr std::uint8_t algorithm_sha1 = 1;
  static constexpr std::uint8_t opt_out_flag = 1;

  Nsec3Parameters parameters;
  std::uint8_t flags = 0;
  Sha1Digest next{};
  TypeBitmap types;
  [[nodiscard]] bool is_opt_out() const { return (flags & opt_out_flag) != 0; }
};
// nullopt also for what is to be ignored: unknown algorithms and flags (RFC 5155 8.1, 8.2).
[[nodiscard]] std::optional<Nsec3> parse_nsec3(std::string_view rdata);

// The hash in an NSEC3 owner's first label (RFC 4648 7), 20 octets; nullopt: none.
[[nodiscard]] std::optional<Sha1Digest> parse_hash_label(std::string_view label);
// RFC 5155 5. Cost: iterations + 1 SHA-1.
[[nodiscard]] Sha1Digest nsec3_hash(const WireName& name, const Nsec3Parameters& parameters);

}  // namespace postrider::dns
