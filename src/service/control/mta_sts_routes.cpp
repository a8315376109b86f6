#include "routes.hpp"

#include <array>
#include <chrono>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::control {

namespace {

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

engine::Task<http::Response> show_policy(Call call) {
  if (!call.ports.sts_policy) {
    co_return error_response(503, "no server runs on this data_dir: start it first");
  }
  const auto kept = co_await call.ports.sts_policy(to_lower(call.argument));
  if (!kept) {
    co_return error_response(404, "no policy of that domain is kept here");
  }
  const WallTime now = call.ports.reactor.wall_now();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("mode", policy::describe(kept->policy.mode)).member("id", kept->id);
  json.member("max_age_s", seconds(kept->policy.max_age)).key("mx").begin_array();
  for (const std::string& mx : kept->policy.mx) {
    json.value(mx);
  }
  json.end_array().member("fetched", encode_rfc3339(kept->fetched));
  json.member("age_s", seconds(now - kept->fetched));
  json.member("expires", encode_rfc3339(kept->expires()));
  json.member("used", encode_rfc3339(kept->used)).end_object();
  co_return json_response(body + "\n");
}

}  // namespace

std::span<const Route> mta_sts_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/mta-sts/*", show_policy},
  });
  return routes;
}

}  // namespace postrider::control
