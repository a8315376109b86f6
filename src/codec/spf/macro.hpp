#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>

namespace postrider::spf {

// A piece of a macro-string (RFC 7208 7.1): text, or a letter with its transformers.
struct MacroPart {
  std::string literal;
  char letter = '\0';  // lower case; NUL: a literal
  bool url_escape = false;
  std::uint32_t keep = 0;  // how many right-hand labels; 0: all
  bool reverse = false;
  std::string delimiters;
};

struct MacroString {
  std::vector<MacroPart> parts;
  // %{p}, which needs the validated names of the client.
  [[nodiscard]] bool needs_validated_name() const;
};

enum class MacroPlace : std::uint8_t {
  term,         // c, r and t may not be used (RFC 7208 7.2)
  explanation,  // blanks may stand in it (RFC 7208 6.2)
};
[[nodiscard]] std::optional<MacroString> parse_macro_string(std::string_view text,
                                                            MacroPlace place);
// domain-spec: it ends in a macro or in a top label that is no number (RFC 7208 7.1).
[[nodiscard]] std::optional<MacroString> parse_domain_spec(std::string_view text);

// What the letters stand for (RFC 7208 7.2).
struct MacroValues {
  std::string sender;          // s: local-part@domain
  std::string local_part;      // l
  std::string sender_domain;   // o
  std::string domain;          // d
  std::string validated_name;  // p
  std::string helo;            // h
  std::string receiver;        // r
  IpAddress ip;                // i, v, c
  std::uint64_t now = 0;       // t
};
[[nodiscard]] std::string expand(const MacroString& macro, const MacroValues& values);
// As a name to ask: no final dot, cut from the left to 253 octets (RFC 7208 7.3).
[[nodiscard]] std::string expand_domain(const MacroString& macro, const MacroValues& values);

// "1.2.0.192.in-addr.arpa"
[[nodiscard]] std::string reverse_name(const IpAddress& ip);

}  // namespace postrider::spf
