#include "json_body.hpp"
#include "queue_scan.hpp"
#include "routes.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t batch = 1000;
constexpr std::size_t at_once = 200;
constexpr std::size_t errors_shown = 10;

struct Tally {
  std::uint64_t matched = 0;
  std::uint64_t done = 0;
  std::vector<std::string> errors;
};

struct Work {
  QueueAction action;
  std::vector<DeliveryId> deliveries;
  std::string reason;
  std::size_t next = 0;
};

engine::Task<void> apply_in_turn(Call call, Work& work, Tally& tally) {
  while (work.next < work.deliveries.size()) {
    const DeliveryId delivery = work.deliveries[work.next++];
    ++tally.matched;
    auto done = co_await call.ports.live->apply(work.action, delivery, work.reason);
    if (done) {
      ++tally.done;
    } else if (tally.errors.size() < errors_shown) {
      tally.errors.push_back(delivery.message.text() + ": " + done.error());
    }
  }
}

// Many at once, so that they are written together: alone, each waits for others to go with.
engine::Task<void> apply_to(Call call, QueueAction action, std::vector<DeliveryId> deliveries,
                            std::string reason, Tally& tally) {
  Work work{action, std::move(deliveries), std::move(reason)};
  std::vector<engine::Task<void>> hands;
  for (std::size_t i = 0; i < std::min(at_once, work.deliveries.size()); ++i) {
    hands.push_back(apply_in_turn(call, work, tally));
  }
  co_await engine::when_all(std::move(hands));
}

http::Response tally_response(const Tally& tally) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("matched", tally.matched).member("done", tally.done);
  json.key("errors").begin_array();
  for (const auto& error : tally.errors) {
    json.value(error);
  }
  json.end_array().end_object();
  return json_response(body + "\n");
}

// All deliveries of one message.
engine::Task<http::Response> apply_by_id(Call call, QueueAction action, std::string given,
                                         std::string reason) {
  const auto id = MessageId::parse(given);
  if (!id) {
    co_return error_response(400, fmt::format("'{}' is no message id: ids have 13 characters",
                                              quoted_for_log(given, 40)));
  }
  const auto stored = co_await call.ports.queue.load_message(*id);
  if (!stored || stored->empty()) {
    co_return store_error_response(stored ? store::StoreError::not_found : stored.error(), given);
  }
  std::vector<DeliveryId> deliveries;
  for (const auto& delivery : *stored) {
    deliveries.push_back({*id, delivery.number});
  }
  Tally tally;
  co_await apply_to(call, action, std::move(deliveries), std::move(reason), tally);
  co_return tally_response(tally);
}

// In batches, so that a million matches cost neither memory nor a long turn.
engine::Task<http::Response> apply_by_where(Call call, QueueAction action, Where where,
                                            std::string reason) {
  Tally tally;
  ScanOptions options{.where = std::move(where), .rows_max = batch};
  for (;;) {
    std::vector<DeliveryId> deliveries;
    const auto end = co_await scan_rows(call.ports, options, [&](const Row& row) {
      if (deliveries.empty() || deliveries.back() != row.delivery) {
        deliveries.push_back(row.delivery);
      }
    });
    if (!end) {
      co_return store_error_response(end.error(), "the queue");
    }
    co_await apply_to(call, action, std::move(deliveries), reason, tally);
    if (!end->more) {
      co_return tally_response(tally);
    }
    options.after = end->last;
  }
}

template <QueueAction action>
engine::Task<http::Response> act(Call call) {
  if (call.ports.live == nullptr) {
    co_return error_response(503, "no server runs on this data_dir: start it, then try again");
  }
  auto body = JsonBody::parse(call.request.body, {"id", "where", "reason"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto id = body->text("id");
  const auto where = body->text("where");
  if (id.has_value() == where.has_value()) {
    co_return error_response(400, "name messages by id or by where: one of the two");
  }
  auto reason = body->text("reason").value_or("by the operator");
  if (id) {
    co_return co_await apply_by_id(call, action, *id, std::move(reason));
  }
  if (trim_wsp(*where).empty()) {
    co_return error_response(400, "where is empty: to mean everything write 'age>=0s'");
  }
  auto parsed = Where::parse(*where);
  if (!parsed) {
    co_return error_response(400, "where: " + parsed.error());
  }
  co_return co_await apply_by_where(call, action, std::move(*parsed), std::move(reason));
}

}  // namespace

std::span<const Route> queue_action_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"POST", "/v1/queue/retry", act<QueueAction::retry>},
      {"POST", "/v1/queue/hold", act<QueueAction::hold>},
      {"POST", "/v1/queue/release", act<QueueAction::release>},
      {"POST", "/v1/queue/bounce", act<QueueAction::bounce>},
      {"POST", "/v1/queue/delete", act<QueueAction::remove>},
  });
  return routes;
}

}  // namespace postrider::control
