#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::smtp {

// A mailbox of RFC 5321 4.1.2 as a value: quotes and escapes are gone, a source route is ignored.
struct Path {
  std::string local_part;  // what the quotes hold, if it was quoted; empty for the null path
  std::string domain;  // lower case; "[192.0.2.1]", "[IPv6:2001:db8::1]"; empty: null or postmaster
  [[nodiscard]] bool is_null() const { return local_part.empty() && domain.empty(); }
  // RFC 6531: something in it is not ASCII.
  [[nodiscard]] bool needs_smtputf8() const;
  // "local@domain", the local part quoted where it must be; "" for the null path.
  [[nodiscard]] std::string address() const;
  friend bool operator==(const Path&, const Path&) = default;
};

enum class PathError : std::uint8_t {
  syntax,               // 501 5.1.3 (recipient) or 5.1.7 (sender)
  no_domain,            // 501 5.1.3 / 5.1.7: only <postmaster> may come without
  bad_literal,          // 501 5.1.3 / 5.1.7: neither IPv4 nor "IPv6:" and an address
  local_part_too_long,  // 501 5.1.3 / 5.1.7
  domain_too_long,      // 501 5.1.2 / 5.1.8
  path_too_long,        // 501 5.1.3 / 5.1.7
  not_utf8,             // 501 5.1.3 / 5.1.7
  null_not_allowed,     // 501 5.1.3: the null path is no recipient
};

enum class PathRole : std::uint8_t { sender, recipient };

// The path at the front of `text`, in angle brackets; what follows the ">" is left in `text`.
// Syntax: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3 (UTF-8 in both parts). Two liberties: an unquoted
// local part may have its dots anywhere ("a..b@", which phones in Japan have; address() quotes it),
// and labels of a domain may hold "_".
// Limits: local_part_octets_max, domain_octets_max, path_octets_max (without the source route).
[[nodiscard]] Result<Path, PathError> parse_path(std::string_view& text, PathRole role);

// "user@example.org" without brackets, as configuration and header rules have it.
[[nodiscard]] Result<Path, PathError> parse_address(std::string_view text);

// RFC 5321 2.3.5, ASCII or U-labels; no literal, no final dot.
[[nodiscard]] bool is_domain(std::string_view text);
// The argument of EHLO and HELO (RFC 5321 4.1.1.1): a domain or an address literal. Liberal, since
// clients give what their machine is called; never anything that would not be safe in Received.
[[nodiscard]] bool is_helo_name(std::string_view text);

}  // namespace postrider::smtp
