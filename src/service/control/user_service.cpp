#include "quarantine_entry.hpp"
#include "routes.hpp"
#include "user_quarantine.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/base64.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/http/parser.hpp>
#include <postrider/codec/sasl/prepare.hpp>
#include <postrider/flow/login.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/service/control/user_service.hpp>

namespace postrider::control {

namespace {

constexpr std::string_view prefix = "/v1/my/quarantine";
constexpr std::size_t list_default = 100;
constexpr std::size_t list_limit = 500;
constexpr std::size_t request_octets_max = 16UL << 10;

// What is answered: whole, or a head that a message of the queue follows.
struct Answer {
  http::Response response;
  MessageId message;  // null: none follows
  std::uint64_t octets = 0;
  std::uint32_t chunks = 0;
};

Answer whole(http::Response response) {
  return {std::move(response), {}, 0, 0};
}

// Nothing of it stays in a cache, and no page of others may show it.
http::Response guarded(http::Response response) {
  response.fields.push_back({"cache-control", "no-store"});
  if (!response.field("x-content-type-options")) {
    response.fields.push_back({"x-content-type-options", "nosniff"});
  }
  return response;
}

http::Response unauthorized(std::string_view text) {
  auto response = error_response(401, text);
  response.fields.push_back({"www-authenticate", "Basic realm=\"postrider\", charset=\"UTF-8\""});
  return response;
}

// RFC 7617 2; nullopt: there are none that could be right.
std::optional<sasl::LoginRequest> credentials_of(const http::Request& request) {
  const auto field = request.field("authorization");
  constexpr std::string_view scheme = "basic ";
  if (!field || !starts_with_ignoring_case(*field, scheme)) {
    return std::nullopt;
  }
  auto pair = decode_base64(trim_wsp(field->substr(scheme.size())));
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  auto name = sasl::prepare(std::string_view(*pair).substr(0, colon));
  auto password = sasl::prepare(std::string_view(*pair).substr(colon + 1));
  wipe(pair->data(), pair->size());
  if (!name || !password || name->empty() || password->empty()) {
    return std::nullopt;
  }
  sasl::LoginRequest out;
  out.mechanism = sasl::Mechanism::plain;
  out.authcid = *std::move(name);
  out.password = *std::move(password);
  return out;
}

std::string refusal(flow::TurnedAway why) {
  std::string out;
  auto response = error_response(why == flow::TurnedAway::full ? 503 : 429,
                                 "too many connections: try again later");
  response.keep_alive = false;
  http::encode_response(response, out);
  return out;
}

}  // namespace

struct UserService::Impl {
  Impl(UserDoors given, UserSettings wanted)
      : doors(given),
        settings(std::move(wanted)),
        quarantine(doors, settings),
        reception(doors.reactor, settings.limits,
                  {.converse =
                       [this](std::unique_ptr<engine::Stream> stream, std::size_t listener) {
                         return converse(std::move(stream), listeners.at(listener));
                       },
                   .refuse =
                       [this](flow::TurnedAway why, std::size_t listener) {
                         return listeners.at(listener)->tls == flow::ListenerTls::implicit
                                    ? std::string()
                                    : refusal(why);
                       }}) {}

  [[nodiscard]] engine::Until within(Duration duration) {
    return {doors.reactor.now() + duration, reception.gate().killing()};
  }
  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream,
                              std::shared_ptr<const UserListenerSettings> listener);
  engine::Task<bool> read(net::Connection& connection, http::RequestParser& parser);
  engine::Task<Answer> handle(http::Request request, flow::LoginPeer peer);
  engine::Task<Answer> route(const http::Request& request, std::string account,
                             const flow::LoginPeer& peer);
  engine::Task<http::Response> collect(Answer answer);
  engine::Task<bool> send(net::Connection& connection, Answer answer);
  engine::Task<Answer> message(std::string account, std::string id);
  engine::Task<http::Response> list(const http::Request& request, std::string account);

  UserDoors doors;
  UserSettings settings;
  std::vector<std::shared_ptr<const UserListenerSettings>> listeners;
  UserQuarantine quarantine;
  flow::Reception reception;
};

