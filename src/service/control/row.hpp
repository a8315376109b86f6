#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

// What operators see of the queue: one row a recipient that is not settled yet.
struct Row {
  DeliveryId delivery;
  std::string_view tenant;
  std::string_view from;
  std::string_view to;
  std::string_view domain;
  std::string_view account;
  std::string_view state;  // "ready", "active", "deferred", "held"
  std::string site;
  std::uint32_t attempts = 0;
  WallTime next_due{};  // ready and active: now
  Duration age{};
  std::uint64_t size = 0;
  const store::LastReply* last = nullptr;  // nullptr: no attempt has ended yet
};

// Views into `stored`, which must outlive the rows.
[[nodiscard]] std::vector<Row> rows_of(const store::StoredDelivery& stored, bool active,
                                       std::string_view site, WallTime now);

// {id, tenant, from, to, domain, site, state, attempts, next_due, age_s, size, last}.
void encode_row(const Row& row, std::string& out);

}  // namespace postrider::control
