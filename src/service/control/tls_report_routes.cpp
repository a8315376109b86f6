#include "routes.hpp"

#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/tls_reporter.hpp>

namespace postrider::control {

namespace {

// The day asked for, today if none was; empty: it is no day.
std::string day_of(const Call& call) {
  auto day = call.request.query("day").value_or("");
  if (day.empty()) {
    return policy::report_day(call.ports.reactor.wall_now());
  }
  return policy::parse_report_day(day) ? day : std::string();
}

http::Response not_here() {
  return error_response(
      503, "no TLS reports are made here: set tls_report.enabled and start the server");
}

http::Response no_day() {
  return error_response(400, "day: that is none: write it as 2026-11-22 (UTC)");
}

engine::Task<http::Response> show_reports(Call call) {
  const std::string day = day_of(call);
  if (call.ports.tls_reports == nullptr || !call.ports.tls_reports->is_enabled()) {
    co_return not_here();
  }
  if (day.empty()) {
    co_return no_day();
  }
  const auto drafts = co_await call.ports.tls_reports->preview(day);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("day", day).key("reports").begin_array();
  for (const auto& draft : drafts) {
    json.begin_object().member("domain", draft.domain).key("report").raw(draft.text).end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> send_reports(Call call) {
  const std::string day = day_of(call);
  if (call.ports.tls_reports == nullptr || !call.ports.tls_reports->is_enabled()) {
    co_return not_here();
  }
  if (day.empty()) {
    co_return no_day();
  }
  const auto sent = co_await call.ports.tls_reports->send(day);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("day", day).key("sent").begin_array();
  for (const flow::SentReport& one : sent) {
    json.begin_object().member("domain", one.domain).member("to", one.to);
    json.member("sent", one.is_sent).member("problem", one.problem).end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

}  // namespace

std::span<const Route> tls_report_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/tls-reports", show_reports},
      {"POST", "/v1/tls-reports/send", send_reports},
  });
  return routes;
}

}  // namespace postrider::control
