#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::dmarc {

// What the domain's owner asks for mail that fails (RFC 9989 4.7, p=).
enum class Policy : std::uint8_t { none, quarantine, reject };
[[nodiscard]] std::string_view name_of(Policy policy);

// psd=: is the domain one under which others register?
enum class PublicSuffix : std::uint8_t { unknown, yes, no };

// A DMARC policy record (RFC 9989 4.7). Tags that are unknown or malformed are left at their
// defaults; pct=, rf= and ri= of RFC 7489 6.3 are no more.
struct Record {
  // nullopt: p= is missing or malformed, or sp= or np= is malformed, and there is no rua= that
  // would make it p=none (RFC 9989 4.10.1): no policy can be taken from it.
  std::optional<Policy> policy;
  std::optional<Policy> subdomain_policy;    // sp=
  std::optional<Policy> nonexistent_policy;  // np=
  bool strict_dkim = false;                  // adkim=s
  bool strict_spf = false;                   // aspf=s
  PublicSuffix public_suffix = PublicSuffix::unknown;
  bool testing = false;                     // t=y: what is applied is one step milder
  std::vector<std::string> aggregate_uris;  // rua=, those that are URIs
  std::vector<std::string> failure_uris;    // ruf=
  std::string failure_options = "0";        // fo=
  friend bool operator==(const Record&, const Record&) = default;
};

// In: a TXT record, its strings joined. nullopt: it does not begin with v=DMARC1, and is none.
[[nodiscard]] std::optional<Record> parse_record(std::string_view text);

// "_dmarc.DOMAIN"
[[nodiscard]] std::string record_name(std::string_view domain);

}  // namespace postrider::dmarc
