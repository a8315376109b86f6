#pragma once

#include <cstdint>
#include <string>

#include <postrider/base/result.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/codec/http/parser.hpp>
#include <postrider/codec/http/url.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::net {

enum class HttpFailureKind : std::uint8_t {
  dns,          // the host has no address, or nobody knows it now
  connect,      // none of its addresses answers
  certificate,  // it is not who the URL says
  tls,          // another failure of the handshake
  protocol,     // what came back is no HTTP, or breaks off
  too_large,    // the answer is longer than the limits allow
  timed_out,
};
[[nodiscard]] std::string_view describe(HttpFailureKind kind);

struct HttpFailure {
  HttpFailureKind kind = HttpFailureKind::protocol;
  std::string text;  // for people, without a full stop
};

// What an exchange uses; all of it outlives the Task.
struct HttpDoors {
  engine::Reactor& reactor;
  Resolver& resolver;
  const TlsContext& tls;  // a client's with TlsVerify::require
};

struct HttpOrder {
  http::HttpsUrl url;
  std::string method = "GET";
  std::vector<http::Field> fields;  // beside Host, Content-Length and Connection
  std::string body;
  http::ParserLimits limits;  // of the answer
};

// One request over a connection of its own: resolves the host, tries its addresses in order, full
// TLS checks, HTTP/1.1. Any status is an answer, 3xx too: redirects are not followed. Interim
// answers (1xx) are skipped.
[[nodiscard]] engine::Task<Result<http::Response, HttpFailure>> https_exchange(HttpDoors doors,
                                                                               HttpOrder order,
                                                                               engine::Until until);

}  // namespace postrider::net
