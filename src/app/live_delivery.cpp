#include "live_delivery.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::app {

namespace {

delivery::QueueAction to_delivery(control::QueueAction action) {
  switch (action) {
    case control::QueueAction::retry:
      return delivery::QueueAction::retry;
    case control::QueueAction::hold:
      return delivery::QueueAction::hold;
    case control::QueueAction::release:
      return delivery::QueueAction::release;
    case control::QueueAction::bounce:
      return delivery::QueueAction::bounce;
    case control::QueueAction::remove:
      return delivery::QueueAction::remove;
  }
  return delivery::QueueAction::hold;
}

void encode_site(const delivery::SiteStatus& site, JsonWriter& json) {
  json.begin_object().member("site", site.site).member("source", site.source);
  json.member("tls", site.tls).member("core", static_cast<unsigned>(site.core));
  json.member("queued", site.queued).member("active", site.active).member("idle", site.idle);
  json.member("limit", site.limit).member("delivered", site.delivered);
  json.member("deferred", site.deferred).member("failed", site.failed);
  json.key("suspended_until");
  if (site.suspended_until) {
    json.value(encode_rfc3339(*site.suspended_until));
  } else {
    json.null();
  }
  json.member("last_failure",
              site.last_failure.code == 0
                  ? site.last_failure.text
                  : fmt::format("{} {}", site.last_failure.code, site.last_failure.text));
  json.end_object();
}

}  // namespace

engine::Task<Result<void, std::string>> LiveDelivery::apply(control::QueueAction action,
                                                            DeliveryId delivery,
                                                            std::string reason) {
  switch (co_await delivery_.apply(core_, delivery, to_delivery(action), std::move(reason))) {
    case delivery::ActionResult::done:
    case delivery::ActionResult::after_attempt:
      co_return Result<void, std::string>{};
    case delivery::ActionResult::not_found:
      co_return failure(std::string("it has left the queue meanwhile"));
    case delivery::ActionResult::unchanged:
      co_return failure(std::string("it is in that state already"));
    case delivery::ActionResult::failed:
      co_return failure(std::string("the store refused: look at the disk and the server's log"));
  }
  co_return failure(std::string("not understood"));
}

engine::Task<std::vector<control::LiveQueue::Active>> LiveDelivery::active() {
  std::vector<Active> list;
  for (auto& entry : co_await delivery_.active(core_)) {
    list.push_back({entry.delivery, std::move(entry.site)});
  }
  co_return list;
}

engine::Task<std::vector<control::LiveQueue::Reason>> LiveDelivery::why(DeliveryId delivery) {
  std::vector<Reason> reasons;
  if (auto found = co_await delivery_.explain(core_, delivery)) {
    for (auto& reason : found->reasons) {
      reasons.push_back({std::move(reason.kind), std::move(reason.text), reason.since, reason.until,
                         std::move(reason.rule)});
    }
  }
  co_return reasons;
}

engine::Task<std::string> LiveDelivery::status() {
  const auto status = co_await delivery_.status(core_);
  const auto sites = co_await delivery_.sites(core_);
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("window", status.window).member("active", status.active);
  json.member("overflowed", status.overflowed).member("connections", status.connections);
  json.member("delivered", status.delivered).member("deferred", status.deferred);
  json.member("failed", status.failed).member("halted", status.halted);
  json.key("sites").begin_array();
  for (const auto& site : sites) {
    encode_site(site, json);
  }
  json.end_array().end_object();
  co_return out;
}

}  // namespace postrider::app
