// Who was asked to come back, and who is known.
#include "json_body.hpp"
#include "routes.hpp"

#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/greylist_desk.hpp>

namespace postrider::control {

namespace {

using policy::GreylistEntry;

constexpr std::size_t list_default = 100;
constexpr std::size_t list_limit = 10'000;

http::Response no_server() {
  return error_response(503, "no server runs on this data_dir: start it, then try again");
}

std::string_view name_of(GreylistEntry::Kind kind) {
  switch (kind) {
    case GreylistEntry::Kind::waiting:
      return "waiting";
    case GreylistEntry::Kind::network:
      return "network";
    case GreylistEntry::Kind::domain:
      return "domain";
  }
  return "";
}

engine::Task<http::Response> list(Call call) {
  if (call.ports.greylist == nullptr) {
    co_return no_server();
  }
  const auto limit =
      parse_decimal(call.request.query("limit").value_or(std::to_string(list_default)));
  if (!limit || *limit == 0 || *limit > list_limit) {
    co_return error_response(400, fmt::format("limit: write a number from 1 to {}", list_limit));
  }
  const std::string about = call.request.query("about").value_or("");
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const GreylistEntry& entry : call.ports.greylist->list().list(about, *limit)) {
    json.begin_object().member("kind", name_of(entry.kind)).member("network", entry.network);
    json.member("domain", entry.domain).member("recipient", entry.recipient);
    json.member("since", encode_rfc3339(entry.since)).member("good", entry.good);
    json.member("has_retried", entry.has_retried).end_object();
  }
  json.end_array();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> forget(Call call) {
  if (call.ports.greylist == nullptr) {
    co_return no_server();
  }
  const auto body = JsonBody::parse(call.request.body, {"about"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto about = body->text("about");
  if (!about || about->empty()) {
    co_return error_response(400, "about is missing: name a network, domain, recipient or \"all\"");
  }
  const std::size_t done = call.ports.greylist->list().forget(*about == "all" ? "" : *about);
  if (done == 0) {
    co_return error_response(
        404, fmt::format("nothing is known of {}: see greylist list", quoted_for_log(*about, 80)));
  }
  co_await call.ports.greylist->write();
  std::string out;
  JsonWriter(out).begin_object().member("about", *about).member("done", done).end_object();
  co_return json_response(out + "\n");
}

}  // namespace

void encode_greylist(const ControlPorts& ports, JsonWriter& json) {
  if (ports.greylist == nullptr) {
    json.null();
    return;
  }
  const policy::GreylistCounters counted = ports.greylist->list().counters();
  json.begin_object().member("fresh", counted.fresh).member("early", counted.early);
  json.member("came_back", counted.came_back).member("never_came_back", counted.never_came_back);
  json.member("known_domain", counted.known_domain);
  json.member("known_network", counted.known_network).member("retries", counted.retries);
  json.member("evicted", counted.evicted).member("waiting", counted.waiting);
  json.member("networks", counted.networks).member("domains", counted.domains).end_object();
}

std::span<const Route> greylist_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/greylist", list},
      {"POST", "/v1/greylist/forget", forget},
  });
  return routes;
}

}  // namespace postrider::control
