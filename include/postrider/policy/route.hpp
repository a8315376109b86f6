#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/policy/domain_pattern.hpp>
#include <postrider/policy/tls_policy.hpp>

namespace postrider::policy {

struct NextHop {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 25;
  // "mx.example.org:2525", "192.0.2.1:25", "[2001:db8::1]:25"; the port may be left out. The host
  // is asked for its addresses, never for MX.
  [[nodiscard]] static std::optional<NextHop> parse(std::string_view text,
                                                    std::uint16_t default_port = 25);
  [[nodiscard]] std::string text() const;
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

enum class RouteProtocol : std::uint8_t { smtp, lmtp };

// Where mail for some domains goes instead of to their MX.
struct Route {
  DomainPattern domain;
  std::vector<NextHop> via;  // in order
  RouteProtocol protocol = RouteProtocol::smtp;
  std::optional<TlsPolicy> tls;  // else what the domain's policy says
  std::string username;          // empty: no AUTH
  std::string password;

  // Key of the site that it leads to.
  [[nodiscard]] std::string site() const;
};

// The first match wins; none means MX.
class RouteTable {
 public:
  explicit RouteTable(std::vector<Route> routes = {}) : routes_(std::move(routes)) {}
  // nullptr: by MX. Valid as long as the table.
  [[nodiscard]] const Route* find(std::string_view domain) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace postrider::policy
