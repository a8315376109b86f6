// Mail that filters have held back: shown, let go, thrown away.
#include "json_body.hpp"
#include "quarantine.hpp"
#include "quarantine_entry.hpp"
#include "routes.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t list_default = 100;
constexpr std::size_t list_limit = 1000;

std::optional<DeliveryId> parse_delivery(std::string_view text) {
  const auto dot = text.find('.');
  const auto message = MessageId::parse(text.substr(0, dot));
  const auto number = dot == text.npos ? 0 : parse_decimal(text.substr(dot + 1));
  if (!message || !number || *number > UINT32_MAX) {
    return std::nullopt;
  }
  return DeliveryId{*message, static_cast<std::uint32_t>(*number)};
}

http::Response bad_id(std::string_view given) {
  return error_response(
      400, fmt::format("'{}' is no message id: ids have 13 characters, see quarantine list",
                       quoted_for_log(given, 40)));
}

http::Response not_there(std::string_view given) {
  return error_response(
      404, fmt::format("{} is not in quarantine: see quarantine list", quoted_for_log(given, 40)));
}

void encode_entry(const store::StoredDelivery& stored, const mime::HeaderSection& section,
                  WallTime now, JsonWriter& json) {
  const store::Envelope& envelope = *stored.envelope;
  json.begin_object().member("id", envelope.id.text()).member("delivery", stored.number);
  json.member("tenant", envelope.tenant).member("account", envelope.account);
  json.member("from", envelope.reverse_path);
  json.key("to").begin_array();
  if (stored.number < envelope.destinations.size()) {
    for (const auto& recipient : envelope.destinations[stored.number].recipients) {
      json.value(recipient.address);
    }
  }
  json.end_array();
  json.member("received_at", encode_rfc3339(envelope.received_at));
  const auto age = now - envelope.received_at;
  json.member("age_s", std::chrono::duration_cast<std::chrono::seconds>(age).count());
  json.member("size", envelope.size_octets).member("origin", envelope.origin);
  const auto reasons = quarantine_reasons(section);
  json.member("reason", reasons.empty() ? "" : reasons.front());
  json.member("subject", shown_field(section, "Subject"));
  json.member("header_from", shown_field(section, "From"));
}

engine::Task<bool> add_entry(Call call, const store::StoredDelivery& stored, JsonWriter& json,
                             bool with_header) {
  const auto header = co_await read_header(call.ports.queue, stored.envelope->id);
  const std::string octets = header.value_or("");  // it is listed all the same
  const auto section = mime::scan_header(octets);
  encode_entry(stored, section.value_or(mime::HeaderSection{}), call.ports.reactor.wall_now(),
               json);
  if (with_header) {
    json.member("header", octets);
  }
  json.end_object();
  co_return header.has_value();
}

engine::Task<http::Response> list(Call call) {
  const auto limit =
      parse_decimal(call.request.query("limit").value_or(std::to_string(list_default)));
  if (!limit || *limit == 0 || *limit > list_limit) {
    co_return error_response(400, fmt::format("limit: write a number from 1 to {}", list_limit));
  }
  DeliveryId after;
  if (const auto given = call.request.query("after")) {
    const auto id = parse_delivery(*given);
    if (!id) {
      co_return bad_id(*given);
    }
    after = *id;
  }
  std::vector<store::StoredDelivery> found;
  const auto next =
      co_await walk_quarantine(call.ports.queue, after, [&](const store::StoredDelivery& stored) {
        found.push_back(stored);
        return found.size() < *limit;
      });
  if (!next) {
    co_return store_error_response(next.error(), "the queue");
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const store::StoredDelivery& stored : found) {
    (void)co_await add_entry(call, stored, json, false);  // one that can't be read is listed, too
  }
  json.end_array();
  auto response = json_response(body + "\n");
  if (*next) {
    response.fields.push_back(
        {"x-next", fmt::format("{}.{}", (*next)->message.text(), (*next)->number)});
  }
  co_return response;
}

