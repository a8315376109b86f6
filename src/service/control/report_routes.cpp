#include "routes.hpp"

#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/daily_reporter.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/flow/tls_report_desk.hpp>

// The reports that other domains get of us: what a day's say, and to send them now. And those that
// we get of them.
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

bool is_here(const flow::DailyReporter* reporter) {
  return reporter != nullptr && reporter->is_enabled();
}

http::Response not_here(std::string_view table) {
  return error_response(
      503,
      fmt::format("no such reports are made here: set {}.enabled and start the server", table));
}

http::Response no_day() {
  return error_response(400, "day: that is none: write it as 2026-11-22 (UTC)");
}

// `is_json`: of the reports' text.
engine::Task<http::Response> show(Call call, flow::DailyReporter& reporter, bool is_json) {
  const std::string day = day_of(call);
  if (day.empty()) {
    co_return no_day();
  }
  const auto drafts = co_await reporter.preview(day);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("day", day).key("reports").begin_array();
  for (const auto& draft : drafts) {
    json.begin_object().member("domain", draft.domain);
    if (is_json) {
      json.key("report").raw(draft.text);
    } else {
      json.member("report", draft.text);
    }
    json.end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> send(Call call, flow::DailyReporter& reporter) {
  const std::string day = day_of(call);
  if (day.empty()) {
    co_return no_day();
  }
  const auto sent = co_await reporter.send(day);
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

engine::Task<http::Response> show_tls(Call call) {
  flow::DailyReporter* reporter = call.ports.tls_reports;
  co_return is_here(reporter) ? co_await show(std::move(call), *reporter, true)
                              : not_here("tls_report");
}

engine::Task<http::Response> send_tls(Call call) {
  flow::DailyReporter* reporter = call.ports.tls_reports;
  co_return is_here(reporter) ? co_await send(std::move(call), *reporter) : not_here("tls_report");
}

engine::Task<http::Response> show_dmarc(Call call) {
  flow::DailyReporter* reporter = call.ports.dmarc_reports;
  co_return is_here(reporter) ? co_await show(std::move(call), *reporter, false)
                              : not_here("dmarc_report");
}

engine::Task<http::Response> send_dmarc(Call call) {
  flow::DailyReporter* reporter = call.ports.dmarc_reports;
  co_return is_here(reporter) ? co_await send(std::move(call), *reporter)
                              : not_here("dmarc_report");
}

void write_source(JsonWriter& json, const flow::ReportedSource& source) {
  json.begin_object().member("domain", source.domain).member("address", source.address);
  json.member("messages", source.messages).member("passed", source.aligned);
  json.member("dkim", source.dkim_aligned).member("spf", source.spf_aligned);
  json.member("quarantined", source.quarantined).member("rejected", source.rejected).end_object();
}

void write_report(JsonWriter& json, const flow::ReportedOn& report) {
  json.begin_object().member("domain", report.domain).member("day", report.day);
  json.member("reporter", report.reporter).member("id", report.id);
  json.member("policy", report.policy).member("messages", report.messages).end_object();
}

http::Response no_desk() {
  return error_response(503, "no server runs on this data_dir: start it");
}

// nullopt: `since` is no day.
std::optional<flow::ReportDesk::Question> question_of(const Call& call) {
  flow::ReportDesk::Question question;
  question.domain = to_lower(call.request.query("domain").value_or(""));
  question.since = call.request.query("since").value_or("");
  const bool is_day = question.since.empty() || policy::parse_report_day(question.since);
  return is_day ? std::optional(std::move(question)) : std::nullopt;
}

void write_summary(JsonWriter& json, const flow::TlsReportSummary& summary) {
  for (const flow::ReportedTls& report : summary.reports) {
    json.begin_object().member("domain", report.domain).member("day", report.day);
    json.member("reporter", report.reporter).member("id", report.id);
    json.member("policies", report.policies).member("successful", report.successful);
    json.member("failed", report.failed).end_object();
  }
  json.end_array().key("failures").begin_array();
  for (const flow::ReportedTlsFailure& failure : summary.failures) {
    json.begin_object().member("domain", failure.domain).member("type", failure.type);
    json.member("host", failure.host).member("reason", failure.reason);
    json.member("sessions", failure.sessions).member("reports", failure.reports).end_object();
  }
}

void write_summary(JsonWriter& json, const flow::ReportSummary& summary) {
  for (const flow::ReportedOn& report : summary.reports) {
    write_report(json, report);
  }
  json.end_array().key("sources").begin_array();
  for (const flow::ReportedSource& source : summary.sources) {
    write_source(json, source);
  }
}

// A desk of either kind: the reports, then what they have in common.
template <class Desk>
engine::Task<http::Response> summarize(Call call, Desk* desk) {
  auto question = question_of(call);
  if (desk == nullptr || !question) {
    co_return desk == nullptr ? no_desk() : no_day();
  }
  const auto summary = co_await desk->summarize(*std::move(question));
  if (!summary) {
    co_return store_error_response(summary.error(), "the reports");
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("cut", summary->is_cut).key("reports").begin_array();
  write_summary(json, *summary);
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> show_tls_received(Call call) {
  flow::TlsReportDesk* desk = call.ports.received_tls_reports;
  return summarize(std::move(call), desk);
}

engine::Task<http::Response> show_received(Call call) {
  flow::ReportDesk* desk = call.ports.received_reports;
  return summarize(std::move(call), desk);
}

}  // namespace

std::span<const Route> report_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/tls-reports", show_tls},
      {"POST", "/v1/tls-reports/send", send_tls},
      {"GET", "/v1/dmarc-reports", show_dmarc},
      {"POST", "/v1/dmarc-reports/send", send_dmarc},
      {"GET", "/v1/dmarc-received", show_received},
      {"GET", "/v1/tls-received", show_tls_received},
  });
  return routes;
}

}  // namespace postrider::control
