#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/report/dsn_address.hpp>

namespace postrider::report {

// RFC 3464 2.3.3.
enum class Action : std::uint8_t { failed, delayed, delivered, relayed, expanded };
[[nodiscard]] std::string_view name_of(Action action);

// What became of one recipient (RFC 3464 2.3).
struct RecipientStatus {
  std::optional<DsnAddress> original;  // ORCPT, decoded
  DsnAddress final;
  Action action = Action::failed;
  std::string status;                     // "5.1.1" (RFC 3463)
  std::optional<std::string> remote_mta;  // the name of the host that answered
  // What it said, one line: "550 5.1.1 No such user". Of a fault on our side: our own words.
  std::optional<std::string> diagnostic;
  std::string diagnostic_type = "smtp";  // "smtp", or "x-postrider" for our own words
  std::optional<WallTime> last_attempt;  // whole seconds
  std::optional<std::string> final_log_id;
  std::optional<WallTime> will_retry_until;  // whole seconds; only for `delayed`
  friend bool operator==(const RecipientStatus&, const RecipientStatus&) = default;
};

// The machine-readable part (RFC 3464 2.1, 2.2).
struct DeliveryStatus {
  std::optional<std::string> envelope_id;        // ENVID, decoded
  std::string reporting_mta;                     // our host name
  std::optional<std::string> received_from_mta;  // whom we had it from
  std::optional<WallTime> arrival_date;          // whole seconds
  std::vector<RecipientStatus> recipients;
  friend bool operator==(const DeliveryStatus&, const DeliveryStatus&) = default;
};

// The body of a message/delivery-status, or with `global` of a message/global-delivery-status (RFC
// 6533 4): the latter holds UTF-8. Texts become one line; what can't stand in the form asked for
// becomes "?".
[[nodiscard]] std::string encode_delivery_status(const DeliveryStatus& status, bool global);

enum class DeliveryStatusError : std::uint8_t {
  malformed,      // not blocks of fields: treat the message as no report
  no_recipients,  // no block that says who and what became of it
};
// In: the body of either type, its transfer encoding removed. Fields that are unknown or unreadable
// are skipped; so is a block without recipient or action. At most max_parsed_recipients.
[[nodiscard]] Result<DeliveryStatus, DeliveryStatusError> parse_delivery_status(
    std::string_view body);

}  // namespace postrider::report
