#include "signature.hpp"

#include "ldns_handles.hpp"

#include <algorithm>
#include <vector>

#include <postrider/base/text.hpp>

namespace postrider::dns {

namespace {

struct FreeBuffer {
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};
using BufferHandle = std::unique_ptr<ldns_buffer, FreeBuffer>;

void append_u16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value);
}
void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, value >> 16U);
  append_u16(out, value & 0xFFFFU);
}

// RFC 4034 6.2, of the types that can stand in Evidence. Length octets of labels are no letters.
std::string canonical_rdata(RecordType type, std::string_view rdata) {
  constexpr std::size_t mx_preference_octets = 2;
  constexpr std::size_t soa_numbers_octets = 20;
  std::size_t begin = 0;
  std::size_t end = 0;
  switch (type) {
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::dname:
    case RecordType::ptr:
      end = rdata.size();
      break;
    case RecordType::mx:
      begin = std::min(rdata.size(), mx_preference_octets);
      end = rdata.size();
      break;
    case RecordType::soa:
      end = rdata.size() - std::min(rdata.size(), soa_numbers_octets);
      break;
    default:
      break;
  }
  std::string out(rdata.substr(0, begin));
  out += to_lower(rdata.substr(begin, end - begin));
  return out += rdata.substr(end);
}

// RFC 4035 5.3.2: the owner as it was signed.
std::string signed_owner(const RrSet& set, const Rrsig& rrsig) {
  if (rrsig.labels >= set.owner.signed_labels()) {
    return set.owner.octets();
  }
  const auto wildcard = set.owner.last(rrsig.labels).wildcard();
  return wildcard ? wildcard->octets() : set.owner.octets();
}

constexpr std::size_t ecdsa_p256_octets = 64;
constexpr std::size_t ecdsa_p384_octets = 96;

// Modulus of 512 to 4096 bits and an exponent of at most 64 (RFC 3110 2).
bool is_sound_rsa_key(std::string_view key) {
  constexpr std::size_t exponent_octets_max = 8;
  constexpr std::size_t modulus_octets_min = 64;
  constexpr std::size_t modulus_octets_max = 512;
  // Longer exponents give their length in three octets, the first of them zero.
  const std::size_t exponent = key.empty() ? 0 : static_cast<unsigned char>(key[0]);
  if (exponent == 0 || exponent > exponent_octets_max || key.size() < 1 + exponent) {
    return false;
  }
  const std::size_t modulus = key.size() - 1 - exponent;
  return modulus >= modulus_octets_min && modulus <= modulus_octets_max;
}

bool is_sound(std::uint8_t algorithm, std::string_view key, std::string_view signature) {
  struct Sizes {
    ldns_algorithm algorithm;
    std::size_t key;
    std::size_t signature;
  };
  // RFC 6605 4, RFC 8080 3 and 4.
  constexpr std::array fixed{Sizes{LDNS_ECDSAP256SHA256, 64, ecdsa_p256_octets},
                             Sizes{LDNS_ECDSAP384SHA384, 96, ecdsa_p384_octets},
                             Sizes{LDNS_ED25519, 32, 64}, Sizes{LDNS_ED448, 57, 114}};
  for (const Sizes& sizes : fixed) {
    if (sizes.algorithm == algorithm) {
      return key.size() == sizes.key && signature.size() == sizes.signature;
    }
  }
  return is_sound_rsa_key(key);
}

// ldns wants an ECDSA signature as ASN.1; nullptr: no memory.
BufferHandle as_asn1(std::string_view signature) {
  constexpr std::size_t initial_octets = 256;
  BufferHandle out(ldns_buffer_new(initial_octets));
  const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> rdf(
      ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, signature.size(), signature.data()),
      &ldns_rdf_deep_free);
  if (!out || !rdf || ldns_convert_ecdsa_rrsig_rdf2asn1(out.get(), rdf.get()) != LDNS_STATUS_OK) {
    return nullptr;
  }
  return out;
}

BufferHandle as_buffer(std::string_view octets) {
  BufferHandle out(ldns_buffer_new(octets.size()));
  if (out) {
    ldns_buffer_write(out.get(), octets.data(), octets.size());
  }
  return out;
}

