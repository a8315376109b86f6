#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>

namespace postrider::dkim {

// What a domain publishes at SELECTOR._domainkey.DOMAIN (RFC 6376 3.6.1, RFC 8463 4).
struct KeyRecord {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;  // k=
  std::string public_key;                      // p=, decoded; empty: revoked
  bool testing = false;                        // t=y
  bool strict_identity = false;                // t=s: i= must be d= itself
  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

enum class KeyRecordError : std::uint8_t {
  malformed,            // no tag-list, v= not DKIM1 or not first, no p=, p= not base64
  unsupported_key,      // k= unknown
  unsupported_hash,     // h= without sha256
  unsupported_service,  // s= without email or *
};

// In: the strings of the TXT record, joined.
[[nodiscard]] Result<KeyRecord, KeyRecordError> parse_key_record(std::string_view text);

// "v=DKIM1; k=rsa; p=...". `public_key` as SigningKey::encode_public gives it.
[[nodiscard]] std::string encode_key_record(KeyAlgorithm algorithm, std::string_view public_key);
// "SELECTOR._domainkey.DOMAIN"
[[nodiscard]] std::string key_record_name(std::string_view selector, std::string_view domain);
// The strings of a TXT record: at most 255 octets each, in order.
[[nodiscard]] std::vector<std::string> split_txt(std::string_view text);
// The record as a line of a zone file (RFC 1035 5.1): name, IN TXT, the strings in quotes.
[[nodiscard]] std::string encode_zone_line(std::string_view name, std::string_view text);

}  // namespace postrider::dkim
