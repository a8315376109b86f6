#include "row.hpp"

#include <postrider/base/json.hpp>

namespace postrider::control {

std::vector<Row> rows_of(const store::StoredDelivery& stored, bool active, std::string_view site,
                         WallTime now) {
  std::vector<Row> rows;
  const auto& envelope = *stored.envelope;
  if (stored.number >= envelope.destinations.size()) {
    return rows;
  }
  const auto& destination = envelope.destinations[stored.number];
  const auto* progress = stored.progress ? &*stored.progress : nullptr;
  const bool deferred = progress != nullptr && progress->attempts > 0;
  for (std::size_t i = 0; i < destination.recipients.size(); ++i) {
    const auto* recipient =
        progress != nullptr && i < progress->recipients.size() ? &progress->recipients[i] : nullptr;
    if (recipient != nullptr && recipient->state != store::RecipientState::pending) {
      continue;
    }
    const bool replied = recipient != nullptr && recipient->last.time != WallTime{};
    Row row{
        .delivery = {envelope.id, stored.number},
        .tenant = envelope.tenant,
        .from = envelope.reverse_path,
        .to = destination.recipients[i].address,
        .domain = destination.domain,
        .account = envelope.account,
        .state = active                                  ? "active"
                 : progress != nullptr && progress->held ? "held"
                 : deferred                              ? "deferred"
                                                         : "ready",
        .site = std::string(site),
        .attempts = progress != nullptr ? progress->attempts : 0,
        .next_due = progress != nullptr ? progress->next_due : envelope.received_at,
        .age = now - envelope.received_at,
        .size = envelope.size_octets,
        .last = replied ? &recipient->last : nullptr,
    };
    rows.push_back(std::move(row));
  }
  return rows;
}

void encode_row(const Row& row, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("id", row.delivery.message.text());
  json.member("delivery", row.delivery.number);
  json.member("tenant", row.tenant);
  json.member("from", row.from);
  json.member("to", row.to);
  json.member("domain", row.domain);
  json.member("site", row.site);
  json.member("state", row.state);
  json.member("attempts", row.attempts);
  json.key("next_due");
  if (row.state == "held") {
    json.null();
  } else {
    json.value(encode_rfc3339(row.next_due));
  }
  json.member("age_s", std::chrono::duration_cast<std::chrono::seconds>(row.age).count());
  json.member("size", row.size);
  json.key("last");
  if (row.last == nullptr) {
    json.null();
  } else {
    json.begin_object();
    json.member("code", static_cast<unsigned>(row.last->code));
    json.member("enhanced", row.last->enhanced);
    json.member("text", row.last->text);
    json.member("remote", row.last->remote);
    json.member("time", encode_rfc3339(row.last->time));
    json.end_object();
  }
  json.end_object();
}

}  // namespace postrider::control
