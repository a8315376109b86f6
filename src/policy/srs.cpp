#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/policy/srs.hpp>

namespace postrider::policy {

namespace {

constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t hash_digits = 8;
constexpr std::uint32_t days_modulus = 1024;

std::uint32_t day_of(WallTime now) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(now.time_since_epoch()).count();
  return static_cast<std::uint32_t>(days % days_modulus);
}

std::string encode_day(std::uint32_t day) {
  return {digits[day >> 5U], digits[day & 31U]};
}

std::optional<std::uint32_t> decode_day(std::string_view text) {
  if (text.size() != 2) {
    return std::nullopt;
  }
  const std::size_t high = digits.find(ascii_lower(text[0]));
  const std::size_t low = digits.find(ascii_lower(text[1]));
  if (high == digits.npos || low == digits.npos) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(high << 5U | low);
}

bool has_tag(std::string_view local, std::string_view tag) {
  return local.size() > tag.size() && starts_with_ignoring_case(local, tag) &&
         (local[tag.size()] == '=' || local[tag.size()] == '+' || local[tag.size()] == '-');
}

// What stands before the next "="; nullopt: there is none.
std::optional<std::string_view> take(std::string_view& text) {
  const std::size_t at = text.find('=');
  if (at == text.npos) {
    return std::nullopt;
  }
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(at + 1);
  return out;
}

std::string joined(std::string local, std::string domain) {
  return smtp::Path{std::move(local), std::move(domain)}.address();
}

}  // namespace

Srs::Srs(std::string_view secret)
    : key_(hmac_sha256(secret, "postrider sender rewriting").view()) {}

std::string Srs::hash_of(std::string_view text) const {
  const Sha256Digest code = hmac_sha256(key_, to_lower(text));
  std::string out;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < hash_digits * 5 / 8; ++i) {
    bits = bits << 8U | static_cast<std::uint8_t>(code.octets[i]);
  }
  for (std::size_t i = hash_digits; i-- > 0;) {
    out += digits[bits >> (5 * i) & 31U];
  }
  return out;
}

std::string Srs::forward(std::string_view sender, std::string_view forwarder, WallTime now) const {
  const std::string_view domain = forwarder.substr(forwarder.rfind('@') + 1);
  const auto path = smtp::parse_address(sender);
  if (sender.empty() || !path || equals_ignoring_case(path->domain, domain)) {
    return std::string(sender);
  }
  const std::string_view local = path->local_part;
  std::string_view inner = local.substr(std::min<std::size_t>(local.size(), 5));
  std::string tag = "SRS0=";
  std::string rest = encode_day(day_of(now)) + "=" + path->domain + "=" + path->local_part;
  if (has_tag(local, "SRS0")) {
    tag = "SRS1=";
    rest = path->domain + "=" + std::string(local.substr(4));
  } else if (has_tag(local, "SRS1") && take(inner) && inner.find('=') != inner.npos) {
    // Where it began is known already: hosts on the way are left out.
    tag = "SRS1=";
    rest = inner;
  }
  std::string rewritten = tag + hash_of(rest) + "=" + rest;
  return rewritten.size() > smtp::local_part_octets_max
             ? std::string(forwarder)
             : joined(std::move(rewritten), std::string(domain));
}

Result<std::string, SrsError> Srs::reverse(std::string_view address, WallTime now) const {
  if (!starts_with_ignoring_case(address, "SRS") && !address.starts_with('"')) {
    return failure(SrsError::not_srs);  // nearly all addresses: they need not be parsed
  }
  const auto path = smtp::parse_address(address);
  if (!path) {
    return failure(SrsError::not_srs);
  }
  std::string_view rest = path->local_part;
  const bool is_first = has_tag(rest, "SRS0");
  if (!is_first && !has_tag(rest, "SRS1")) {
    return failure(SrsError::not_srs);
  }
  rest.remove_prefix(5);
  const auto hash = take(rest);
  if (!hash || !constant_time_equal(to_lower(*hash), hash_of(rest))) {
    return failure(SrsError::forged);
  }
  if (!is_first) {
    const auto host = take(rest);
    if (!host || rest.empty()) {
      return failure(SrsError::forged);
    }
    return joined("SRS0" + std::string(rest), std::string(*host));
  }
  const auto stamp = take(rest);
  const auto day = stamp ? decode_day(*stamp) : std::nullopt;
  const auto domain = take(rest);
  if (!day || !domain || rest.empty()) {
    return failure(SrsError::forged);
  }
  const std::uint32_t age = (day_of(now) + days_modulus - *day) % days_modulus;
  // A day ahead is a clock that was set back.
  if (age > srs_lifetime_days && age != days_modulus - 1) {
    return failure(SrsError::expired);
  }
  return joined(std::string(rest), std::string(*domain));
}

}  // namespace postrider::policy
