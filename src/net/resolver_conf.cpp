#include <postrider/base/text.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t servers_max = 3;  // MAXNS of resolv.conf(5): the C library asks no more

// The first word behind "nameserver" on its line, if that is what the line says.
std::string_view nameserver_of(std::string_view line) {
  constexpr std::string_view keyword = "nameserver";
  if (!line.starts_with(keyword) || line.size() == keyword.size() ||
      !is_wsp(line[keyword.size()])) {
    return {};
  }
  line = trim_wsp(line.substr(keyword.size()));
  return line.substr(0, line.find_first_of(" \t\r#;"));
}

}  // namespace

std::vector<SocketAddress> parse_resolv_conf(std::string_view text) {
  std::vector<SocketAddress> servers;
  for (const std::string_view line : split(text, '\n')) {
    const auto address = IpAddress::parse(nameserver_of(line));
    if (address && servers.size() < servers_max) {
      servers.push_back({*address, dns_port});
    }
  }
  if (servers.empty()) {
    servers.push_back({IpAddress::loopback(), dns_port});
  }
  return servers;
}

}  // namespace postrider::net
