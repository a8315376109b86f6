#include "tls_session_error.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <wolfssl/error-ssl.h>

namespace postrider::net {
namespace {

struct Alert {
  int code;
  std::string_view name;
};

// RFC 8446 6, RFC 5246 7.2, RFC 7301 3.2.
constexpr std::array<Alert, 30> alerts{{
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
}};

std::string_view alert_name(int code) {
  const auto* const found =
      std::ranges::find_if(alerts, [code](const Alert& alert) { return alert.code == code; });
  return found == alerts.end() ? "unknown" : found->name;
}

// What an alert of a server most likely means to us, who know what we offer.
std::string_view hint(int alert) {
  switch (alert) {
    case 40:
      return ": it accepts none of our cipher suites, or wants a certificate of ours";
    case 70:
      return ": it speaks neither TLS 1.2 nor TLS 1.3";
    case 116:
      return ": it wants a certificate of ours";
    default:
      return "";
  }
}

// Where the library's own words would leave an operator at a loss.
std::string text_of(int code) {
  switch (code) {
    case HANDSHAKE_SIZE_ERROR:
    case MAX_CHAIN_ERROR:
      return "the certificate chain is too large";
    case RSA_KEY_SIZE_E:
      return "the RSA key is too short";
    default:
      return library_error_text(code);
  }
}

TlsErrorKind kind_of(int code) {
  switch (code) {
    case MEMORY_E:
    case MEMORY_ERROR:
    case RNG_FAILURE_E:
      return TlsErrorKind::out_of_resources;
    case UNKNOWN_RECORD_TYPE:
    case UNKNOWN_HANDSHAKE_TYPE:
      return TlsErrorKind::not_tls;
    case VERSION_ERROR:
    case MATCH_SUITE_ERROR:
    case UNSUPPORTED_SUITE:
    case UNKNOWN_ALPN_PROTOCOL_NAME_E:
    case ECC_CURVE_ERROR:
    case UNSUPPORTED_EXTENSION:
      return TlsErrorKind::nothing_in_common;
    default:
      return TlsErrorKind::protocol;
  }
}

}  // namespace

TlsError session_error(WOLFSSL* session, int code) {
  WOLFSSL_ALERT_HISTORY history{};
  const bool has_history = wolfSSL_get_alert_history(session, &history) == WOLFSSL_SUCCESS;
  if (has_history && history.last_rx.level == alert_fatal) {
    return {TlsErrorKind::peer_alert,
            fmt::format("the peer sent the alert {} ({}){}", alert_name(history.last_rx.code),
                        history.last_rx.code,
                        wolfSSL_is_server(session) == 0 ? hint(history.last_rx.code) : "")};
  }
  auto text = text_of(code);
  if (has_history && history.last_tx.level == alert_fatal) {
    text += fmt::format(" (alert sent: {})", alert_name(history.last_tx.code));
  }
  return {kind_of(code), std::move(text)};
}

}  // namespace postrider::net
