#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>

namespace postrider::smtp {

// What a trusted proxy says of the client that it speaks for (Postfix's XCLIENT_README). Absent: it
// stays as it is. LOGIN is not taken: who logs in does it here.
struct Xclient {
  std::optional<std::string> name;    // forward-confirmed; empty: there is none, or not now
  std::optional<IpAddress> address;   // ADDR
  bool is_address_unknown = false;    // ADDR=[UNAVAILABLE]: not over a network, or not known
  std::optional<std::uint16_t> port;  // PORT; 0: not known
  std::optional<std::string> helo;    // what it said; empty: nothing
  std::optional<bool> extended;       // PROTO: ESMTP, or SMTP
  friend bool operator==(const Xclient&, const Xclient&) = default;
};

inline constexpr std::string_view xclient_attributes =
    "NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";

// The argument of the command: "ADDR=192.0.2.1 NAME=[UNAVAILABLE]", values in xtext. nullopt: a
// syntax error, an attribute that is not offered or comes twice, or a value that is none.
[[nodiscard]] std::optional<Xclient> parse_xclient(std::string_view argument);

}  // namespace postrider::smtp
