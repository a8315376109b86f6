#include <cmath>

#include <postrider/base/json.hpp>
#include <postrider/flow/event.hpp>

namespace postrider::flow {

std::string_view describe(EventKind kind) {
  switch (kind) {
    case EventKind::received:
      return "received";
    case EventKind::refused:
      return "refused";
    case EventKind::attempted:
      return "attempted";
    case EventKind::delivered:
      return "delivered";
    case EventKind::deferred:
      return "deferred";
    case EventKind::bounced:
      return "bounced";
    case EventKind::expired:
      return "expired";
    case EventKind::held:
      return "held";
    case EventKind::released:
      return "released";
    case EventKind::deleted:
      return "deleted";
    case EventKind::warned:
      return "warned";
    case EventKind::possible_duplicate:
      return "possible_duplicate";
    case EventKind::quarantined:
      return "quarantined";
    case EventKind::dnssec:
      return "dnssec";
    case EventKind::filter:
      return "filter";
    case EventKind::dns_list:
      return "dns_list";
    case EventKind::oauth:
      return "oauth";
    case EventKind::login_failed:
      return "login_failed";
    case EventKind::bounce_received:
      return "bounce_received";
    case EventKind::complaint_received:
      return "complaint_received";
    case EventKind::autoreply_received:
      return "autoreply_received";
    case EventKind::report_received:
      return "report_received";
  }
  return "unknown";
}

namespace {

void member_if_given(JsonWriter& json, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    json.member(name, std::string_view(value));
  }
}

void encode_durations(const StageDurations& duration, JsonWriter& json) {
  const struct {
    std::string_view name;
    double milliseconds;
  } stages[] = {{"queue", duration.queue},
                {"dns", duration.dns},
                {"connect", duration.connect},
                {"tls", duration.tls},
                {"transaction", duration.transaction}};
  json.key("duration_ms").begin_object();
  for (const auto& stage : stages) {
    if (stage.milliseconds >= 0) {
      json.member(stage.name, std::round(stage.milliseconds * 1000) / 1000);
    }
  }
  json.end_object();
}

}  // namespace

void encode_event(const Event& event, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("time", std::string_view(encode_rfc3339(event.time)));
  json.member("event", describe(event.kind));
  if (!event.id.is_null()) {
    json.member("id", std::string_view(event.id.text()));
  }
  // The null reverse-path is a value, not an absence.
  json.member("tenant", std::string_view(event.tenant));
  json.member("from", std::string_view(event.from));
  member_if_given(json, "to", event.to);
  member_if_given(json, "domain", event.domain);
  member_if_given(json, "site", event.site);
  member_if_given(json, "source", event.source);
  member_if_given(json, "remote", event.remote);
  member_if_given(json, "tls", event.tls);
  if (event.code != 0) {
    json.member("code", static_cast<unsigned>(event.code));
  }
  member_if_given(json, "enhanced", event.enhanced);
  member_if_given(json, "class", event.bounce_class);
  member_if_given(json, "action", event.action);
  member_if_given(json, "text", event.text);
  if (event.attempt != 0) {
    json.member("attempt", event.attempt);
  }
  if (event.size != 0) {
    json.member("size", event.size);
  }
  encode_durations(event.duration, json);
  json.end_object();
}

}  // namespace postrider::flow
