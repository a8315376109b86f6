#pragma once

#include "codec/dns/signature.hpp"

#include <array>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <openssl/evp.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/codec/dns/dnssec_limits.hpp>
#include <postrider/codec/dns/validator.hpp>

// Zones that a test signs itself, right or wrong, and a validator that walks in them.
namespace postrider::dns {

inline constexpr std::int64_t now_s = 1'800'000'000;
inline constexpr std::uint8_t ed25519 = 15;

inline std::string octets16(std::uint32_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value)};
}
inline WireName name_of(std::string_view text) {
  return WireName::from_text(text).value();
}

// An Ed25519 key, by its number: always the same.
class TestKey {
 public:
  explicit TestKey(unsigned number) {
    std::array<unsigned char, 32> seed{};
    seed[0] = static_cast<unsigned char>(number);
    seed[1] = static_cast<unsigned char>(number >> 8U);
    key_ = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size());
    std::array<unsigned char, 32> open{};
    std::size_t size = open.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(key_, open.data(), &size), 1);
    open_.assign(open.begin(), open.end());
  }
  TestKey(const TestKey&) = delete;
  TestKey& operator=(const TestKey&) = delete;
  ~TestKey() { EVP_PKEY_free(key_); }

  [[nodiscard]] std::string rdata(std::uint16_t flags = 257) const {
    return octets16(flags) + "\3" + static_cast<char>(ed25519) + open_;
  }
  [[nodiscard]] std::uint16_t tag(std::uint16_t flags = 257) const {
    return parse_dnskey(rdata(flags))->tag;
  }
  // As many other keys with the same tag: the tag is a sum of 16-bit words, whatever their order.
  [[nodiscard]] std::vector<std::string> twins(std::size_t count) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
      std::string twin = rdata();
      const std::size_t from = 4 + 2 * (i % 15);
      const std::size_t to = 4 + 2 * (15 - i / 15 % 8);
      std::swap(twin[from], twin[to]);
      std::swap(twin[from + 1], twin[to + 1]);
      out.push_back(std::move(twin));
    }
    return out;
  }
  [[nodiscard]] std::string ds(const WireName& owner) const { return ds_of(owner, rdata(), tag()); }
  static std::string ds_of(const WireName& owner, const std::string& key, std::uint16_t tag) {
    const std::string octets = owner.octets() + key;
    std::array<unsigned char, 32> digest{};
    EXPECT_EQ(
        EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
    return octets16(tag) + static_cast<char>(ed25519) + "\2" +
           std::string(digest.begin(), digest.end());
  }
  [[nodiscard]] std::string sign(const std::string& octets) const {
    std::array<unsigned char, 64> signature{};
    std::size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EXPECT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_), 1);
    EXPECT_EQ(EVP_DigestSign(context, signature.data(), &size,
                             reinterpret_cast<const unsigned char*>(octets.data()), octets.size()),
              1);
    EVP_MD_CTX_free(context);
    return {signature.begin(), signature.end()};
  }

 private:
  EVP_PKEY* key_ = nullptr;
  std::string open_;
};

inline RrSet set_of(std::string_view owner, RecordType type, std::vector<std::string> rdatas,
                    std::uint32_t ttl_s = 300) {
  return {.owner = name_of(owner), .type = type, .ttl = ttl_s, .rdatas = std::move(rdatas)};
}
inline const std::string address{"\x7F\0\0\1", 4};

// A bit map of types below 256.
inline std::string bitmap(const std::vector<RecordType>& types) {
  std::array<unsigned char, 32> bits{};
  std::size_t used = 0;
  for (const RecordType type : types) {
    const auto number = static_cast<unsigned>(type);
    bits[number / 8] = static_cast<unsigned char>(bits[number / 8] | 0x80U >> number % 8);
    used = std::max<std::size_t>(used, number / 8 + 1);
  }
  return used == 0 ? std::string()
                   : std::string("\0", 1) + static_cast<char>(used) +
                         std::string(bits.begin(), bits.begin() + static_cast<long>(used));
}
inline RrSet nsec_set(std::string_view owner, std::string_view next,
                      const std::vector<RecordType>& types) {
  return set_of(owner, RecordType::nsec, {name_of(next).octets() + bitmap(types)});
}

