#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::http {

// An https URL (RFC 9110 4.2.2) as a client needs it.
struct HttpsUrl {
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 443;
  std::string target;  // origin form: "/path?query", at least "/"; no fragment
  // For the Host field: with the port if it is not 443, with brackets around an IPv6 address.
  [[nodiscard]] std::string authority() const;
  friend bool operator==(const HttpsUrl&, const HttpsUrl&) = default;
};

// nullopt: no https URL, one with user information (RFC 9110 4.2.4), or octets outside RFC 3986's
// alphabet. Limit: 2048 octets.
[[nodiscard]] std::optional<HttpsUrl> parse_https_url(std::string_view text);

}  // namespace postrider::http
