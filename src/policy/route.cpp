#include <algorithm>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/route.hpp>

namespace postrider::policy {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value || *value == 0 || *value > 65'535) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*value);
}

}  // namespace

std::optional<NextHop> NextHop::parse(std::string_view text, std::uint16_t default_port) {
  NextHop hop;
  hop.port = default_port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    hop.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!IpAddress::parse(hop.host)) {
      return std::nullopt;
    }
  } else if (IpAddress::parse(text)) {
    hop.host = text;
    return hop;
  } else {
    const std::size_t colon = text.find(':');
    hop.host = to_lower(text.substr(0, colon));
    text.remove_prefix(std::min(colon, text.size()));
  }
  if (hop.host.empty()) {
    return std::nullopt;
  }
  if (text.empty()) {
    return hop;
  }
  const auto port = text.starts_with(':') ? parse_port(text.substr(1)) : std::nullopt;
  if (!port) {
    return std::nullopt;
  }
  hop.port = *port;
  return hop;
}

std::string NextHop::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Route::site() const {
  std::string out = protocol == RouteProtocol::lmtp ? "lmtp" : "via";
  for (const NextHop& hop : via) {
    out += ' ';
    out += hop.text();
  }
  if (!username.empty()) {
    out += " as " + username;
  }
  return out;
}

const Route* RouteTable::find(std::string_view domain) const {
  const auto route = std::ranges::find_if(
      routes_, [domain](const Route& candidate) { return candidate.domain.matches(domain); });
  return route == routes_.end() ? nullptr : &*route;
}

}  // namespace postrider::policy
