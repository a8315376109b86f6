#pragma once

#include <cstdint>
#include <string>

namespace postrider::net {

enum class TlsErrorKind : std::uint8_t {
  // While making a context.
  unreadable_file,    // a file can't be read: fix the path or its permissions
  bad_certificate,    // no certificate in it, or a damaged one
  bad_key,            // no key in it, a damaged one, or not the certificate's
  bad_trust_anchors,  // no usable certificate in the bundle
  bad_setting,        // a list of protocols or cipher suites that the library refuses
  // In a session: the connection is lost; whether another attempt makes sense is the policy's
  // affair.
  not_tls,                // the peer speaks something else
  nothing_in_common,      // no version, cipher suite or ALPN protocol that both accept
  peer_alert,             // the peer gave up: the text holds its alert
  protocol,               // the peer broke the protocol
  certificate_untrusted,  // no path from the peer's certificate to a trust anchor
  certificate_expired,    // or not yet valid
  certificate_name,       // it is another host's
  // In both.
  out_of_resources,  // memory or randomness: try again later
};

struct TlsError {
  TlsErrorKind kind = TlsErrorKind::protocol;
  std::string text;  // for the log and the operator, without a full stop
};

}  // namespace postrider::net