// A whole request, or false: the connection is over.
engine::Task<bool> UserService::Impl::read(net::Connection& connection,
                                           http::RequestParser& parser) {
  const MonoTime deadline = doors.reactor.now() + settings.request_timeout;
  while (parser.state() == http::ParseState::more) {
    const auto received = co_await connection.receive(
        {deadline, parser.is_idle() ? reception.gate().closing() : reception.gate().killing()});
    if (!received) {
      co_return false;
    }
    std::string_view octets = *received;
    while (!octets.empty() && parser.state() == http::ParseState::more) {
      octets.remove_prefix(parser.feed(octets));
    }
    if (!octets.empty() && parser.state() == http::ParseState::complete) {
      co_return false;  // requests are not pipelined (RFC 9112 9.3.2 leaves it to us)
    }
  }
  co_return true;
}

engine::Task<void> UserService::Impl::converse(
    std::unique_ptr<engine::Stream> stream, std::shared_ptr<const UserListenerSettings> listener) {
  net::Connection connection(doors.reactor, std::move(stream));
  flow::LoginPeer peer{connection.stream().peer(), "", policy::Scope::http};
  if (listener->tls == flow::ListenerTls::implicit) {
    const auto started = co_await connection.start_tls(*listener->context, net::TlsRole::server, {},
                                                       within(settings.handshake_timeout));
    if (!started) {
      co_return;
    }
    peer.tls = flow::describe_tls(connection.tls()->facts());
  }
  http::RequestParser parser(
      {.header_octets = request_octets_max, .body_octets = request_octets_max});
  for (bool again = true; again && co_await read(connection, parser);) {
    Answer answer;
    http::Response& response = answer.response;
    if (parser.state() == http::ParseState::failed) {
      response = error_response(parser.error_status(), parser.error_text());
      again = false;
    } else {
      http::Request request = parser.take();
      again = request.keep_alive && !reception.gate().is_closed();
      if (peer.tls.empty() && !listener->auth_without_tls) {
        response = error_response(403, "not without TLS: use https");
      } else {
        answer = co_await handle(std::move(request), peer);
      }
    }
    response.keep_alive = again;
    again = co_await send(connection, std::move(answer)) && again;
  }
  co_await connection.close(within(settings.request_timeout));
}

// A chunk of the message in memory at a time, and a deadline for each. What can't be read to its
// end ends the connection: who counts sees that it is not whole.
engine::Task<bool> UserService::Impl::send(net::Connection& connection, Answer answer) {
  const http::Response response = guarded(std::move(answer.response));
  if (answer.message.is_null()) {
    http::encode_response(response, connection.out());
    co_return (co_await connection.flush(within(settings.request_timeout))).has_value();
  }
  http::encode_response_head(response, answer.octets, connection.out());
  for (std::uint32_t n = 0; n < answer.chunks; ++n) {
    const auto chunk = co_await doors.queue.read_chunk(answer.message, n);
    if (!chunk || !co_await connection.send(chunk->view(), within(settings.request_timeout))) {
      connection.abort();
      co_return false;
    }
  }
  co_return true;
}

engine::Task<http::Response> UserService::Impl::collect(Answer answer) {
  for (std::uint32_t n = 0; !answer.message.is_null() && n < answer.chunks; ++n) {
    const auto chunk = co_await doors.queue.read_chunk(answer.message, n);
    if (!chunk) {
      co_return store_error_response(chunk.error(), answer.message.text());
    }
    answer.response.body += chunk->view();
  }
  co_return std::move(answer.response);
}

engine::Task<Answer> UserService::Impl::message(std::string account, std::string id) {
  const auto found = co_await quarantine.find_message(std::move(account), std::move(id));
  if (!found) {
    co_return whole(found.error());
  }
  co_return Answer{message_response(found->id), found->id, found->size_octets,
                   std::max<std::uint32_t>(found->body_chunks, 1)};
}

engine::Task<Answer> UserService::Impl::handle(http::Request request, flow::LoginPeer peer) {
  auto credentials = credentials_of(request);
  if (!credentials) {
    co_return whole(
        unauthorized("log in with your address and password, or an app password for http"));
  }
  const auto login =
      co_await flow::log_in(doors.reactor, doors.authenticator, doors.events,
                            *std::move(credentials), peer, within(settings.request_timeout));
  switch (login.answer.verdict) {
    case sasl::LoginVerdict::accepted:
      co_return co_await route(request, login.identity.name, peer);
    case sasl::LoginVerdict::throttled:
    case sasl::LoginVerdict::too_many:
      co_return whole(error_response(429, "too many failed logins: try again later"));
    case sasl::LoginVerdict::temporary:
      co_return whole(error_response(503, "the accounts can't be asked now: try again later"));
    case sasl::LoginVerdict::rejected:
    case sasl::LoginVerdict::disabled:
      break;
  }
  co_return whole(unauthorized("wrong name or password, or not one for http"));
}

