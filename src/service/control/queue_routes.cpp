#include "queue_scan.hpp"
#include "routes.hpp"

#include <array>
#include <fmt/core.h>
#include <map>
#include <tuple>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t list_default = 1000;
constexpr std::size_t list_limit = 10'000;

// "0DSXQ8ZK4T000" or "0DSXQ8ZK4T000.3" (delivery 3).
std::optional<DeliveryId> parse_delivery(std::string_view text) {
  const auto dot = text.find('.');
  const auto message = MessageId::parse(text.substr(0, dot));
  const auto number = dot == text.npos ? 0 : parse_decimal(text.substr(dot + 1));
  if (!message || !number || *number > UINT32_MAX) {
    return std::nullopt;
  }
  return DeliveryId{*message, static_cast<std::uint32_t>(*number)};
}

std::string delivery_text(DeliveryId id) {
  return fmt::format("{}.{}", id.message.text(), id.number);
}

http::Response bad_id(std::string_view given) {
  return error_response(400,
                        fmt::format("'{}' is no message id: ids have 13 characters, see queue list",
                                    quoted_for_log(given, 40)));
}

Result<Where, http::Response> where_of(const http::Request& request) {
  auto where = Where::parse(request.query("where").value_or(""));
  if (!where) {
    return failure(error_response(400, "where: " + where.error()));
  }
  return std::move(*where);
}

engine::Task<http::Response> list(Call call) {
  auto where = where_of(call.request);
  if (!where) {
    co_return std::move(where.error());
  }
  const auto limit =
      parse_decimal(call.request.query("limit").value_or(std::to_string(list_default)));
  if (!limit || *limit == 0 || *limit > list_limit) {
    co_return error_response(400, fmt::format("limit: write a number from 1 to {}", list_limit));
  }
  ScanOptions options{.where = std::move(*where), .rows_max = *limit};
  if (const auto after = call.request.query("after")) {
    const auto id = parse_delivery(*after);
    if (!id) {
      co_return bad_id(*after);
    }
    options.after = *id;
  }
  std::string body = "[";
  const auto end = co_await scan_rows(call.ports, options, [&](const Row& row) {
    body += body.size() > 1 ? ",\n" : "";
    encode_row(row, body);
  });
  if (!end) {
    co_return store_error_response(end.error(), "the queue");
  }
  auto response = json_response(body + "]\n");
  if (end->more) {
    response.fields.push_back({"x-next", delivery_text(end->last)});
  }
  co_return response;
}

engine::Task<http::Response> summary(Call call) {
  auto where = where_of(call.request);
  if (!where) {
    co_return std::move(where.error());
  }
  struct Group {
    std::uint64_t count = 0;
    Duration oldest{};
    WallTime last_time{};
    std::uint16_t last_code = 0;
  };
  std::map<std::pair<std::string, std::string>, Group> groups;
  const ScanOptions options{.where = std::move(*where)};
  const auto end = co_await scan_rows(call.ports, options, [&](const Row& row) {
    auto& group = groups[{std::string(row.domain), std::string(row.state)}];
    ++group.count;
    group.oldest = std::max(group.oldest, row.age);
    if (row.last != nullptr && row.last->time >= group.last_time) {
      group.last_time = row.last->time;
      group.last_code = row.last->code;
    }
  });
  if (!end) {
    co_return store_error_response(end.error(), "the queue");
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& [key, group] : groups) {
    json.begin_object().member("domain", key.first).member("state", key.second);
    json.member("count", group.count);
    json.member("oldest_age_s",
                std::chrono::duration_cast<std::chrono::seconds>(group.oldest).count());
    json.member("last_code", static_cast<unsigned>(group.last_code)).end_object();
  }
  json.end_array();
  co_return json_response(body + "\n");
}

void encode_envelope(const store::Envelope& envelope, JsonWriter& json) {
  json.member("id", envelope.id.text()).member("tenant", envelope.tenant);
  json.member("account", envelope.account).member("from", envelope.reverse_path);
  json.member("envid", envelope.envid).member("origin", envelope.origin);
  json.member("received_at", encode_rfc3339(envelope.received_at));
  json.member("size", envelope.size_octets).member("smtputf8", envelope.smtputf8);
  json.member("eight_bit", envelope.eight_bit).member("require_tls", envelope.require_tls);
}

