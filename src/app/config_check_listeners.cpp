#include "config_check.hpp"
#include "config_report.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/core.h>
#include <set>

namespace postrider::app {

namespace {

std::string_view service_name(const ListenerConfig& listener) {
  switch (listener.protocol) {
    case Protocol::pop3:
      return "pop3";
    case Protocol::imap:
      return "imap";
    case Protocol::http:
      return "http";
    case Protocol::smtp:
      break;
  }
  return "submission";
}

class ListenerChecker : ConfigReport {
 public:
  using ConfigReport::ConfigReport;

  void check_listeners() {
    std::set<SocketAddress> seen;
    std::set<std::filesystem::path> sockets;
    if (config_.listeners.empty()) {
      warn(1, "there is no [[listener]]", "no mail can come in; add one");
    }
    for (const auto& listener : config_.listeners) {
      check_place(listener);
      if (listener.address.port != 0 && !seen.insert(listener.address).second) {
        report(listener.line, fmt::format("{} is listened on twice", listener.address.text()),
               "give each listener an address of its own");
      }
      if (!listener.socket.empty() && !sockets.insert(listener.socket).second) {
        report(listener.line, fmt::format("{} is listened on twice", listener.socket.string()),
               "give each listener a socket of its own");
      }
      if (listener.tls != ListenerTls::none && config_.tls.certificate.empty()) {
        report(listener.line,
               fmt::format("{} does TLS without a certificate", listener.address.text()),
               "set certificate and key in [tls], or tls = \"none\"");
      }
      check_login(listener);
      check_networks(listener);
      check_port(listener);
    }
  }

 private:
  void check_login(const ListenerConfig& listener) {
    if (listener.protocol == Protocol::http && listener.tls == ListenerTls::starttls) {
      report(listener.line, "there is no STARTTLS in http", "set tls = \"implicit\"");
    }
    if (listener.plain_auth && !listener.address.ip.is_loopback()) {
      report(listener.line, "plain_auth would send passwords in clear over the network",
             "use TLS, or listen on 127.0.0.1");
    }
    const bool has_logins =
        listener.protocol != Protocol::smtp || listener.door == Door::submission;
    if (has_logins && listener.tls == ListenerTls::none && !listener.plain_auth) {
      report(listener.line,
             fmt::format("{} without TLS: nobody could log in", service_name(listener)),
             "set tls, or plain_auth = true on a loopback address");
    }
  }

  void check_networks(const ListenerConfig& listener) {
    const bool asks_who = listener.is_door(Door::relay) || listener.is_door(Door::lmtp);
    if (!asks_who && !listener.allow.empty()) {
      report(listener.line, "allow is for service = \"relay\" and \"lmtp\"",
             "remove it, or change the service");
    }
    if (listener.protocol != Protocol::smtp && !listener.xclient_from.empty()) {
      report(listener.line, fmt::format("there is no XCLIENT in {}", service_name(listener)),
             "remove xclient_from; proxy_from does the same for proxies");
    }
    if (listener.is_door(Door::relay) && listener.allow.empty()) {
      warn(listener.line, "this relay listener lets nobody send", "name the networks in allow");
    }
    if (listener.is_door(Door::lmtp) && listener.allow.empty() && listener.socket.empty()) {
      warn(listener.line, "this lmtp listener lets nobody deliver",
           "name the networks in allow, or listen on a socket");
    }
    for (const auto& network : listener.allow) {
      if (network.text().ends_with("/0")) {
        report(listener.line, fmt::format("allow = \"{}\" makes an open relay", network.text()),
               "name the networks that are yours");
      }
    }
    for (const auto* networks : {&listener.proxy_from, &listener.xclient_from}) {
      for (const auto& network : *networks) {
        if (network.text().ends_with("/0")) {
          report(listener.line,
                 fmt::format("\"{}\" lets anybody say that they are somebody else", network.text()),
                 "name your proxies one by one");
        }
      }
    }
  }

  // Clients know by the port how TLS begins (RFC 8314 3); one that guesses wrong waits for ever.
  void check_port(const ListenerConfig& listener) {
    constexpr std::array<std::uint16_t, 3> implicit_ports{465, 993, 995};
    constexpr std::array<std::uint16_t, 5> plain_ports{24, 25, 110, 143, 587};
    const auto port = listener.address.port;
    const auto is_in = [port](const auto& ports) {
      return std::ranges::find(ports, port) != ports.end();
    };
    if (listener.tls != ListenerTls::implicit && is_in(implicit_ports)) {
      warn(listener.line, fmt::format("clients begin with TLS at port {}", port),
           "set tls = \"implicit\"");
    }
    if (listener.tls == ListenerTls::implicit && is_in(plain_ports)) {
      warn(listener.line, fmt::format("clients don't begin with TLS at port {}", port),
           "set tls = \"starttls\"");
    }
  }

  void check_place(const ListenerConfig& listener) {
    const bool has_address = listener.address != SocketAddress{};
    if (listener.socket.empty()) {
      if (!has_address) {
        report(listener.line, "listener.address is missing", "add address = ... (address:port)");
      }
      return;
    }
    if (!listener.is_door(Door::lmtp)) {
      report(listener.line, "socket is for service = \"lmtp\"", "set an address");
    }
    if (has_address) {
      report(listener.line, "a listener has an address or a socket", "remove one of them");
    }
    if (listener.tls != ListenerTls::none) {
      report(listener.line, "there is no TLS on a Unix socket", "set tls = \"none\"");
    }
  }
};

}  // namespace

void check_listeners(Config& config, std::vector<ConfigProblem>& problems) {
  ListenerChecker(config, problems).check_listeners();
}

}  // namespace postrider::app
