#include <fmt/core.h>
#include <memory>
#include <utility>

#include <postrider/net/connection.hpp>
#include <postrider/net/http_client.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::net {

namespace {

constexpr std::size_t addresses_max = 4;  // tried of one host
constexpr unsigned interim_max = 8;       // 1xx answers before the one that counts
constexpr Duration goodbye = std::chrono::seconds(1);

using Answer = Result<http::Response, HttpFailure>;
using Connected = Result<std::unique_ptr<engine::Stream>, HttpFailure>;

std::unexpected<HttpFailure> failed(HttpFailureKind kind, std::string text) {
  return failure(HttpFailure{kind, std::move(text)});
}

std::unexpected<HttpFailure> failed(engine::IoError error, HttpFailureKind kind,
                                    std::string_view doing) {
  const bool is_late = error == engine::IoError::timed_out || error == engine::IoError::cancelled;
  return failed(is_late ? HttpFailureKind::timed_out : kind,
                fmt::format("{} {}", engine::describe(error), doing));
}

engine::Task<Connected> connect(HttpDoors doors, const http::HttpsUrl& url, engine::Until until) {
  const HostAddresses found =
      co_await find_addresses(doors.resolver, doors.reactor.random(), url.host, {}, until);
  if (found.addresses.empty()) {
    co_return failed(HttpFailureKind::dns,
                     fmt::format("{} has no usable address: {}", url.host,
                                 found.reason.empty() ? "none in DNS" : found.reason));
  }
  const std::size_t count = std::min(found.addresses.size(), addresses_max);
  std::string last;
  for (std::size_t i = 0; i < count; ++i) {
    const SocketAddress to{found.addresses[i], url.port};
    // Each address gets its share of what is left, so that a silent one does not use up all.
    const Duration share = (until.deadline - doors.reactor.now()) / (count - i);
    auto stream = co_await doors.reactor.connect({to, std::nullopt},
                                                 {doors.reactor.now() + share, until.cancel});
    if (stream) {
      co_return std::move(*stream);
    }
    last = fmt::format("connect to {}: {}", to.text(), engine::describe(stream.error()));
    if (stream.error() == engine::IoError::cancelled) {
      co_return failed(HttpFailureKind::timed_out, std::move(last));
    }
  }
  co_return failed(HttpFailureKind::connect, std::move(last));
}

HttpFailure tls_failure(const StartTlsFailure& from) {
  using Kind = TlsErrorKind;
  HttpFailureKind kind = HttpFailureKind::tls;
  if (from.io == engine::IoError::timed_out || from.io == engine::IoError::cancelled) {
    kind = HttpFailureKind::timed_out;
  } else if (from.kind == Kind::certificate_untrusted || from.kind == Kind::certificate_expired ||
             from.kind == Kind::certificate_name) {
    kind = HttpFailureKind::certificate;
  }
  return {kind, from.text};
}

engine::Task<Answer> read_answer(Connection& connection, const HttpOrder& order,
                                 engine::Until until) {
  unsigned interim = 0;
  http::ResponseParser parser(order.limits, order.method == "HEAD");
  std::string_view unread;
  for (;;) {
    if (unread.empty()) {
      const auto octets = co_await connection.receive(until);
      if (!octets && octets.error() == engine::IoError::end_of_stream) {
        parser.on_end_of_stream();
        if (parser.state() == http::ParseState::more) {
          co_return failed(HttpFailureKind::protocol, "the answer breaks off");
        }
      } else if (!octets) {
        co_return failed(octets.error(), HttpFailureKind::protocol, "while the answer came");
      } else {
        unread = *octets;
      }
    }
    unread.remove_prefix(parser.feed(unread));
    if (parser.state() == http::ParseState::failed) {
      const bool is_large = parser.error_status() == 413 || parser.error_status() == 431;
      co_return failed(is_large ? HttpFailureKind::too_large : HttpFailureKind::protocol,
                       std::string(parser.error_text()));
    }
    if (parser.state() == http::ParseState::complete) {
      http::Response response = parser.take();
      if (response.status >= 200) {
        co_return response;
      }
      if (++interim > interim_max || response.status == 101) {
        co_return failed(HttpFailureKind::protocol, "the answer is none of HTTP/1.1");
      }
    }
  }
}

}  // namespace

std::string_view describe(HttpFailureKind kind) {
  switch (kind) {
    case HttpFailureKind::dns:
      return "dns";
    case HttpFailureKind::connect:
      return "connect";
    case HttpFailureKind::certificate:
      return "certificate";
    case HttpFailureKind::tls:
      return "tls";
    case HttpFailureKind::protocol:
      return "protocol";
    case HttpFailureKind::too_large:
      return "too large";
    case HttpFailureKind::timed_out:
      return "timed out";
  }
  return "unknown";
}

engine::Task<Answer> https_exchange(HttpDoors doors, HttpOrder order, engine::Until until) {
  auto stream = co_await connect(doors, order.url, until);
  if (!stream) {
    co_return failure(std::move(stream.error()));
  }
  Connection connection(doors.reactor, std::move(*stream));
  const auto secured =
      co_await connection.start_tls(doors.tls, TlsRole::client, order.url.host, until);
  if (!secured) {
    connection.abort();
    co_return failure(tls_failure(secured.error()));
  }
  http::Request request;
  request.method = order.method;
  request.target = order.url.target;
  request.fields = std::move(order.fields);
  request.body = std::move(order.body);
  request.keep_alive = false;
  http::encode_request(request, order.url.authority(), connection.out());
  if (const auto sent = co_await connection.flush(until); !sent) {
    co_return failed(sent.error(), HttpFailureKind::protocol, "while the request was sent");
  }
  Answer answer = co_await read_answer(connection, order, until);
  if (answer) {
    co_await connection.close({doors.reactor.now() + goodbye, until.cancel});
  } else {
    connection.abort();
  }
  co_return answer;
}

}  // namespace postrider::net