engine::Task<http::Response> UserService::Impl::list(const http::Request& request,
                                                     std::string account) {
  const auto limit = parse_decimal(request.query("limit").value_or(std::to_string(list_default)));
  if (!limit || *limit == 0 || *limit > list_limit) {
    co_return error_response(400, fmt::format("limit: write a number from 1 to {}", list_limit));
  }
  MessageId after;
  if (const auto given = request.query("after")) {
    const auto id = MessageId::parse(*given);
    if (!id) {
      co_return error_response(400, "after: write an id of the list");
    }
    after = *id;
  }
  co_return co_await quarantine.list(std::move(account), after, *limit);
}

// GET /v1/my/quarantine, /v1/my/quarantine/ID and ID/message, POST ID/release and ID/delete.
engine::Task<Answer> UserService::Impl::route(const http::Request& request, std::string account,
                                              const flow::LoginPeer& peer) {
  const std::string_view path = request.path();
  std::string_view rest = path.starts_with(prefix) ? path.substr(prefix.size()) : "?";
  if (rest.empty() && request.method == "GET") {
    co_return whole(co_await list(request, std::move(account)));
  }
  if (!rest.starts_with('/') || rest.size() == 1) {
    co_return whole(rest.empty()
                        ? error_response(405, "this path knows GET: see docs/control_api.md")
                        : error_response(404, "no such path: see docs/control_api.md"));
  }
  rest.remove_prefix(1);
  const std::size_t slash = rest.find('/');
  std::string id(rest.substr(0, slash));
  const std::string_view verb = slash == rest.npos ? "" : rest.substr(slash + 1);
  if (verb.empty() && slash == rest.npos && request.method == "GET") {
    co_return whole(co_await quarantine.show(std::move(account), std::move(id)));
  }
  if (verb == "message") {
    co_return request.method == "GET"
        ? co_await message(std::move(account), std::move(id))
        : whole(error_response(405, "this path knows GET: see docs/control_api.md"));
  }
  const bool is_release = verb == "release";
  if (!is_release && verb != "delete") {
    co_return whole(error_response(404, "no such path: see docs/control_api.md"));
  }
  if (request.method != "POST") {
    co_return whole(error_response(405, "this path knows POST: see docs/control_api.md"));
  }
  // A page elsewhere can make a browser that knows the password send a form, but not this type.
  const auto type = request.field("content-type").value_or("");
  if (!starts_with_ignoring_case(type, "application/json")) {
    co_return whole(error_response(415, "send it with Content-Type: application/json"));
  }
  std::string who = fmt::format("by {} from {}", account, peer.address.text());
  co_return whole(co_await quarantine.act(is_release ? QueueAction::release : QueueAction::remove,
                                          std::move(account), std::move(id), std::move(who)));
}

UserService::UserService(UserDoors doors, UserSettings settings)
    : impl_(std::make_unique<Impl>(doors, std::move(settings))) {}

UserService::~UserService() = default;

engine::IoResult<SocketAddress> UserService::listen(UserListenerSettings listener) {
  check(listener.tls == flow::ListenerTls::none || listener.context.has_value(),
        "a listener with TLS has a context");
  check(impl_->doors.live != nullptr, "who listens has a queue to work on");
  flow::ReceptionListener place{.address = listener.address, .proxy_from = listener.proxy_from};
  impl_->listeners.push_back(std::make_shared<const UserListenerSettings>(std::move(listener)));
  return impl_->reception.listen(std::move(place), impl_->listeners.size() - 1);
}

void UserService::set_tls(std::size_t listener, const net::TlsContext& context) {
  auto& place = impl_->listeners.at(listener);
  UserListenerSettings changed = *place;
  check(changed.context.has_value(), "a listener without TLS gets no context");
  changed.context = context;
  place = std::make_shared<const UserListenerSettings>(std::move(changed));
}

engine::Task<void> UserService::stop(MonoTime patience) {
  return impl_->reception.stop(patience);
}

engine::Task<http::Response> UserService::handle(http::Request request, flow::LoginPeer peer) {
  co_return co_await impl_->collect(co_await impl_->handle(std::move(request), std::move(peer)));
}

}  // namespace postrider::control
