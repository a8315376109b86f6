#include "dns_exchange.hpp"

#include <optional>
#include <utility>

namespace postrider::net {

namespace {

using ResponseResult = Result<dns::Response, ExchangeError>;

// As many datagrams that don't fit may come for one query before it is moved to TCP, which can't
// be forged from aside. A resolver's own late duplicates are one or two.
constexpr unsigned strays_max = 8;
constexpr std::size_t tcp_prefix_octets = 2;

std::unexpected<ExchangeError> failed(ExchangeFailure kind, std::string_view what,
                                      const SocketAddress& server) {
  return failure(ExchangeError{.kind = kind, .reason = std::string(what) + " " + server.text()});
}

std::unexpected<ExchangeError> failed(engine::IoError error, const SocketAddress& server) {
  switch (error) {
    case engine::IoError::timed_out:
      return failed(ExchangeFailure::silent, "no answer from", server);
    case engine::IoError::refused:
    case engine::IoError::unreachable:
      return failed(ExchangeFailure::unreachable, "nobody answers at", server);
    case engine::IoError::cancelled:
      return failed(ExchangeFailure::cancelled, "cancelled while asking", server);
    case engine::IoError::end_of_stream:
    case engine::IoError::reset:
      return failed(ExchangeFailure::unusable, "connection closed by", server);
    default:
      return failed(ExchangeFailure::unusable,
                    std::string(engine::describe(error)) + " while asking", server);
  }
}

dns::Query make_query(engine::Reactor& reactor, const dns::Question& question,
                      const ExchangeOptions& options) {
  dns::Query query{.id = static_cast<std::uint16_t>(reactor.random().below(0x10000)),
                   .question = question,
                   .checking_disabled = options.checking_disabled,
                   .authenticated_data = options.authenticated_data};
  if (options.edns) {
    query.edns = dns::Edns{.dnssec_ok = options.dnssec_ok};
  }
  return query;
}

// A response, or nothing: TCP is to be asked.
using UdpResult = Result<std::optional<dns::Response>, ExchangeError>;

engine::Task<UdpResult> ask_udp(engine::Reactor& reactor, const dns::Question& question,
                                const ExchangeOptions& options, ExchangeCounters& counters) {
  const dns::Query query = make_query(reactor, question, options);
  const auto octets = dns::encode_query(query);
  if (!octets) {
    co_return failed(ExchangeFailure::unusable, "no question for", options.server);
  }
  const bool v4 = options.server.ip.family() == IpFamily::v4;
  const auto socket = reactor.open_datagram(
      {.bind = {v4 ? IpAddress::v4({}) : IpAddress::v6({}), 0}, .peer = options.server});
  if (!socket) {
    co_return failed(socket.error(), options.server);
  }
  const engine::Until until{reactor.now() + options.timeout, options.cancel};
  ++counters.queries;
  if (const auto sent = co_await (*socket)->send(options.server, *octets, until); !sent) {
    co_return failed(sent.error(), options.server);
  }
  for (unsigned strays = 0; strays < strays_max; ++strays) {
    const auto datagram = co_await (*socket)->receive(until);
    if (!datagram) {
      co_return failed(datagram.error(), options.server);
    }
    auto response = dns::parse_response(datagram->octets, query);
    if (response) {
      co_return response->truncated ? std::nullopt : std::optional(std::move(*response));
    }
    // A forger who has guessed right must not be able to spoil the answer: TCP decides.
    if (response.error() != dns::MessageError::not_ours) {
      break;
    }
    ++counters.strays;
  }
  co_return std::nullopt;
}

std::string with_length(const std::string& octets) {
  std::string out;
  out += static_cast<char>(octets.size() >> 8);
  out += static_cast<char>(octets.size());
  return out + octets;
}

// The message behind its length (RFC 1035 4.2.2). What stands behind it is not ours.
engine::Task<engine::IoResult<std::string>> receive_message(engine::Stream& stream,
                                                            engine::Until until) {
  std::string in;
  std::size_t wanted = tcp_prefix_octets;
  while (in.size() < wanted) {
    const auto octets = co_await stream.receive(until);
    if (!octets) {
      co_return failure(octets.error());
    }
    in += *octets;
    if (in.size() >= tcp_prefix_octets) {
      wanted = tcp_prefix_octets + (static_cast<unsigned char>(in[0]) << 8U) +
               static_cast<unsigned char>(in[1]);
    }
  }
  co_return in.substr(tcp_prefix_octets, wanted - tcp_prefix_octets);
}

engine::Task<ResponseResult> ask_tcp(engine::Reactor& reactor, const dns::Question& question,
                                     const ExchangeOptions& options, ExchangeCounters& counters) {
  const dns::Query query = make_query(reactor, question, options);
  const auto octets = dns::encode_query(query);
  if (!octets) {
    co_return failed(ExchangeFailure::unusable, "no question for", options.server);
  }
  const engine::Until until{reactor.now() + options.timeout, options.cancel};
  ++counters.queries;
  ++counters.tcp;
  const auto stream =
      co_await reactor.connect({.to = options.server, .source = std::nullopt}, until);
  if (!stream) {
    co_return failed(stream.error(), options.server);
  }
  const std::string framed = with_length(*octets);
  if (const auto sent = co_await (*stream)->send(framed, until); !sent) {
    co_return failed(sent.error(), options.server);
  }
  const auto message = co_await receive_message(**stream, until);
  if (!message) {
    co_return failed(message.error(), options.server);
  }
  auto response = dns::parse_response(*message, query);
  if (!response) {
    co_return failed(ExchangeFailure::unusable,
                     std::string(dns::describe(response.error())) + " from", options.server);
  }
  if (response->truncated) {
    co_return failed(ExchangeFailure::unusable, "truncated answer over TCP from", options.server);
  }
  co_return std::move(*response);
}

}  // namespace

engine::Task<ResponseResult> exchange(engine::Reactor& reactor, dns::Question question,
                                      ExchangeOptions options, ExchangeCounters& counters) {
  auto response = co_await ask_udp(reactor, question, options, counters);
  if (!response) {
    co_return failure(std::move(response.error()));
  }
  if (*response) {
    co_return std::move(**response);
  }
  auto whole = co_await ask_tcp(reactor, question, options, counters);
  // It has answered over UDP: it is neither silent nor out of reach.
  if (!whole && whole.error().kind != ExchangeFailure::cancelled) {
    whole.error().kind = ExchangeFailure::unusable;
  }
  co_return whole;
}

}  // namespace postrider::net
