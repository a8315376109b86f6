#include "dnssec_notice.hpp"

#include <fmt/core.h>

namespace postrider::app {

DnssecNotice dnssec_notice(const net::DnssecStatus& status, bool is_required) {
  switch (status.path) {
    case net::DnssecPath::unknown:
      break;
    case net::DnssecPath::whole:
      return {false, status.why.empty()
                         ? "DNSSEC: answers are validated"
                         : fmt::format("DNSSEC: answers are validated, but not all servers are "
                                       "of use for that: {}",
                                       status.why)};
    case net::DnssecPath::stripped:
      return {true,
              fmt::format("DNSSEC: {}: {}: ask a server that passes DNSSEC records on (unbound on "
                          "this machine), or set dns.dnssec = \"off\"",
                          is_required ? "mail waits, since answers can't be validated"
                                      : "nothing is validated, and DANE is not used",
                          status.why)};
    case net::DnssecPath::untrusted:
      return {true, fmt::format("DNSSEC: all signed answers count as bogus, and their mail waits: "
                                "{}: look at the clock, and at dns.trust_anchors",
                                status.why)};
  }
  return {false, "DNSSEC: no server has answered yet"};
}

}  // namespace postrider::app
