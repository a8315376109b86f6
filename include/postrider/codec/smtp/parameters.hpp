#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::smtp {

enum class Body : std::uint8_t { absent, seven_bit, eight_bit_mime };  // RFC 6152
enum class Ret : std::uint8_t { absent, full, headers };               // RFC 3461 4.3

// RFC 3461 4.1; none set: the parameter was absent.
struct NotifyParameter {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;
  [[nodiscard]] bool is_given() const { return never || success || failure || delay; }
  friend bool operator==(const NotifyParameter&, const NotifyParameter&) = default;
};

struct MailParameters {
  std::optional<std::uint64_t> size;  // RFC 1870
  Body body = Body::absent;
  bool smtputf8 = false;  // RFC 6531
  Ret ret = Ret::absent;
  std::string envid;                // RFC 3461 4.4, decoded; empty: absent
  std::optional<std::string> auth;  // RFC 4954 5, decoded: "" for "<>"
  bool require_tls = false;         // RFC 8689
  friend bool operator==(const MailParameters&, const MailParameters&) = default;
};

struct RcptParameters {
  NotifyParameter notify;
  std::string orcpt;  // RFC 3461 4.2, decoded: "rfc822;user@example.org"; empty: absent
  friend bool operator==(const RcptParameters&, const RcptParameters&) = default;
};

enum class ParameterFailure : std::uint8_t {
  syntax,      // 501 5.5.4: not keyword[=value]
  unknown,     // 555 5.5.4 (RFC 5321 4.1.1.11)
  bad_value,   // 501 5.5.4
  repeated,    // 501 5.5.4
  not_offered  // 555 5.5.4: known, and not among what EHLO offers
};
struct ParameterError {
  ParameterFailure kind{};
  std::string keyword;  // upper case, printable, cut at parameter_keyword_octets_max
};

// Which extensions stand in the EHLO reply.
struct OfferedParameters {
  bool smtputf8 = true;
  bool dsn = true;
  bool auth = true;
  bool require_tls = false;
};

// What follows the path: "SP keyword[=value]" any number of times (RFC 5321 4.1.2). BODY=BINARYMIME
// is not_offered (RFC 3030: it needs CHUNKING and a converter).
[[nodiscard]] Result<MailParameters, ParameterError> parse_mail_parameters(
    std::string_view text, const OfferedParameters& offered = {});
[[nodiscard]] Result<RcptParameters, ParameterError> parse_rcpt_parameters(
    std::string_view text, const OfferedParameters& offered = {});

// As they stand in a command, each with a blank before it; what is absent is left out.
// `smtputf8`: ORCPT may hold UTF-8.
[[nodiscard]] std::string encode_mail_parameters(const MailParameters& parameters);
[[nodiscard]] std::string encode_rcpt_parameters(const RcptParameters& parameters, bool smtputf8);

}  // namespace postrider::smtp
