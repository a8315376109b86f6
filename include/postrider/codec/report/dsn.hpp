#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/report/delivery_status.hpp>
#include <postrider/codec/report/limits.hpp>

namespace postrider::report {

// RFC 3461 4.3, RET.
enum class Returned : std::uint8_t { full, headers, nothing };

struct DsnRequest {
  DeliveryStatus status;   // at least one recipient
  std::string to;          // the reverse-path, without angle brackets; never empty
  std::string hostname;    // of the From address
  std::string message_id;  // "left@right", new for this message
  std::string boundary;    // of RFC 2046 5.1.1's alphabet, random
  WallTime date;
  // The message that this is about, whole, or its header alone where that is all there is. Valid
  // until encode_dsn returns.
  std::string_view original;
  Returned returned = Returned::headers;
  std::size_t max_returned_octets = default_max_returned_octets;
  // The way back takes SMTPUTF8 (the message came by it): UTF-8 may stand in headers and reports.
  bool utf8_allowed = false;
  // The way back takes 8BITMIME; else a body that needs it is not returned (a message/rfc822 can't
  // be encoded, RFC 2046 5.2.1).
  bool eight_bit_allowed = true;
};

struct EncodedDsn {
  std::string message;
  bool needs_8bit = false;      // send with BODY=8BITMIME
  bool needs_smtputf8 = false;  // send with SMTPUTF8
};

enum class DsnError : std::uint8_t {
  boundary_taken,  // it stands in the original: call again with another
};

// A delivery status notification, complete (RFC 3464, RFC 6522, RFC 6533): words for a person, the
// report for a machine, and what was asked for of the original. To be sent with a null
// reverse-path, and never about a message that had one (RFC 3464 2).
[[nodiscard]] Result<EncodedDsn, DsnError> encode_dsn(const DsnRequest& request);

}  // namespace postrider::report