// What the path names: at least one.
engine::Task<Result<std::vector<store::StoredDelivery>, http::Response>> find_held(
    const Call& call) {
  const auto id = MessageId::parse(call.argument);
  if (!id) {
    co_return failure(bad_id(call.argument));
  }
  auto held = co_await load_quarantined(call.ports.queue, *id);
  if (!held) {
    co_return failure(store_error_response(held.error(), call.argument));
  }
  if (held->empty()) {
    co_return failure(not_there(call.argument));
  }
  co_return *std::move(held);
}

engine::Task<http::Response> show(Call call) {
  const auto held = co_await find_held(call);
  if (!held) {
    co_return held.error();
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const store::StoredDelivery& stored : *held) {
    (void)co_await add_entry(call, stored, json, true);  // one that can't be read is shown, too
  }
  json.end_array();
  co_return json_response(body + "\n");
}

// In one piece: as large as mail may be that comes in, and the operator asks for one at a time.
engine::Task<http::Response> message(Call call) {
  const auto held = co_await find_held(call);
  if (!held) {
    co_return held.error();
  }
  const store::Envelope& envelope = *held->front().envelope;
  if (envelope.size_octets > ControlService::request_octets_max) {
    co_return error_response(413, fmt::format("{} has {} octets: release it to somebody instead",
                                              envelope.id.text(), envelope.size_octets));
  }
  auto response = message_response(envelope.id);
  response.body.reserve(envelope.size_octets);
  for (std::uint32_t n = 0; n < std::max<std::uint32_t>(envelope.body_chunks, 1); ++n) {
    const auto chunk = co_await call.ports.queue.read_chunk(envelope.id, n);
    if (!chunk) {
      co_return store_error_response(chunk.error(), call.argument);
    }
    response.body += chunk->view();
  }
  co_return response;
}

bool is_for(const store::StoredDelivery& stored, const std::optional<std::string>& to) {
  const auto& destinations = stored.envelope->destinations;
  return !to || (stored.number < destinations.size() && std::ranges::any_of(
                                                            destinations[stored.number].recipients,
                                                            [&](const store::Recipient& recipient) {
                                                              return equals_ignoring_case(
                                                                  recipient.address, *to);
                                                            }));
}

template <QueueAction action>
engine::Task<http::Response> act(Call call) {
  if (call.ports.live == nullptr) {
    co_return error_response(503, "no server runs on this data_dir: start it, then try again");
  }
  const auto body = JsonBody::parse(call.request.body, {"id", "to", "reason"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const std::string given = body->text("id").value_or("");
  const auto id = MessageId::parse(given);
  if (!id) {
    co_return bad_id(given);
  }
  const auto held = co_await load_quarantined(call.ports.queue, *id);
  if (!held) {
    co_return store_error_response(held.error(), given);
  }
  const auto to = body->text("to");
  const std::string reason = body->text("reason").value_or("by the operator");
  std::uint64_t done = 0;
  std::string problem;
  for (const store::StoredDelivery& stored : *held) {
    if (is_for(stored, to)) {
      const auto applied =
          co_await call.ports.live->apply(action, {stored.envelope->id, stored.number}, reason);
      done += applied ? 1 : 0;
      problem = applied ? problem : applied.error();
    }
  }
  if (done == 0) {
    co_return problem.empty() ? not_there(given) : error_response(409, given + ": " + problem);
  }
  std::string out;
  JsonWriter(out).begin_object().member("id", given).member("done", done).end_object();
  co_return json_response(out + "\n");
}

}  // namespace

std::span<const Route> quarantine_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/quarantine", list},
      {"GET", "/v1/quarantine/*", show},
      {"GET", "/v1/quarantine/*/message", message},
      {"POST", "/v1/quarantine/release", act<QueueAction::release>},
      {"POST", "/v1/quarantine/delete", act<QueueAction::remove>},
  });
  return routes;
}

}  // namespace postrider::control
