#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/engine/when_all.hpp>
#include <postrider/service/sandbox/dns_responder.hpp>

namespace postrider::sandbox {

namespace {

using engine::IoError;
using engine::IoResult;
using engine::Task;

// A client that is silent for so long has gone (RFC 7766 6.2.3).
constexpr Duration tcp_idle = std::chrono::seconds(10);
constexpr Duration send_patience = std::chrono::seconds(2);
constexpr Duration pause_after_error = std::chrono::milliseconds(10);
constexpr int port_draws_max = 20;
constexpr std::size_t prefix_octets = 2;

// nullopt: better say nothing.
std::optional<std::string> answer_octets(const DnsResponderSettings& settings,
                                         std::string_view octets, bool tcp) {
  const auto query = dns::parse_query(octets);
  if (!query) {
    return dns::encode_refusal(octets, query.error() == dns::MessageError::unsupported
                                           ? dns::ResponseCode::not_implemented
                                           : dns::ResponseCode::format_error);
  }
  const std::size_t udp_limit =
      query->edns ? std::min(query->edns->payload_octets, dns::edns_payload_octets)
                  : dns::udp_octets_min;
  const auto response =
      dns::encode_response(respond(settings, *query), tcp ? dns::message_octets_max : udp_limit);
  if (!response) {  // a text or a host in the settings that does not fit into a record
    return dns::encode_refusal(octets, dns::ResponseCode::server_failure);
  }
  return *response;
}

// The first whole message of `in`, or nullopt.
std::optional<std::string_view> framed_message(std::string_view in) {
  if (in.size() < prefix_octets) {
    return std::nullopt;
  }
  const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(in[0])) << 8U |
                             static_cast<unsigned char>(in[1]);
  return in.size() < prefix_octets + length ? std::nullopt
                                            : std::optional(in.substr(prefix_octets, length));
}

}  // namespace

IoResult<std::unique_ptr<DnsResponder>> DnsResponder::listen(engine::Reactor& reactor,
                                                             SocketAddress address,
                                                             DnsResponderSettings settings) {
  IoError last = IoError::address_in_use;
  const int draws = address.port == 0 ? port_draws_max : 1;
  for (int i = 0; i < draws; ++i) {
    auto listener = reactor.listen({.address = address, .reuse_port = false});
    if (!listener) {
      return failure(listener.error());
    }
    auto socket = reactor.open_datagram({.bind = (*listener)->local(), .peer = std::nullopt});
    if (socket) {
      return std::unique_ptr<DnsResponder>(
          new DnsResponder(reactor, std::move(*socket), std::move(*listener), std::move(settings)));
    }
    last = socket.error();
    if (last != IoError::address_in_use) {
      break;
    }
  }
  return failure(last);
}

DnsResponder::DnsResponder(engine::Reactor& reactor, std::unique_ptr<engine::DatagramSocket> socket,
                           std::unique_ptr<engine::Listener> listener,
                           DnsResponderSettings settings)
    : reactor_(reactor),
      socket_(std::move(socket)),
      listener_(std::move(listener)),
      settings_(std::move(settings)),
      gate_(reactor) {}

Task<void> DnsResponder::serve() {
  const engine::Gate::Pass pass = gate_.enter();
  if (!pass) {
    co_return;
  }
  co_await engine::when_all(serve_udp(), serve_tcp());
}

Task<void> DnsResponder::serve_udp() {
  while (!gate_.is_closed()) {
    const auto datagram = co_await socket_->receive({mono_never, gate_.closing()});
    if (!datagram) {
      // An error that some earlier peer caused: not a reason to stop.
      (void)co_await reactor_.sleep({reactor_.now() + pause_after_error, gate_.closing()});
      continue;
    }
    if (const auto answer = answer_octets(settings_, datagram->octets, false)) {
      // Who does not get it asks again.
      (void)co_await socket_->send(datagram->peer, *answer,
                                   {reactor_.now() + send_patience, gate_.closing()});
    }
  }
}

Task<void> DnsResponder::serve_tcp() {
  while (!gate_.is_closed()) {
    auto stream = co_await listener_->accept({mono_never, gate_.closing()});
    if (!stream) {
      (void)co_await reactor_.sleep({reactor_.now() + pause_after_error, gate_.closing()});
      continue;
    }
    // The Pass of serve() is one more.
    if (engine::Gate::Pass pass = gate_.enter(); pass && gate_.inside() <= conversations_max + 1) {
      reactor_.spawn(converse(std::move(*stream), std::move(pass)));
    }
  }
}

Task<void> DnsResponder::converse(std::unique_ptr<engine::Stream> stream,
                                  engine::Gate::Pass /*pass*/) {
  std::string in;
  while (true) {
    while (const auto message = framed_message(in)) {
      const auto answer = answer_octets(settings_, *message, true);
      in.erase(0, prefix_octets + message->size());
      if (!answer) {
        co_return;
      }
      std::string out{static_cast<char>(answer->size() >> 8), static_cast<char>(answer->size())};
      out += *answer;
      const auto sent =
          co_await stream->send(out, {reactor_.now() + send_patience, gate_.closing()});
      if (!sent) {
        co_return;
      }
    }
    const auto octets = co_await stream->receive({reactor_.now() + tcp_idle, gate_.closing()});
    if (!octets) {
      co_return;
    }
    in += *octets;
  }
}

}  // namespace postrider::sandbox
