#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/mime/header_edit.hpp>

namespace postrider::mime {

// RFC 8601 2.2.
struct AuthenticationProperty {
  std::string type;   // "smtp", "header", "body", "policy"
  std::string name;   // "mailfrom", "d"
  std::string value;  // without quotes
  friend bool operator==(const AuthenticationProperty&, const AuthenticationProperty&) = default;
};
struct AuthenticationResult {
  std::string method;   // "spf", lower case
  std::string result;   // "pass", lower case
  std::string comment;  // for people; written, not read
  std::string reason;
  std::vector<AuthenticationProperty> properties;
  friend bool operator==(const AuthenticationResult&, const AuthenticationResult&) = default;
};
struct AuthenticationResults {
  std::string authserv_id;
  unsigned version = 1;
  std::vector<AuthenticationResult> results;  // empty: "none"
  friend bool operator==(const AuthenticationResults&, const AuthenticationResults&) = default;
};

// Of one field that are read or written.
inline constexpr std::size_t max_authentication_results = 200;
inline constexpr std::size_t max_authentication_properties = 50;  // of one result

// In: the value of an Authentication-Results field, folded or not. nullopt: malformed (RFC
// 8601 2.2), past a limit, or of another version.
[[nodiscard]] std::optional<AuthenticationResults> parse_authentication_results(
    std::string_view value);

// The value, folded before each result: "mx.example.org;\r\n\tspf=pass smtp.mailfrom=...". No text
// can break out of its place: what is not an atom is quoted, control characters become "?".
[[nodiscard]] std::string encode_authentication_results(const AuthenticationResults& results);

// Does the field claim to be by `authserv_id`? True also where its identifier can't be read, since
// others may read it otherwise (RFC 8601 5).
[[nodiscard]] bool claims_authserv_id(std::string_view value, std::string_view authserv_id);
// Removes the fields that claim to be ours, which nobody but us may add; how many there were.
std::size_t remove_claimed_results(HeaderEdit& edit, const HeaderSection& section,
                                   std::string_view authserv_id);

}  // namespace postrider::mime