bool is_ecdsa(std::uint8_t algorithm) {
  return algorithm == LDNS_ECDSAP256SHA256 || algorithm == LDNS_ECDSAP384SHA384;
}

}  // namespace

bool is_supported_algorithm(std::uint8_t algorithm) {
  switch (algorithm) {
    case LDNS_RSASHA1:
    case LDNS_RSASHA1_NSEC3:
    case LDNS_RSASHA256:
    case LDNS_RSASHA512:
    case LDNS_ECDSAP256SHA256:
    case LDNS_ECDSAP384SHA384:
    case LDNS_ED25519:
    case LDNS_ED448:
      return true;
    default:
      return false;
  }
}

bool is_supported_digest(std::uint8_t digest_type) {
  return digest_type == LDNS_SHA1 || digest_type == LDNS_SHA256 || digest_type == LDNS_SHA384;
}

bool matches_ds(const Ds& ds, const WireName& owner, std::string_view dnskey_rdata) {
  std::string octets = owner.octets();
  octets += dnskey_rdata;
  const auto* data = reinterpret_cast<const unsigned char*>(octets.data());
  const auto size = static_cast<unsigned>(octets.size());
  std::array<unsigned char, LDNS_SHA384_DIGEST_LENGTH> digest{};
  std::size_t length = 0;
  switch (ds.digest_type) {
    case LDNS_SHA1:
      (void)ldns_sha1(data, size, digest.data());  // gives its last argument
      length = LDNS_SHA1_DIGEST_LENGTH;
      break;
    case LDNS_SHA256:
      (void)ldns_sha256(data, size, digest.data());  // likewise
      length = LDNS_SHA256_DIGEST_LENGTH;
      break;
    case LDNS_SHA384:
      (void)ldns_sha384(data, size, digest.data());  // likewise
      length = LDNS_SHA384_DIGEST_LENGTH;
      break;
    default:
      return false;
  }
  return ds.digest == std::string_view(reinterpret_cast<const char*>(digest.data()), length);
}

std::string signed_octets(const RrSet& set, const Rrsig& rrsig) {
  std::vector<std::string> rdatas;
  rdatas.reserve(set.rdatas.size());
  for (const std::string& rdata : set.rdatas) {
    rdatas.push_back(canonical_rdata(set.type, rdata));
  }
  std::ranges::sort(rdatas);  // char_traits compares octets as unsigned
  const auto doubles = std::ranges::unique(rdatas);
  rdatas.erase(doubles.begin(), doubles.end());

  std::string out;
  append_u16(out, static_cast<std::uint32_t>(rrsig.covered));
  out += static_cast<char>(rrsig.algorithm);
  out += static_cast<char>(rrsig.labels);
  append_u32(out, rrsig.original_ttl);
  append_u32(out, rrsig.expiration);
  append_u32(out, rrsig.inception);
  append_u16(out, rrsig.key_tag);
  out += rrsig.signer.octets();
  const std::string owner = signed_owner(set, rrsig);
  for (const std::string& rdata : rdatas) {
    out += owner;
    append_u16(out, static_cast<std::uint32_t>(set.type));
    append_u16(out, LDNS_RR_CLASS_IN);
    append_u32(out, rrsig.original_ttl);
    append_u16(out, static_cast<std::uint32_t>(rdata.size()));
    out += rdata;
  }
  return out;
}

bool verify_signature(const RrSet& set, const Rrsig& rrsig, const DnsKey& key) {
  if (!is_supported_algorithm(rrsig.algorithm) || key.algorithm != rrsig.algorithm ||
      !is_sound(rrsig.algorithm, key.key, rrsig.signature)) {
    return false;
  }
  const BufferHandle data = as_buffer(signed_octets(set, rrsig));
  const BufferHandle signature =
      is_ecdsa(rrsig.algorithm) ? as_asn1(rrsig.signature) : as_buffer(rrsig.signature);
  std::string key_octets(key.key);
  if (!data || !signature) {
    return false;
  }
  return ldns_verify_rrsig_buffers_raw(ldns_buffer_begin(signature.get()),
                                       ldns_buffer_position(signature.get()), data.get(),
                                       reinterpret_cast<unsigned char*>(key_octets.data()),
                                       key_octets.size(), rrsig.algorithm) == LDNS_STATUS_OK;
}

}  // namespace postrider::dns
