#include "dnssec_rdata.hpp"

#include "ldns_handles.hpp"

#include <algorithm>

namespace postrider::dns {

namespace {

// Reads from the front; a read past the end yields zeros and is remembered.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return number(4); }
  std::string_view octets(std::size_t count) {
    if (rest_.size() < count) {
      is_sound_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  WireName name() {
    std::optional<WireName> name = WireName::read(rest_);
    if (!name) {
      is_sound_ = false;
      return {};
    }
    rest_.remove_prefix(name->octets().size());
    return std::move(*name);
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool is_sound() const { return is_sound_; }

 private:
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const char c : octets(size)) {
      value = value << 8U | static_cast<unsigned char>(c);
    }
    return value;
  }
  std::string_view rest_;
  bool is_sound_ = true;
};

// RFC 4034 appendix B; algorithm 1's own rule is not needed: we know no RSA/MD5.
std::uint16_t key_tag(std::string_view rdata) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata.size(); ++i) {
    const auto octet = static_cast<std::uint32_t>(static_cast<unsigned char>(rdata[i]));
    sum += (i & 1U) != 0 ? octet : octet << 8U;
  }
  return static_cast<std::uint16_t>(sum + (sum >> 16U & 0xFFFFU));
}

void sha1_over(std::string_view text, std::string_view salt, Sha1Digest& digest) {
  ldns_sha1_ctx context;
  ldns_sha1_init(&context);
  const auto update = [&context](std::string_view part) {
    ldns_sha1_update(&context, reinterpret_cast<const unsigned char*>(part.data()),
                     static_cast<unsigned>(part.size()));
  };
  update(text);
  update(salt);
  ldns_sha1_final(digest.data(), &context);
}

}  // namespace

std::optional<Rrsig> parse_rrsig(std::string_view rdata) {
  Reader in(rdata);
  Rrsig rrsig;
  rrsig.covered = static_cast<RecordType>(in.u16());
  rrsig.algorithm = in.u8();
  rrsig.labels = in.u8();
  rrsig.original_ttl = in.u32();
  rrsig.expiration = in.u32();
  rrsig.inception = in.u32();
  rrsig.key_tag = in.u16();
  rrsig.signer = in.name();
  rrsig.signature = std::string(in.rest());
  return in.is_sound() && !rrsig.signature.empty() ? std::optional(std::move(rrsig)) : std::nullopt;
}

std::optional<DnsKey> parse_dnskey(std::string_view rdata) {
  Reader in(rdata);
  DnsKey key;
  key.flags = in.u16();
  key.protocol = in.u8();
  key.algorithm = in.u8();
  key.key = in.rest();
  key.tag = key_tag(rdata);
  return in.is_sound() && !key.key.empty() ? std::optional(key) : std::nullopt;
}

std::optional<Ds> parse_ds(std::string_view rdata) {
  Reader in(rdata);
  Ds ds;
  ds.key_tag = in.u16();
  ds.algorithm = in.u8();
  ds.digest_type = in.u8();
  ds.digest = in.rest();
  return in.is_sound() && !ds.digest.empty() ? std::optional(ds) : std::nullopt;
}

std::optional<TypeBitmap> TypeBitmap::read(std::string_view octets) {
  constexpr std::size_t window_octets_max = 32;
  Reader in(octets);
  int last_window = -1;
  while (!in.rest().empty()) {
    const int window = in.u8();
    const std::size_t length = in.u8();
    (void)in.octets(length);  // counted; a short one shows below
    if (!in.is_sound() || window <= last_window || length == 0 || length > window_octets_max) {
      return std::nullopt;
    }
    last_window = window;
  }
  TypeBitmap bitmap;
  bitmap.octets_ = octets;
  return bitmap;
}

bool TypeBitmap::has(RecordType type) const {
  const auto number = static_cast<unsigned>(type);
  Reader in(octets_);
  while (!in.rest().empty()) {
    const unsigned window = in.u8();
    const std::string_view bits = in.octets(in.u8());
    if (window == number >> 8U) {
      const std::size_t at = (number & 0xFFU) / 8;
      return at < bits.size() &&
             (static_cast<unsigned char>(bits[at]) & 0x80U >> (number & 7U)) != 0;
    }
  }
  return false;
}

std::optional<Nsec> parse_nsec(std::string_view rdata) {
  Reader in(rdata);
  Nsec nsec;
  nsec.next = in.name();
  const auto types = TypeBitmap::read(in.rest());
  if (!in.is_sound() || !types) {
    return std::nullopt;
  }
  nsec.types = *types;
  return nsec;
}

std::optional<Nsec3> parse_nsec3(std::string_view rdata) {
  Reader in(rdata);
  Nsec3 nsec3;
  nsec3.parameters.algorithm = in.u8();
  nsec3.flags = in.u8();
  nsec3.parameters.iterations = in.u16();
  nsec3.parameters.salt = std::string(in.octets(in.u8()));
  const std::string_view next = in.octets(in.u8());
  const auto types = TypeBitmap::read(in.rest());
  if (!in.is_sound() || !types || next.size() != sha1_octets ||
      nsec3.parameters.algorithm != Nsec3::algorithm_sha1 ||
      (nsec3.flags & ~Nsec3::opt_out_flag) != 0) {
    return std::nullopt;
  }
  std::ranges::copy(next, nsec3.next.begin());
  nsec3.types = *types;
  return nsec3;
}

std::optional<Sha1Digest> parse_hash_label(std::string_view label) {
  constexpr std::size_t label_octets = 32;
  if (label.size() != label_octets) {
    return std::nullopt;
  }
  Sha1Digest digest{};
  std::uint64_t bits = 0;
  unsigned held = 0;
  std::size_t at = 0;
  for (const char c : label) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'v')) {
      return std::nullopt;
    }
    bits = bits << 5U | static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
    held += 5;
    if (held >= 8) {
      held -= 8;
      digest[at++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  return digest;
}

Sha1Digest nsec3_hash(const WireName& name, const Nsec3Parameters& parameters) {
  Sha1Digest digest{};
  sha1_over(name.octets(), parameters.salt, digest);
  for (unsigned i = 0; i < parameters.iterations; ++i) {
    sha1_over({reinterpret_cast<const char*>(digest.data()), digest.size()}, parameters.salt,
              digest);
  }
  return digest;
}

}  // namespace postrider::dns
