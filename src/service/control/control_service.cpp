#include "routes.hpp"

#include <array>
#include <fmt/core.h>
#include <optional>
#include <unistd.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/http/parser.hpp>
#include <postrider/service/control/control_service.hpp>

namespace postrider::control {

namespace {

constexpr Duration request_patience = std::chrono::seconds(30);
constexpr Duration reply_patience = std::chrono::seconds(30);

// What stands for '*' if the path fits the pattern; an empty text if it has none.
std::optional<std::string> match_path(std::string_view pattern, std::string_view path) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) {
    return pattern == path ? std::optional<std::string>("") : std::nullopt;
  }
  const auto before = pattern.substr(0, star);
  const auto after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return std::nullopt;
  }
  const auto middle = path.substr(before.size(), path.size() - before.size() - after.size());
  return middle.find('/') == middle.npos ? http::decode_percent(middle) : std::nullopt;
}

engine::Task<http::Response> status(Call call) {
  const auto counters = call.ports.queue.counters();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("version", call.ports.version);
  json.member("serving", call.ports.live != nullptr);
  json.key("queue").begin_object();
  json.member("messages_open", counters.messages_open).member("committed", counters.committed);
  json.member("groups", counters.groups).member("settled", counters.settled);
  json.member("bytes_accepted", counters.bytes_accepted).member("failed", counters.failed);
  json.end_object();
  json.key("delivery");
  if (call.ports.live != nullptr) {
    json.raw(co_await call.ports.live->status());
  } else {
    json.null();
  }
  json.key("dns");
  if (call.ports.dns_status) {
    json.raw(co_await call.ports.dns_status());
  } else {
    json.null();
  }
  json.key("filters");
  if (call.ports.filter_status) {
    json.raw(co_await call.ports.filter_status());
  } else {
    json.begin_array().end_array();
  }
  json.key("lists");
  if (call.ports.list_status) {
    json.raw(co_await call.ports.list_status());
  } else {
    json.begin_array().end_array();
  }
  json.key("logins");
  if (call.ports.login_status) {
    json.raw(co_await call.ports.login_status());
  } else {
    json.null();
  }
  json.key("oauth");
  if (call.ports.oauth_status) {
    json.raw(co_await call.ports.oauth_status());
  } else {
    json.null();
  }
  json.key("greylist");
  encode_greylist(call.ports, json);
  json.end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> reload(Call call) {
  if (!call.ports.reload) {
    co_return error_response(503, "no server runs on this data_dir: nothing to reload");
  }
  const auto done = co_await call.ports.reload();
  co_return done ? json_response("{}\n") : error_response(409, done.error());
}

}  // namespace

std::span<const Route> server_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/status", status},
      {"POST", "/v1/reload", reload},
  });
  return routes;
}

http::Response json_response(std::string body, std::uint16_t status) {
  return {status, {{"content-type", "application/json"}}, std::move(body), true};
}

http::Response error_response(std::uint16_t status, std::string_view text) {
  std::string body;
  JsonWriter(body).begin_object().member("error", text).end_object();
  return json_response(body + "\n", status);
}

http::Response store_error_response(store::StoreError error, std::string_view what) {
  const auto shown = quoted_for_log(what, 80);
  switch (error) {
    case store::StoreError::not_found:
      return error_response(404,
                            fmt::format("{} is not in the queue: it was delivered, returned or "
                                        "removed; see the event log",
                                        shown));
    case store::StoreError::corrupt:
      return error_response(500, fmt::format("{} can't be read: it is in the quarantine", shown));
    default:
      return error_response(
          503, fmt::format("{}: the store answers '{}'", shown, store::describe(error)));
  }
}

ControlService::ControlService(ControlPorts ports)
    : ports_(std::move(ports)), gate_(ports_.reactor) {}

engine::Task<http::Response> ControlService::handle(http::Request request) {
  bool known_path = false;
  for (const auto routes :
       {queue_action_routes(), queue_routes(), quarantine_routes(), account_routes(),
        directory_routes(), server_routes(), report_routes(), mailbox_routes(), upkeep_routes(),
        mail_import_routes(), mta_sts_routes(), text_index_routes(), greylist_routes()}) {
    for (const auto& route : routes) {
      const auto argument = match_path(route.path, request.path());
      known_path = known_path || argument.has_value();
      if (argument && route.method == request.method) {
        co_return co_await route.handler(Call{ports_, request, *argument});
      }
    }
  }
  co_return known_path
      ? error_response(405, "this path knows other methods: see docs/control_api.md")
      : error_response(404, "no such path: see docs/control_api.md");
}

engine::Task<void> ControlService::serve(std::unique_ptr<engine::Listener> listener) {
  auto pass = gate_.enter();
  for (;;) {
    auto stream = co_await listener->accept({mono_never, gate_.closing()});
    if (!stream) {
      if (gate_.is_closed()) {
        co_return;
      }
      co_await ports_.reactor.sleep_for(std::chrono::milliseconds(100), gate_.closing());
      continue;
    }
    auto inside = gate_.enter();
    if (inside && gate_.inside() <= connections_max + 1) {
      ports_.reactor.spawn(converse(std::move(*stream), std::move(inside)));
    }
  }
}

engine::Task<void> ControlService::converse(std::unique_ptr<engine::Stream> stream,
                                            engine::Gate::Pass pass) {
  const auto holder = std::move(pass);
  const auto peer = stream->peer_credentials();
  const bool welcome = peer && (peer->uid == 0 || peer->uid == ::geteuid());
  http::RequestParser parser({.body_octets = ControlService::request_octets_max});
  for (bool again = true; again;) {
    const auto deadline = ports_.reactor.now() + request_patience;
    std::string rest;
    while (parser.state() == http::ParseState::more) {
      if (!rest.empty()) {
        rest.erase(0, parser.feed(rest));
        continue;
      }
      const auto received = co_await stream->receive(
          {deadline, parser.is_idle() ? gate_.closing() : gate_.killing()});
      if (!received) {
        co_return;
      }
      const auto taken = parser.feed(*received);
      rest = received->substr(taken);
    }
    http::Response response;
    if (parser.state() == http::ParseState::failed) {
      response = error_response(parser.error_status(), parser.error_text());
      again = false;
    } else {
      auto request = parser.take();
      again = request.keep_alive && rest.empty();
      response = welcome ? co_await handle(std::move(request))
                         : error_response(403, "only root and the server's own user may ask here");
    }
    response.keep_alive = again;
    std::string wire;
    http::encode_response(response, wire);
    const auto sent =
        co_await stream->send(wire, {ports_.reactor.now() + reply_patience, gate_.killing()});
    again = again && sent.has_value();
  }
}

}  // namespace postrider::control