inline Rrsig blank_signature(const RrSet& set, std::string_view signer, std::uint16_t tag) {
  return {.covered = set.type,
          .algorithm = ed25519,
          .labels = static_cast<std::uint8_t>(set.owner.signed_labels()),
          .original_ttl = 300,
          .expiration = static_cast<std::uint32_t>(now_s + 86'400),
          .inception = static_cast<std::uint32_t>(now_s - 86'400),
          .key_tag = tag,
          .signer = name_of(signer),
          .signature = std::string(64, 'x')};
}

struct TestZone {
  TestZone(std::string zone_name, unsigned key_number)
      : name(std::move(zone_name)), key(std::make_unique<TestKey>(key_number)) {}

  // `change` makes the signature another before it is made.
  template <class Change>
  RrSet sign(RrSet set, Change change) const {
    Rrsig rrsig = blank_signature(set, name, key->tag());
    change(rrsig);
    rrsig.signature = key->sign(signed_octets(set, rrsig));
    set.signatures.push_back(std::move(rrsig));
    return set;
  }
  [[nodiscard]] RrSet sign(RrSet set) const {
    return sign(std::move(set), [](Rrsig&) {});
  }
  [[nodiscard]] RrSet keys() const {
    return sign(set_of(name, RecordType::dnskey, {key->rdata()}));
  }
  [[nodiscard]] RrSet ds_in(const TestZone& parent) const {
    return parent.sign(set_of(name, RecordType::ds, {key->ds(name_of(name))}));
  }
  std::string name;
  std::unique_ptr<TestKey> key;
};

// The root, "test" and "a.test" are there; a test puts in what it is about.
struct SignedWorld {
  SignedWorld() {
    put("", RecordType::dnskey, {root.keys()});
    put("test", RecordType::ds, {test.ds_in(root)});
    put("test", RecordType::dnskey, {test.keys()});
    put("a.test", RecordType::ds, {zone.ds_in(test)});
    put("a.test", RecordType::dnskey, {zone.keys()});
    anchors = TrustAnchors::parse(anchor_text()).value();
  }
  [[nodiscard]] std::string anchor_text() const {
    static constexpr std::string_view digits = "0123456789abcdef";
    const std::string ds = root.key->ds(WireName());
    std::string text = ". IN DS " + std::to_string(root.key->tag()) + " 15 2 ";
    for (const char c : ds.substr(4)) {
      text += digits[static_cast<unsigned char>(c) >> 4U];
      text += digits[static_cast<unsigned char>(c) & 15U];
    }
    return text + "\n";
  }
  void put(const std::string& name, RecordType type, std::vector<RrSet> answers,
           std::vector<RrSet> authorities = {}, bool no_such_name = false) {
    known[{name, type}] = {.no_such_name = no_such_name,
                           .answers = std::move(answers),
                           .authorities = std::move(authorities)};
  }
  // Runs to the end; each step is seen to keep to its share of work.
  Verdict run(Evidence evidence, std::vector<Claim> claims) {
    Validator validator(anchors, cache, now_s);
    validator.begin(std::move(evidence), std::move(claims));
    Validator::Effort before;
    for (auto step = validator.advance(); step.kind != Validator::Step::Kind::done;
         step = validator.advance()) {
      effort = validator.effort();
      EXPECT_LE(effort.signature_checks, before.signature_checks + 1);
      EXPECT_LE(effort.nsec3_hashes, before.nsec3_hashes + dnssec_limits::nsec3_hashes_per_step);
      EXPECT_LE(effort.steps, dnssec_limits::steps);
      before = effort;
      if (step.kind == Validator::Step::Kind::need) {
        asked.push_back(step.need);
        const auto found = known.find({step.need.name, step.need.type});
        if (found == known.end()) {
          validator.on_failure(step.need, "not in this world");
        } else {
          validator.on_evidence(step.need, found->second);
        }
      }
    }
    effort = validator.effort();
    return validator.verdict();
  }
  // An answer with this set alone.
  Verdict judge(RrSet set, std::vector<RrSet> authorities = {}) {
    const Claim claim{Claim::Kind::exists, set.owner.text(), set.type};
    return run({.answers = {std::move(set)}, .authorities = std::move(authorities)}, {claim});
  }
  Verdict deny(Claim::Kind kind, const std::string& name, RecordType type,
               std::vector<RrSet> authorities) {
    return run({.no_such_name = kind == Claim::Kind::no_such_name,
                .answers = {},
                .authorities = std::move(authorities)},
               {{kind, name, type}});
  }

  TestZone root{"", 1};
  TestZone test{"test", 2};
  TestZone zone{"a.test", 3};
  std::map<std::pair<std::string, RecordType>, Evidence> known;
  TrustAnchors anchors;
  TrustCache cache;
  std::vector<Question> asked;
  Validator::Effort effort;
};

}  // namespace postrider::dns