engine::Task<http::Response> show(Call call) {
  const auto id = MessageId::parse(call.argument);
  if (!id) {
    co_return bad_id(call.argument);
  }
  const auto deliveries = co_await call.ports.queue.load_message(*id);
  if (!deliveries) {
    co_return store_error_response(deliveries.error(), call.argument);
  }
  if (deliveries->empty()) {
    co_return store_error_response(store::StoreError::not_found, call.argument);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  encode_envelope(*deliveries->front().envelope, json);
  json.key("recipients").begin_array();
  for (const auto& stored : *deliveries) {
    for (const auto& row : rows_of(stored, false, {}, call.ports.reactor.wall_now())) {
      std::string text;
      encode_row(row, text);
      json.raw(text);
    }
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> raw(Call call) {
  const auto id = MessageId::parse(call.argument);
  if (!id) {
    co_return bad_id(call.argument);
  }
  const auto envelope = co_await call.ports.queue.load_envelope(*id);
  if (!envelope) {
    co_return store_error_response(envelope.error(), call.argument);
  }
  http::Response response{200, {{"content-type", "message/rfc822"}}, {}, true};
  const auto chunks = std::max<std::uint32_t>(1, (*envelope)->body_chunks);
  for (std::uint32_t n = 0; n < chunks; ++n) {
    const auto chunk = co_await call.ports.queue.read_chunk(*id, n);
    if (!chunk) {
      co_return store_error_response(chunk.error(), call.argument);
    }
    response.body += chunk->view();
  }
  co_return response;
}

void encode_reason(const LiveQueue::Reason& reason, JsonWriter& json) {
  json.begin_object().member("kind", reason.kind).member("text", reason.text);
  for (const auto& [name, time] : {std::pair{"since", reason.since}, {"until", reason.until}}) {
    json.key(name);
    if (time) {
      json.value(encode_rfc3339(*time));
    } else {
      json.null();
    }
  }
  json.member("rule", reason.rule).end_object();
}

engine::Task<http::Response> why(Call call) {
  const auto id = MessageId::parse(call.argument);
  if (!id) {
    co_return bad_id(call.argument);
  }
  const auto deliveries = co_await call.ports.queue.load_message(*id);
  if (!deliveries || deliveries->empty()) {
    co_return store_error_response(deliveries ? store::StoreError::not_found : deliveries.error(),
                                   call.argument);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  encode_envelope(*deliveries->front().envelope, json);
  json.key("deliveries").begin_array();
  for (const auto& stored : *deliveries) {
    json.begin_object().key("recipients").begin_array();
    for (const auto& row : rows_of(stored, false, {}, call.ports.reactor.wall_now())) {
      std::string text;
      encode_row(row, text);
      json.raw(text);
    }
    json.end_array();
    json.key("reasons").begin_array();
    if (call.ports.live == nullptr) {
      encode_reason({.kind = "server", .text = "no server runs: start it"}, json);
    } else {
      for (const auto& reason : co_await call.ports.live->why({*id, stored.number})) {
        encode_reason(reason, json);
      }
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> quarantine(Call call) {
  const auto entries = co_await call.ports.queue.quarantined();
  if (!entries) {
    co_return store_error_response(entries.error(), "the quarantine");
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& entry : *entries) {
    json.begin_object().member("id", entry.id.text()).member("key", entry.key);
    json.member("reason", entry.reason).member("size", entry.size_bytes).end_object();
  }
  json.end_array();
  co_return json_response(body + "\n");
}

}  // namespace

std::span<const Route> queue_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/queue", list},
      {"GET", "/v1/queue/summary", summary},
      {"GET", "/v1/queue/quarantine", quarantine},
      {"GET", "/v1/queue/*", show},
      {"GET", "/v1/queue/*/raw", raw},
      {"GET", "/v1/queue/*/why", why},
  });
  return routes;
}

}  // namespace postrider::control
